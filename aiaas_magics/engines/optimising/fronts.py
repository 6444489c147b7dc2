"""The preparation of a pipeline as steps of numpy.

Encoders are not taken apart: a column of few values is encoded by the fitted transformer itself, value by value, and
what came out is kept as a table. Steps on numbers are the same operations in the same order, so that the model behind
them sees the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import check_array

from aiaas_magics.engines.modalities.date import DateParts
from aiaas_magics.engines.optimising import lookups, prose
from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.engines.transformers import Clipper, ColumnChooser, Gaps, TypeFixer
from aiaas_magics.predictors import fronts
from aiaas_magics.predictors.arithmetic import (
    Arithmetic,
    Fill,
    Power,
    Product,
    Products,
    Quantiles,
    Take,
)
from aiaas_magics.predictors.arithmetic import (
    Gaps as GapsStep,
)
from aiaas_magics.predictors.base import NUMBERS
from aiaas_magics.predictors.fronts import Step
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.reading import Reading
from aiaas_magics.specs.records import Signature

Chain = tuple[Step, ...]


class Made(NamedTuple):
    """Steps, and how many numbers a row is after them."""

    steps: Chain
    width: int


def of(parts: Sequence[Any], signature: Signature) -> Made:
    """Return the steps of transformers, one after the other, on the inputs of a model.

    Raises
    ------
    Unconvertible
        If one has no such form.
    """
    return _on_inputs(_flat(parts), tuple(range(len(signature.inputs))), signature)


def on_numbers(parts: Sequence[Any], width: int) -> Made:
    """Return the steps of transformers on a matrix."""
    return _through(_flat(parts), width)


def _flat(parts: Sequence[Any]) -> list[Any]:
    """Return what a chain consists of, pipelines opened and what does nothing left out."""
    found: list[Any] = []
    for part in parts:
        if isinstance(part, Pipeline):
            found += _flat([step for _, step in part.steps])
        elif part not in (None, "passthrough") and not _idle(part):
            found.append(part)
    return found


def _idle(part: Any) -> bool:
    """Tell whether a step leaves its columns as they are: one without a function, or histograms' own check of numbers."""
    if not isinstance(part, FunctionTransformer):
        return False
    return part.func is None or getattr(part.func, "func", None) is check_array


# on the columns of a table -----------------------------------------------------------------------
def _on_inputs(parts: list[Any], places: tuple[int, ...], signature: Signature) -> Made:
    if parts and isinstance(parts[0], ColumnTransformer) and not prose.weighs(parts):
        made = _side_by_side(parts[0], places, signature)
        return _then(made, parts[1:])
    kinds = {signature.inputs[place][1] for place in places}
    last = max(
        (i for i, part in enumerate(parts) if isinstance(part, lookups.ENCODERS)), default=-1
    )
    if prose.weighs(parts):
        step, width = prose.of(parts, places)
        return Made((step,), width)
    if kinds == {"datetime"} and parts and isinstance(parts[0], DateParts):
        zones = [signature.zones.get(signature.inputs[place][0]) for place in places]
        return _then(Made((fronts.Dates(places, tuple(zones)),), 5 * len(places)), parts[1:])
    if kinds == {"string"} and parts and isinstance(parts[0], TypeFixer):
        return _read(parts[0], parts[1:], places)
    if last >= 0:
        look, width = lookups.of(parts[: last + 1], places, signature)
        return _then(Made((look,), width), parts[last + 1 :])
    if not kinds <= NUMBERS:
        what = named(parts[0]) if parts else "a column that no step makes numbers"
        raise Unconvertible(f"{what} on columns of {', '.join(sorted(kinds - NUMBERS))}")
    whole = places == tuple(range(len(signature.inputs)))
    return _then(Made((fronts.Numbers(places, whole),), len(places)), parts)


def _read(part: TypeFixer, rest: list[Any], places: tuple[int, ...]) -> Made:
    """Return the steps of texts that stand for something else, and of what comes after they are read."""
    step = fronts.Fixed(places, Reading(part.kind, part.how))
    if part.kind != "date":
        return _then(Made((step,), len(places)), rest)
    if not rest or not isinstance(rest[0], DateParts):
        raise Unconvertible("dates that are no numbers")
    return _then(Made((step,), 5 * len(places)), rest[1:])


