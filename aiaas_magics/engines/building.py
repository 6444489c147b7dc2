"""The transformers of scikit-learn that chains of operations become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from aiaas_magics.engines import modalities
from aiaas_magics.engines.chains import ENCODED, Chain, Op, reading_of
from aiaas_magics.engines.encoders import Medians
from aiaas_magics.engines.modalities.category import onehot, ordinal
from aiaas_magics.engines.modalities.date import DateParts
from aiaas_magics.engines.modalities.text import weights
from aiaas_magics.engines.transformers import (
    Clipper,
    Gaps,
    NearestImputer,
    RareCategories,
    RelatedImputer,
    TypeFixer,
)

MOST_QUANTILES = 1000
"""QuantileTransformer's own default; fewer where a fold would have fewer rows than quantiles."""
JOINT = ("knn", "iterative")
"""Ways to fill gaps that look at all columns of a chain together."""
CROSSED = 5
"""Folds in which a training row's category is encoded by the targets of other rows only."""


def build(
    found: Chain, frame: pd.DataFrame, *, sparse: bool = False, task: str = "classification"
) -> Any:
    """Return the unfitted transformer of columns that share a chain, or ``"passthrough"``."""
    last = len(found.ops) - 1
    return joined(
        [
            part(op, found, frame, sparse=sparse and place == last, task=task)
            for place, op in enumerate(found.ops)
        ]
    )


def joined(parts: Sequence[Any]) -> Any:
    """Return transformers one after the other as one, or ``"passthrough"`` if there is none."""
    parts = [part for part in parts if not isinstance(part, str)]
    if not parts:
        return "passthrough"
    return parts[0] if len(parts) == 1 else make_pipeline(*parts)


def part(
    op: Op, found: Chain, frame: pd.DataFrame, *, sparse: bool = False, task: str = "classification"
) -> Any:
    """Return the unfitted transformer of one operation of a chain.

    Parameters
    ----------
    op, found
        The operation and the chain it is of.
    frame
        All rows of the raw columns: how many there are, and in which order their values.
    sparse
        Whether a sparse matrix may come out.
    task
        What the target is to be: TargetEncoder asks whether it has classes.
    """
    if op.op == "impute":
        return _imputer(op.method, op.get("fill"))
    if op.op == "scale":
        return _scaler(op.method, len(frame))
    if op.op == "encode":
        return _encoder(op.method, found, frame, sparse=sparse, task=task)
    if op.op == "clip":
        return Clipper(op.get("share"), op.get("factor") or 1.5)
    if op.op == "tfidf":
        return weights([str(name) for name in frame.columns], op.get("words"), sparse=sparse)
    if op.op == "rare":
        return RareCategories(op.get("share"))
    if op.op == "fix":
        return TypeFixer(**reading_of(op)._asdict())
    return DateParts()


def _encoder(method: str, found: Chain, frame: pd.DataFrame, *, sparse: bool, task: str) -> Any:
    if method == "onehot":
        return onehot(sparse=sparse)
    if method == "target":
        kind = "continuous" if task == "regression" else "auto"
        crossed = KFold(CROSSED, shuffle=True, random_state=0)
        return TargetEncoder(target_type=kind, cv=crossed)
    return ordinal(None if found.orders is None else [list(found.orders)] * frame.shape[1])


def _scaler(method: str, rows: int) -> Any:
    if method == "quantile":
        few = max(2, min(MOST_QUANTILES, rows // 8))
        return QuantileTransformer(n_quantiles=few, output_distribution="normal", random_state=0)
    scalers = {
        "standard": StandardScaler,
        "minmax": MinMaxScaler,
        "maxabs": MaxAbsScaler,
        "robust": RobustScaler,
        "power": PowerTransformer,
    }
    return scalers[method]()


def _imputer(method: str, fill: Any) -> Any:
    # A column without a value in one fold of a cross-validation must not go away in that fold.
    if method == "knn":
        return NearestImputer()
    if method == "iterative":
        return RelatedImputer()
    if method == "zero":
        return SimpleImputer(strategy="constant", fill_value=0, keep_empty_features=True)
    if method == "constant":
        return SimpleImputer(strategy="constant", fill_value=fill, keep_empty_features=True)
    return Medians(strategy=method, keep_empty_features=True)


def finish(
    found: Chain,
    frame: pd.DataFrame,
    *,
    takes_missing: bool,
    takes_sparse: bool,
    task: str = "classification",
) -> Any:
    """Return the transformer of columns that share a chain, all of it numbers at its end.

    Of the columns in `frame` types are fixed already: only their gaps are looked at.
    """
    if found.kind == "date" and found.fills:  # as the modality does it, but for how gaps are filled
        found = found.as_numbers(Op("dates")).then(Op("scale", "standard"))
    done = build(found, frame, sparse=takes_sparse, task=task)
    if found.kind == ENCODED:
        return done
    encode = modalities.find(found.kind).encode
    takes_missing = takes_missing or found.filled
    return joined([done, encode(frame, takes_missing=takes_missing, takes_sparse=takes_sparse)])


def flags(found: Chain) -> Any:
    """Return the transformer that says where values are missing once types are fixed."""
    fixes = [part(op, found, pd.DataFrame()) for op in found.ops if op.op == "fix"]
    return joined([*fixes, Gaps()])
