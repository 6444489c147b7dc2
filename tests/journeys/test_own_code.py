"""Python of the user's own through the whole life of a model, in a real kernel."""

import contextlib
import os
import signal

import nbformat
import pytest
from nbclient import NotebookClient

from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.specs.jobs import Cause

pytestmark = pytest.mark.timeout(240)
TABLE = """
import sys
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
people = pd.DataFrame({"id": range(120), "h": rng.normal(170, 10, 120), "w": rng.normal(70, 10, 120)})
people["cost"] = 3 * people["w"] / (people["h"] / 100) ** 2 + 1
people["size"] = np.where(people["cost"] > 73, "large", "small")
"""
PREPARED = {
    "prepare": "%%aiaas_prepare people --target cost --drop size --as ready\n"
    "print('seen:', len(df))\ndf = df[df['h'] > 160].drop(columns='id')\n"
    "df['bmi'] = df['w'] / (df['h'] / 100) ** 2",
    "train": "%aiaas_train ready --target cost --algo ridge --features bmi --as price alpha=1e-9",
    "evaluate": "e = %aiaas_evaluate price --repeats 100 --shuffles 1\ne.scores['r2'] > 0.999",
    "deploy": "%aiaas_deploy price --as price-api",
    "predict": "p = %aiaas_predict price-api ready --rows 20\n"
    "wanted = people[people['h'] > 160]['cost'].head(20)\nbool(np.allclose(p.frame['prediction'], wanted))",
    "one": "q = %aiaas_predict price-api {people[people['h'] > 160].tail(1)}\n"
    "bool(np.isclose(q.frame['prediction'].iloc[0], people[people['h'] > 160]['cost'].iloc[-1]))",
    "dropped": "%aiaas_predict price-api {people[people['h'] < 160]}",
    "needs": "%%aiaas_prepare people --target cost --as bad\ndf['x'] = df['cost'] * 2",
    "raises": "%%aiaas_prepare people --as bad\n\ndf['x'] = df['hh']",
    "loops": "%%aiaas_prepare people --as bad --timeout 1s\nwhile True:\n    df = df",
    "twin": "import aiaas_magics as aiaas\ndef half(table):\n    return table.assign(half=table['w'] / 2)\n"
    "aiaas.prepare(people, code=half, as_='halves').columns[-1]",
    "loaded": "sorted({name.partition('.')[0] for name in sys.modules} & {'sklearn', 'skops'})",
}
OWN = {
    "base": "from sklearn.base import BaseEstimator, ClassifierMixin\nfrom sklearn.pipeline import make_pipeline\n"
    "LIMIT = 73.0\ndef cost(table):\n    return 3 * table['w'] / (table['h'] / 100) ** 2 + 1\n"
    "class Ruled(ClassifierMixin, BaseEstimator):\n"
    "    def __init__(self, limit=LIMIT):\n        self.limit = limit\n"
    "    def fit(self, X, y):\n        self.classes_ = np.unique(y)\n        return self\n"
    "    def predict(self, X):\n        return np.where(cost(X) > self.limit, 'large', 'small')",
    "class": "class Sized(Ruled):\n    '''Nothing but a name.'''\npipe = make_pipeline(Sized())",
    "train own": "%aiaas_train people --target size --estimator pipe --as sized",
    "tune own": "t = %aiaas_tune people --target size --estimator pipe --as best --cv 2 sized__limit=[10.0, 73.0]\nt.params",
    "evaluate own": "%aiaas_evaluate sized --repeats 100 --shuffles 1",
    "deploy own": "%aiaas_deploy sized --as sized-api",
    "predict own": "r = %aiaas_predict sized-api people\nbool((r.frame['prediction'] == pipe.fit(people, people['size']).predict(people)).all())",
    "show": "%aiaas_models show sized",
    "here": "(Sized.__module__, [name for name in sys.modules if name.startswith('aiaas_user')])",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder whose home's endpoints end with the module."""
    made = tmp_path_factory.mktemp("own")
    yield made
    backend = LocalBackend(made / "home", spare=False)
    for info in backend.query("endpoints"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(info.pid, signal.SIGTERM)
    backend.close()


@pytest.fixture(scope="module")
def answers(folder):
    """Give the outputs of every cell, as text."""
    start = "%load_ext aiaas_magics\n%config AIaaS.progress = False\n%aiaas_connect home"
    cells = {"start": start, "table": TABLE} | PREPARED | OWN
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells.values()])
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(book, timeout=200, allow_errors=True, resources=resources).execute()
    return {name: _texts(cell["outputs"]) for name, cell in zip(cells, book["cells"], strict=True)}


def _texts(outputs):
    shown = [o for o in outputs if o["output_type"] != "stream"]
    return "\n".join(o["data"]["text/plain"] if "data" in o else "\n".join(o["traceback"]) for o in shown)  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("evaluate", "True"),
        ("predict", "True"),
        ("one", "True"),
        ("twin", "'half'"),
        ("loaded", "[]"),
        ("tune own", "{'sized__limit': 73.0}"),
        ("predict own", "True"),
        ("here", "('__main__', [])"),
    ],
)
def test_the_model_answers_as_the_notebook_s_own_code(answers, cell, answer):
    assert answers[cell] == answer


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("prepare", ["code: made bmi; dropped id; ", "of 120 rows dropped"]),
        ("train own", ["sized@1: Pipeline(Sized), accuracy 1.000 on 24 held-out rows"]),
        ("evaluate own", ["sized@1 on 24 rows: held-out rows"]),
        ("show", ["code/aiaas_user_", "run in workers only"]),
        ("dropped", ["EndpointError: ", "the model's own code drops 18 of 18 rows"]),
        ("needs", ["UserCodeError: the code needs 'cost', which a row to be predicted does not have"]),
        ("raises", ["UserCodeError: your code raised KeyError: 'hh'", "line 2: df['x'] = df['hh']", "did you mean 'h'?"]),
        ("loops", ["TimedOut"]),
    ],
)  # fmt: skip
def test_cards_and_errors_say_what_the_code_did(answers, cell, words):
    assert [word for word in words if word not in answers[cell]] == [], answers[cell]


def test_what_code_printed_and_raised_is_in_its_job_s_log(answers, folder):
    backend = LocalBackend(folder / "home", spare=False)
    ready = backend.query("jobs", {"about": "ready", "log": True})[0]
    bad = backend.query("jobs", {"about": "bad", "log": True})
    backend.close()
    assert ready.log.count("seen: 120\n") == 1
    raised = next(job for job in bad if "'hh'" in str(job.error))
    assert raised.cause is Cause.USER_CODE
    assert "line 2, in <module>\n    df['x'] = df['hh']" in raised.log


def test_a_tampered_class_is_not_run(answers, folder):
    (path,) = (folder / "home/models/sized/1/code").glob("*.py")
    path.write_text(path.read_text().replace("> self.limit", "< self.limit"))
    cell = nbformat.v4.new_code_cell(
        "%load_ext aiaas_magics\n%aiaas_connect home\n%aiaas_evaluate sized"
    )
    book = nbformat.v4.new_notebook(cells=[cell])
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(book, timeout=200, allow_errors=True, resources=resources).execute()
    assert f"hint: changed since it was sealed: code/{path.name}" in _texts(cell["outputs"])