def _side_by_side(found: ColumnTransformer, places: tuple[int, ...], signature: Signature) -> Made:
    made = []
    for name, part, asked in found.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        columns = tuple(places[i] for i in _columns(found, asked, len(places)))
        if columns:
            made.append(_named(name, _on_inputs, _flat([part]), columns, signature))
    if not made:
        raise Unconvertible("a ColumnTransformer that keeps no column")
    return _forked(made)


def _named(name: str, make: Callable[..., Made], *given: Any) -> Made:
    try:
        return make(*given)
    except Unconvertible as reason:
        raise Unconvertible(f"step {name!r}: {reason}") from reason


def _forked(made: Sequence[Made]) -> Made:
    if len(made) == 1:
        return made[0]
    return Made((fronts.Fork(tuple(each.steps for each in made)),), sum(e.width for e in made))


def _columns(found: ColumnTransformer, asked: Any, width: int) -> list[int]:
    """Return the places of the columns that a part of a ColumnTransformer takes."""
    if found.transformer_weights:
        raise Unconvertible("ColumnTransformer with weights")
    if callable(asked):
        raise Unconvertible("columns that are chosen by a function")
    if isinstance(asked, slice):
        return list(range(width))[asked]
    wanted = [asked] if isinstance(asked, str | int) else list(asked)
    if wanted and isinstance(wanted[0], bool | np.bool_):
        return [i for i, take in enumerate(wanted) if take]
    names = list(getattr(found, "feature_names_in_", ()))
    return [names.index(each) if isinstance(each, str) else int(each) for each in wanted]


# on numbers --------------------------------------------------------------------------------------
def _then(made: Made, parts: list[Any]) -> Made:
    after = _through(parts, made.width)
    return Made((*made.steps, *after.steps), after.width)


def _through(parts: list[Any], width: int) -> Made:
    steps: list[Step] = []
    for part in parts:
        found = _step(part, width)
        steps += found.steps
        width = found.width
    return Made(tuple(steps), width)


def _step(part: Any, width: int) -> Made:
    for kind, convert in NUMERIC.items():
        if isinstance(part, kind):
            return convert(part, width)
    raise Unconvertible(f"{named(part)} has no form in numpy")


def _each(operation: str, values: Any) -> Arithmetic:
    return Arithmetic(operation, Array.of(values))


def _standard(part: StandardScaler, width: int) -> Made:
    steps = [_each("subtract", part.mean_)] if part.with_mean else []
    return Made((*steps, *([_each("divide", part.scale_)] if part.with_std else ())), width)


def _minmax(part: MinMaxScaler, width: int) -> Made:
    steps = [_each("multiply", part.scale_), _each("add", part.min_)]
    if part.clip:
        low, high = part.feature_range
        steps += [_each("maximum", [low] * width), _each("minimum", [high] * width)]
    return Made(tuple(steps), width)


def _robust(part: RobustScaler, width: int) -> Made:
    steps = [_each("subtract", part.center_)] if part.with_centering else []
    return Made((*steps, *([_each("divide", part.scale_)] if part.with_scaling else ())), width)


def _imputer(part: SimpleImputer, width: int) -> Made:
    if not (isinstance(part.missing_values, float) and np.isnan(part.missing_values)):
        raise Unconvertible("SimpleImputer of values other than gaps")
    try:
        values = np.asarray(part.statistics_, dtype="float64")
    except ValueError as error:
        raise Unconvertible("SimpleImputer of texts") from error
    stays = tuple(np.flatnonzero(~np.isnan(values)).tolist())
    filled: list[Step] = [Fill(Array.of(values[list(stays)]))]
    filled = filled if len(stays) == width else [Take(stays), *filled]
    made = Made(tuple(filled), len(stays))
    if not part.add_indicator:
        return made
    flagged = tuple(int(i) for i in part.indicator_.features_)
    chain: Chain = (Take(tuple(range(width))),)
    flags = Made((Take(flagged), GapsStep()), len(flagged))
    return _forked([Made((*chain, *made.steps), made.width), flags])


