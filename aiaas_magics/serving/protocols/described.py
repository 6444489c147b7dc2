"""What an endpoint's models take and give, in the words of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from aiaas_magics.predictors.base import Predictor, Rows
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import matrix
from aiaas_magics.serving.protocols.base import Loaded, Request, State
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.schema import short

HEADER = b"x-aiaas-version"
MATRIX, LABELS, PROBA = "X_test", "y_pred", "y_proba"
TYPES = {
    "double": "FP64",
    "long": "INT64",
    "boolean": "BOOL",
    "string": "BYTES",
    "datetime": "BYTES",
}
PLATFORMS = {"onnx": "onnxruntime_onnx", "treelite": "treelite_checkpoint"}
"""Tier up to its first hyphen -> `<project>_<format>`, as the protocol's metadata has it; else scikit-learn's."""


def version_of(state: State, name: str, version: str | None) -> str | None:
    """Return which version a name, and a number with it, stand for: its key in the state; None: any will do.

    Raises
    ------
    Problem
        404 for what is not served.
    """
    asked = _asked_by(state, name)
    if version is not None:
        for key, each in asked.items():
            if version in (key, each.served.model) or (
                name != state.plan.endpoint and version == each.served.version
            ):
                return key
        hint = "served: " + ", ".join(versions_of(state, name))
        raise Problem(404, f"{short(name)} has no version {short(version)}", hint)
    if len(asked) == len(_asked_by(state, state.plan.endpoint)):
        return None
    main = state.plan.main.version
    return main if main in asked else next(iter(asked))


def asked_version(request: Request, state: State) -> str | None:
    """Return the version that a request asks for by the header ``X-AIAAS-Version``; None: any will do.

    Raises
    ------
    Problem
        404 for one that is not served, and for a shadow, which nobody asks.
    """
    header = request.headers.get(HEADER)
    if header is None:
        return None
    return version_of(state, state.plan.endpoint, header.decode("latin-1").strip())


def versions_of(state: State, name: str) -> list[str]:
    """Return the keys of what may be asked under a name; see `version_of`.

    Raises
    ------
    Problem
        404 for a name that nothing has.
    """
    return list(_asked_by(state, name))


def _asked_by(state: State, name: str) -> dict[str, Loaded]:
    """Return what may be asked under a name, the endpoint's or a model's. A shadow is not asked."""
    asked = {key: each for key, each in state.versions.items() if each.served.role != "shadow"}
    if name == state.plan.endpoint:
        return asked
    named = {k: each for k, each in asked.items() if each.served.model.rpartition("@")[0] == name}
    if not named:
        hint = f"this endpoint is {short(state.plan.endpoint)}"
        raise Problem(404, f"no model {short(name)}", hint)
    return named


def loaded(state: State, version: str | None) -> Loaded:
    """Return a version by its number; None: the main one."""
    return state.versions[state.plan.main.version if version is None else version]


def metadata(name: str, version: Loaded, versions: list[str]) -> dict[str, Any]:
    """Return what the protocol calls a model's metadata."""
    signature, served = version.predictor.signature, version.served
    told: dict[str, Any] = {"target": signature.output, "task": served.task, "tier": served.tier}
    if signature.classes:
        told["classes"] = list(signature.classes)
    return {
        "name": name,
        "versions": versions,
        "platform": PLATFORMS.get(served.tier.partition("-")[0], "sklearn_skops"),
        "inputs": inputs(signature),
        "outputs": [
            {"name": each, "datatype": datatype(each, version), "shape": _shape(each, signature)}
            for each in outputs(version)
        ],
        "parameters": told,
    }


def inputs(signature: Signature) -> list[dict[str, Any]]:
    """Return the tensors a model takes: one of all columns where all are numbers, else one a column."""
    if matrix.takes(signature):
        names = [name for name, _ in signature.inputs]
        shape = [-1, len(names)]
        told = {"columns": names}
        return [{"name": MATRIX, "datatype": "FP64", "shape": shape, "parameters": told}]
    return [
        {"name": name, "datatype": TYPES[kind], "shape": [-1, 1]} for name, kind in signature.inputs
    ]


def outputs(version: Loaded) -> tuple[str, ...]:
    """Return the names of what a model gives."""
    return (LABELS, PROBA) if gives_proba(version) else (LABELS,)


def _shape(name: str, signature: Signature) -> list[int]:
    return [-1] if name == LABELS else [-1, len(signature.classes)]


def datatype(name: str, version: Loaded) -> str:
    """Return the datatype of an output."""
    classes = version.predictor.signature.classes
    if name == PROBA or not classes:
        return "FP64"
    kinds = {type(label) for label in classes}
    return LABEL_TYPES.get(kinds.pop(), "BYTES") if len(kinds) == 1 else "BYTES"


LABEL_TYPES: dict[type, str] = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}

_GIVES: WeakKeyDictionary[Predictor, bool] = WeakKeyDictionary()


def gives_proba(version: Loaded) -> bool:
    """Tell whether a model has probabilities: it is asked once, with its own example, and that is remembered."""
    predictor = version.predictor
    if not predictor.signature.classes:
        return False
    if predictor not in _GIVES:
        _GIVES[predictor] = _asked(version)
    return _GIVES[predictor]


def _asked(version: Loaded) -> bool:
    given = version.served.example.get("X_test")
    names = version.schema.names
    if not isinstance(given, list) or not given:
        return True
    first = given[0]
    values = list(first.values()) if isinstance(first, dict) else first
    rows = Rows(version.predictor.signature, {n: [v] for n, v in zip(names, values, strict=True)})
    try:
        return version.predictor.predict(rows, proba=True).proba is not None
    except Exception:  # noqa: BLE001 - a model that fails on its example fails again where it is told
        return True
