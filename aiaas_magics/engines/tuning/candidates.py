"""Candidates of a space: all combinations of its lists, or some that are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.spaces import Distribution, Space

Asked = dict[str, JSON]
"""The parameters of a candidate, as the user gives them."""
MISSES = 100
"""Draws in a row that were all made before: what is left of a small grid is hardly ever drawn."""


def combinations(lists: Mapping[str, Sequence[JSON]]) -> list[Asked]:
    """Return every combination, the last parameter changing fastest, as scikit-learn's ``ParameterGrid``."""
    names = sorted(lists)
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(lists[name] for name in names))
    ]


def listed(space: Space) -> dict[str, list[JSON]]:
    """Return the parameters that are lists."""
    return {n: v for n, v in space.items() if not isinstance(v, Distribution)}


def unique(space: Space) -> Space:
    """Return a space with each value of a list once; 1, 1.0 and True are three values."""
    return {
        name: values if isinstance(values, Distribution) else list({repr(v): v for v in values}.values())
        for name, values in space.items()
    }  # fmt: skip


def first(space: Space) -> Asked:
    """Return one candidate: the first values, the middle of distributions."""
    return {n: v.at(0.5) if isinstance(v, Distribution) else v[0] for n, v in space.items()}


def key(asked: Mapping[str, JSON]) -> str:
    """Return what makes two candidates the same: 1 and True are two values."""
    return repr(sorted(asked.items(), key=lambda pair: pair[0]))


def drawn(space: Space, rng: np.random.Generator) -> Asked:
    """Return a candidate, every value as likely as its distribution says."""
    return {name: _value(values, rng) for name, values in space.items()}


def draws(space: Space, rng: np.random.Generator) -> Iterator[Asked]:
    """Yield candidates, each once; ends where a grid has no more."""
    seen: set[str] = set()
    misses = 0
    while misses < MISSES:
        found = drawn(space, rng)
        if key(found) in seen:
            misses += 1
            continue
        misses = 0
        seen.add(key(found))
        yield found


def _value(values: list[JSON] | Distribution, rng: np.random.Generator) -> JSON:
    if isinstance(values, Distribution):
        return values.at(float(rng.random()))
    return values[int(rng.integers(len(values)))]