def _power(part: PowerTransformer, width: int) -> Made:
    if part.method != "yeo-johnson":
        raise Unconvertible(f"PowerTransformer by {part.method}")
    steps: Chain = (Power(Array.of(part.lambdas_)),)
    return _then(Made(steps, width), [part._scaler] if part.standardize else [])


def _quantile(part: QuantileTransformer, width: int) -> Made:
    normal = part.output_distribution == "normal"
    references = Array.of(part.references_)
    return Made((Quantiles(Array.of(part.quantiles_), references, normal),), width)


def _polynomial(part: PolynomialFeatures, width: int) -> Made:
    del width
    factors = [
        tuple(i for i, power in enumerate(powers) for _ in range(power)) for powers in part.powers_
    ]
    return Made((Products(tuple(factors)),), len(factors))


def _pca(part: PCA, width: int) -> Made:
    del width
    steps: list[Step] = [Product(Array.of(part.components_.T))]
    centred = (part.mean_.reshape(1, -1) @ part.components_.T).ravel()
    steps.append(_each("subtract", centred))
    if part.whiten:
        scale = np.sqrt(part.explained_variance_)
        steps.append(_each("divide", np.maximum(scale, np.finfo(scale.dtype).eps)))
    return Made(tuple(steps), len(part.components_))


def _chosen(part: Any, width: int) -> Made:
    kept = part.kept_ if isinstance(part, ColumnChooser) else part.get_support(indices=True)
    places = tuple(int(i) for i in kept)
    return Made(() if places == tuple(range(width)) else (Take(places),), len(places))


def _union(part: FeatureUnion, width: int) -> Made:
    if part.transformer_weights:
        raise Unconvertible("FeatureUnion with weights")
    made = []
    for name, each in part.transformer_list:
        if each != "drop":
            found = _named(name, _through, _flat([each]), width)
            made.append(found if found.steps else Made((Take(tuple(range(width))),), width))
    return _forked(made)


def _split(part: ColumnTransformer, width: int) -> Made:
    made = []
    for name, each, asked in part.transformers_:
        columns = tuple(_columns(part, asked, width))
        if columns and not (isinstance(each, str) and each == "drop"):
            found = _named(name, _through, _flat([each]), len(columns))
            made.append(Made((Take(columns), *found.steps), found.width))
    return _forked(made)


def _ordinal(part: OrdinalEncoder, width: int) -> Made:
    """Return the codes of numbers; what is unknown and what is missing are gaps."""
    if part.handle_unknown != "use_encoded_value" or not (np.isnan(part.unknown_value) and np.isnan(part.encoded_missing_value)):  # fmt: skip
        raise Unconvertible("OrdinalEncoder behind other steps")
    known = []
    for place, categories in enumerate(part.categories_):
        values = np.asarray(categories, dtype="float64")
        values = values[~np.isnan(values)]
        codes = np.append(np.arange(len(values), dtype="float64"), np.nan)[:, None]
        known.append(
            fronts.Known(
                column=place, values=tuple(values.tolist()), places=(place,), table=Array.of(codes),
                missing=len(values), unknown=len(values),
            )
        )  # fmt: skip
    return Made((fronts.Lookup(Array.of(np.zeros(width)), tuple(known)),), width)


def _clipped(part: Clipper, width: int) -> Made:
    return Made((_each("maximum", part.low_), _each("minimum", part.high_)), width)


NUMERIC: dict[type, Callable[[Any, int], Made]] = {
    StandardScaler: _standard,
    MinMaxScaler: _minmax,
    MaxAbsScaler: lambda part, width: Made((_each("divide", part.scale_),), width),
    RobustScaler: _robust,
    SimpleImputer: _imputer,
    PowerTransformer: _power,
    QuantileTransformer: _quantile,
    PolynomialFeatures: _polynomial,
    PCA: _pca,
    TruncatedSVD: lambda part, _: Made(
        (Product(Array.of(part.components_.T)),), len(part.components_)
    ),
    ColumnChooser: _chosen,
    SelectorMixin: _chosen,
    FeatureUnion: _union,
    ColumnTransformer: _split,
    Clipper: _clipped,
    OrdinalEncoder: _ordinal,
    Gaps: lambda _, width: Made((GapsStep(),), width),
}
"""Transformer -> (fitted, columns before it) -> its steps."""
