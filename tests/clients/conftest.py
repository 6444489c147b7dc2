"""Live endpoints for clients and for whoever asks what nobody should: real processes, a real socket."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from aiaas_magics import frames
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.engines.models import artefacts
from aiaas_magics.execution import endpoints
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.backend import states


@pytest.fixture(scope="session")
def environment():
    """Return the interpreter of a client's environment; see environments.sh."""
    return lambda name: str(Path(os.environ["AIAAS_CLIENTS"]) / name / "bin" / "python")


def done(backend, spec):
    job = backend.submit(spec)
    states(backend, job)
    return backend.result(job)


def numbers():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X.assign(y=load_iris().target_names[y])


def mixed():
    rng = np.random.default_rng(0)
    size, opened = rng.normal(size=90), rng.random(90) < 0.5
    return pd.DataFrame(
        {
            "size": np.where(rng.random(90) < 0.2, np.nan, size),
            "größe": rng.choice(["groß", "klein"], 90),
            "when": pd.date_range("2026-01-01", periods=90),
            "open": opened,
            "y": np.where(opened, "ja", "nein"),
        }
    )


def deployed(backend, name, frame):
    """Train and deploy; return where the endpoint is, some rows, and what the model says of them in this process."""
    data = frames.write(frame, backend.put)
    done(backend, TrainSpec(data=data, target="y", algo="random_forest", as_=name, seed=0))
    done(backend, DeploySpec(model=name, as_=f"{name}-api"))
    at = backend.query("endpoints", {"name": f"{name}-api"})[0]
    model = artefacts.load(backend.home.registry.folder(f"{name}@1"))
    X = frame.drop(columns="y").iloc[::9]
    return {
        "url": at.url, "token": at.token, "name": at.name, "model": name, "names": list(X.columns),
        "rows": [list(row.values()) for row in frames.records(X)],
        "labels": model.predict(X).tolist(), "proba": model.predict_proba(X).tolist(),
    }  # fmt: skip


@pytest.fixture(scope="package")
def live(tmp_path_factory):
    """Two endpoints: one of numbers; one of numbers, texts, dates and truth values, with gaps."""
    backend = LocalBackend(tmp_path_factory.mktemp("clients") / "home", spare=False)
    tables = {"numbers": numbers(), "mixed": mixed()}
    try:
        yield {name: deployed(backend, name, frame) for name, frame in tables.items()}
    finally:
        for info in backend.query("endpoints"):
            endpoints.stop(backend.home, info.name, "test")
        backend.close()
