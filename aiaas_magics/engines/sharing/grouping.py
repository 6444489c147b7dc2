"""Which candidates can share: those that differ in nothing but parameters that a sharer shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import validate_parameter_constraints

from aiaas_magics.engines.sharing.base import Data, Equality, Group, Params, Sharer, unseeded
from aiaas_magics.engines.sharing.plan import Plan, Shared
from aiaas_magics.engines.sharing.sharers import sharer_of


class _Asked(NamedTuple):
    """A candidate whose last step somebody shares."""

    number: int
    whole: Any
    sharer: Sharer
    shared: dict[str, Any]
    before: str
    key: str


def last_step(whole: Any) -> tuple[str, Any]:
    """Return the prefix of the parameters of the estimator that predicts, and itself."""
    if isinstance(whole, Pipeline) and whole.steps:
        name, model = whole.steps[-1]
        return f"{name}__", model
    return "", whole


def plan(base: Any, candidates: Sequence[Params], data: Data, *, exact: bool) -> Plan:
    """Return who is evaluated together, and who apart."""
    groups: dict[str, list[_Asked]] = {}
    for asked in _asked(base, candidates):
        groups.setdefault(asked.key, []).append(asked)
    found = [_shared(members, data, exact=exact) for members in groups.values()]
    shared = sorted((each for each in found if each is not None), key=lambda each: each.before)
    together = {number for each in shared for number in each.members}
    apart = tuple(number for number in range(len(candidates)) if number not in together)
    return Plan(len(candidates), data.folds, tuple(shared), apart)


def _asked(base: Any, candidates: Sequence[Params]) -> Iterator[_Asked]:
    made: dict[str, Any] = {}  # unfitted, by everything that is not shared
    taken: dict[tuple[str, str, str], bool] = {}
    prefix, _ = last_step(base)
    for number, candidate in enumerate(candidates):
        replaced = prefix and prefix[:-2] in candidate
        model = candidate[prefix[:-2]] if replaced else last_step(base)[1]
        sharer = sharer_of(model)
        if sharer is None:
            continue
        names = {prefix + name for name in sharer.shares(model)}
        own = {name: value for name, value in candidate.items() if name not in names}
        before = _key(
            {
                n: v
                for n, v in own.items()
                if prefix and n != prefix[:-2] and not n.startswith(prefix)
            }
        )
        key = _key(own)
        if key not in made:
            made[key] = _made(base, own)
        whole = made[key]
        shared = {n.removeprefix(prefix): v for n, v in candidate.items() if n in names}
        if whole is None or not shareable(whole):
            continue
        if last_step(whole)[0] != prefix or not sharer.matches(last_step(whole)[1]):
            continue  # the candidate has other steps
        if all(_valid(whole, key, each, taken) for each in shared.items()):
            yield _Asked(number, whole, sharer, shared, before, key)


def _made(base: Any, own: Params) -> Any:
    """Return the unfitted estimator with parameters; None if it does not take them: a fit will say why."""
    try:
        return clone(base).set_params(**clone(dict(own), safe=False))
    except Exception:  # noqa: BLE001 - whatever it is, it is said when the candidate is fitted by itself
        return None


def _valid(
    whole: Any, key: str, param: tuple[str, Any], taken: dict[tuple[str, str, str], bool]
) -> bool:
    """Tell whether a fit would accept a parameter of the last step; each value is tried once."""
    cell = key, param[0], _frozen(param[1])
    if cell not in taken:
        try:
            model = last_step(whole)[1]
            known = getattr(model, "_parameter_constraints", {})  # LightGBM's own classes have none
            validate_parameter_constraints(known, dict([param]), type(model).__name__)
            taken[cell] = True
        except Exception:  # noqa: BLE001 - it is said when the candidate is fitted by itself
            taken[cell] = False
    return taken[cell]


def shareable(whole: Any) -> bool:
    """Tell whether what stands before the last step may be fitted once for several candidates."""
    if not isinstance(whole, Pipeline):
        return True
    plain = not whole.verbose and getattr(whole, "transform_input", None) is None
    return plain and type(whole) is Pipeline and whole.steps[-1][1] != "passthrough"


def random_before(whole: Any) -> bool:
    """Tell whether what stands before the last step draws without a seed: every fit is another then."""
    if not isinstance(whole, Pipeline):
        return False
    return any(unseeded(part) for _, part in whole.steps[:-1])


def _shared(members: Sequence[_Asked], data: Data, *, exact: bool) -> Shared | None:
    first = members[0]
    if len(members) < 2:  # nobody to share with
        return None
    drawn = random_before(first.whole)
    if drawn and exact:
        return None
    group = Group(last_step(first.whole)[1], tuple(each.shared for each in members))
    cost = first.sharer.plan(group, data, exact=exact)
    if cost is None:
        return None
    if drawn:
        cost = cost._replace(labels=(Equality.DISTRIBUTION,) * len(members))
    numbers = tuple(each.number for each in members)
    return Shared(group, first.sharer, cost, numbers, first.whole, first.before)


def _key(params: Mapping[str, Any]) -> str:
    return repr(sorted((name, _frozen(value)) for name, value in params.items()))


def _frozen(value: Any) -> str:
    """Return a text that is the same for the same value only."""
    if value is None or isinstance(value, bool | int | float | str | np.number | np.bool_):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}:{[_frozen(each) for each in value]}"
    if isinstance(value, dict):
        return f"dict:{[(_frozen(k), _frozen(v)) for k, v in value.items()]}"
    return f"{type(value).__name__}@{id(value)}"  # candidates that name one object have the same
