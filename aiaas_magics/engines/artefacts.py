"""Models on disk: MLflow's layout, skops bytes, and our own short list of types that may be opened.

The real MLflow opens the folder (``mlflow.pyfunc.load_model``). We open it with `TRUSTED` only, never with the
list that the file brings: a file of somebody else's could name anything there.
"""

from __future__ import annotations

import functools
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.engines import sound, usermodules
from aiaas_magics.engines.trusted import TRUSTED
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.estimators import module_name
from aiaas_magics.specs.records import Lineage, Signature

MODEL, EXAMPLE = "model.skops", "input_example.json"
LIBRARIES = ("scikit-learn", "skops", "numpy", "pandas", "scipy")


def warm() -> None:
    """Load what writes models now, half a second of a core, while others work: not when time is short."""
    import skops.io  # noqa: F401


def save(
    pipeline: Any,
    folder: Path,
    *,
    signature: Signature,
    lineage: Lineage,
    example: dict[str, JSON],
) -> None:
    """Write a fitted pipeline and all that MLflow wants to know of it into an empty folder."""
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(pipeline, folder / MODEL)
    (folder / "aiaas.json").write_bytes(
        msgspec.json.encode({"signature": signature, "lineage": lineage})
    )
    (folder / EXAMPLE).write_text(json.dumps(_split(example)))
    source = source_of(lineage)
    if source:
        usermodules.write(folder / usermodules.FOLDER, source)
    packages = requirements(pipeline, source)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in packages))
    environment = {
        "python": platform.python_version(),
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }
    (folder / "python_env.yaml").write_text(_yaml(environment))
    (folder / "MLmodel").write_text(_yaml(_mlmodel(signature, lineage)))


def load(folder: Path) -> Any:
    """Return the pipeline in a folder whose seal was checked; what its ``code/`` defines may be in it.

    Raises
    ------
    SealError
        If it holds a type that is not on our list, or a tree that leads out of its bounds.
    """
    import skops.io

    path = folder / MODEL
    trusted = TRUSTED | usermodules.admit(folder / usermodules.FOLDER)
    if foreign := untrusted(folder):
        raise errors.SealError(
            "the model is not opened", f"it holds {foreign[0]}", "train it again"
        )
    pipeline = skops.io.load(path, trusted=sorted(trusted))
    sound.check(pipeline)
    return pipeline


def untrusted(folder: Path) -> list[str]:
    """Return the types in a model that are neither on our list nor defined in its own ``code/``."""
    import skops.io

    own = usermodules.admit(folder / usermodules.FOLDER)
    return sorted(set(skops.io.get_untrusted_types(file=folder / MODEL)) - TRUSTED - own)


def example(folder: Path) -> list[list[JSON]]:
    """Return the row the model was saved with, as an array of one row, of a folder whose seal was checked."""
    found: list[list[JSON]] = json.loads((folder / EXAMPLE).read_text())["data"]
    return found


@functools.cache
def libraries() -> dict[str, str]:
    """Return the versions of the libraries a model depends on."""
    return {name: version(name) for name in LIBRARIES}


def source_of(lineage: Lineage) -> str:
    """Return the text of the module with the user's own classes in a model; empty where there are none."""
    estimator = lineage.spec.get("estimator") or {}
    return str(estimator.get("source", ""))


def requirements(pipeline: Any, source: str = "") -> list[str]:
    """Return the pip requirements of a pipeline; ours only where a transformer of ours is in it."""
    lines = [f"{name}=={number}" for name, number in libraries().items()]
    lines += [
        line for line in (usermodules.packages(source) if source else ()) if line not in lines
    ]
    if any(map(_ours, pipeline.get_params(deep=True).values())):
        try:
            lines.append(f"aiaas_magics=={version('aiaas_magics')}")
        except PackageNotFoundError:
            lines.append("aiaas_magics")
    return lines + [f"{name}=={number}" for name, number in needed(pipeline).items()]


def needed(pipeline: Any) -> dict[str, str]:
    """Return the versions of what a pipeline of ours needs beyond `libraries`."""
    parts = filter(_ours, pipeline.get_params(deep=True).values())
    return {name: version(name) for part in parts for name in getattr(type(part), "needs", ())}


def _ours(part: Any) -> bool:
    return type(part).__module__.startswith("aiaas_magics.")


def _split(example: dict[str, JSON]) -> dict[str, JSON]:
    return {"columns": list(example), "data": [list(example.values())]}


def _mlmodel(signature: Signature, lineage: Lineage) -> dict[str, JSON]:
    inputs = [
        {"type": kind, "name": name, "required": name in signature.required}
        for name, kind in signature.inputs
    ]
    source = source_of(lineage)
    code = usermodules.FOLDER if source else None
    own = [f"{module_name(source)}.{name}" for name in usermodules.defined(source)]
    output = "double"
    if signature.classes:
        first = signature.classes[0]
        kinds = {bool: "boolean", int: "long", float: "double"}
        output = next((kind for type_, kind in kinds.items() if type(first) is type_), "string")
    return {
        "flavors": {
            "python_function": {
                "env": {"virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.sklearn",
                "model_path": MODEL,
                "predict_fn": "predict",
                **({"code": code} if code else {}),
                "python_version": platform.python_version(),
            },
            "sklearn": {
                "pickled_model": MODEL,
                "serialization_format": "skops",
                "sklearn_version": version("scikit-learn"),
                "skops_trusted_types": sorted(TRUSTED.union(own)),
                "code": code,
            },
        },
        "saved_input_example_info": {
            "artifact_path": EXAMPLE,
            "pandas_orient": "split",
            "type": "dataframe",
        },
        "signature": {
            "inputs": json.dumps(inputs),
            "outputs": json.dumps([{"type": output, "name": signature.output, "required": True}]),
            "params": None,
        },
        "metadata": {"aiaas": {"data": lineage.data, "seed": lineage.seed}},
    }


def _yaml(body: dict[str, JSON]) -> str:
    """Return JSON: every JSON document is a YAML document (YAML 1.2, section 1.3)."""
    return json.dumps(body, indent=1) + "\n"
