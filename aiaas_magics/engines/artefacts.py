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
import numpy as np

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Lineage, Signature

MODEL, EXAMPLE = "model.skops", "input_example.json"
LIBRARIES = ("scikit-learn", "skops", "numpy", "pandas", "scipy")

TRUSTED = frozenset(
    {
        # trees: arrays of nodes, checked by `check_trees` before anything walks them
        "sklearn.tree._tree.Tree",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.link.Interval",
        # losses that boosting and gradient descent keep: numbers and pure functions
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
        "sklearn._loss._loss.CyHalfSquaredError",
        # boosting's binning and trees
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        # parts of a pipeline whose state is plain
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.utils._bunch.Bunch",
        "sklearn.feature_extraction.text.TfidfTransformer",
        # our own: two lists of names, no code in its state
        "aiaas_magics.engines.modalities.date.DateParts",
        "numpy.dtype",
        "collections.OrderedDict",
    }
)
"""Types beyond those skops itself trusts, each read and found to build nothing but its state."""


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
    packages = requirements(pipeline)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in packages))
    environment = {
        "python": platform.python_version(),
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }
    (folder / "python_env.yaml").write_text(_yaml(environment))
    (folder / "MLmodel").write_text(_yaml(_mlmodel(signature, lineage)))


def load(folder: Path) -> Any:
    """Return the pipeline in a folder whose seal was checked.

    Raises
    ------
    SealError
        If it holds a type that is not on our list, or a tree that leads out of its bounds.
    """
    import skops.io

    path = folder / MODEL
    foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - TRUSTED)
    if foreign:
        raise errors.SealError(
            "the model is not opened", f"it holds {foreign[0]}", "train it again"
        )
    pipeline = skops.io.load(path, trusted=sorted(TRUSTED))
    check_trees(pipeline)
    return pipeline


def example(folder: Path) -> list[list[JSON]]:
    """Return the row the model was saved with, as an array of one row, of a folder whose seal was checked."""
    found: list[list[JSON]] = json.loads((folder / EXAMPLE).read_text())["data"]
    return found


def check_trees(pipeline: Any) -> None:
    """Check that every tree's nodes lead to later nodes of its own and ask for columns there are.

    A crafted tree would make the predictor read outside its arrays and end the process, or go round
    in circles for ever. Raises `SealError`.
    """
    model = getattr(pipeline, "steps", [("", pipeline)])[-1][1]
    width = getattr(model, "n_features_in_", 0)
    forest = [e.tree_ for e in getattr(model, "estimators_", ()) if hasattr(e, "tree_")]
    boosted = [each for stage in getattr(model, "_predictors", ()) for each in stage]
    if not (
        all(_sound(t.children_left, t.children_right, t.feature, t.children_left != -1, width) for t in forest)
        and all(_sound_nodes(each, width) for each in boosted)
    ):  # fmt: skip
        raise errors.SealError(
            "the model is not opened", "one of its trees leads nowhere", "train it again"
        )


def _sound(left: Any, right: Any, feature: Any, inner: Any, width: int) -> bool:
    """Tell whether inner nodes lead to later ones: scikit-learn lays children after their parent."""
    places = np.flatnonzero(inner)
    ends = [(side[inner] > places) & (side[inner] < len(inner)) for side in (left, right)]
    return bool(all(map(np.all, [*ends, feature[inner] >= 0, feature[inner] < width])))


def _sound_nodes(predictor: Any, width: int) -> bool:
    nodes = predictor.nodes
    inner = ~nodes["is_leaf"].astype(bool)
    sets = nodes["bitset_idx"][inner & nodes["is_categorical"].astype(bool)]
    known = bool((sets < len(predictor.raw_left_cat_bitsets)).all())
    return known and _sound(nodes["left"], nodes["right"], nodes["feature_idx"], inner, width)


@functools.cache
def libraries() -> dict[str, str]:
    """Return the versions of the libraries a model depends on."""
    return {name: version(name) for name in LIBRARIES}


def requirements(pipeline: Any) -> list[str]:
    """Return the pip requirements of a pipeline; ours only where a transformer of ours is in it."""
    lines = [f"{name}=={number}" for name, number in libraries().items()]
    parts = pipeline.get_params(deep=True).values()
    if any(type(part).__module__.startswith("aiaas_magics.") for part in parts):
        try:
            lines.append(f"aiaas_magics=={version('aiaas_magics')}")
        except PackageNotFoundError:
            lines.append("aiaas_magics")
    return lines


def _split(example: dict[str, JSON]) -> dict[str, JSON]:
    return {"columns": list(example), "data": [list(example.values())]}


def _mlmodel(signature: Signature, lineage: Lineage) -> dict[str, JSON]:
    inputs = [
        {"type": kind, "name": name, "required": name in signature.required}
        for name, kind in signature.inputs
    ]
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
                "python_version": platform.python_version(),
            },
            "sklearn": {
                "pickled_model": MODEL,
                "serialization_format": "skops",
                "sklearn_version": version("scikit-learn"),
                "skops_trusted_types": sorted(TRUSTED),
                "code": None,
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
