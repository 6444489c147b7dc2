"""What a search costs: which candidates share, by whom, and how much work that leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiaas_magics.engines.sharing.base import Equality, Group, GroupPlan, Sharer
from aiaas_magics.specs.results import Sharing


class Shared(NamedTuple):
    """A group, who shares its work, and at what cost."""

    group: Group
    sharer: Sharer
    cost: GroupPlan
    members: tuple[int, ...]
    """The candidates its members are, by number."""
    whole: Any
    """Unfitted: the pipeline around the group's estimator, or that estimator."""
    before: str
    """What its tables depend on: groups with the same text have the same."""


class Plan(NamedTuple):
    """How the candidates of a search are evaluated."""

    candidates: int
    folds: int
    groups: tuple[Shared, ...] = ()
    apart: tuple[int, ...] = ()
    """Candidates that are fitted by themselves, by number."""

    @property
    def grower(self) -> str:
        """How models are made, where there is more than one way: direct, public."""
        return ", ".join(_unique(each.cost.grower for each in self.groups if each.cost.grower))

    def grown(self, growers: Mapping[int, str]) -> Plan:
        """Return the plan with who made the models in the end, by a group's number."""
        groups = [
            each._replace(cost=each.cost._replace(grower=growers.get(number, each.cost.grower)))
            for number, each in enumerate(self.groups)
        ]
        return self._replace(groups=tuple(groups))

    @property
    def shared(self) -> int:
        """Units of work; a candidate that is fitted by itself counts a fit a fold."""
        return sum(each.cost.shared for each in self.groups) + len(self.apart) * self.folds

    @property
    def alone(self) -> int:
        """Units of work if no candidate shared any."""
        return sum(each.cost.alone for each in self.groups) + len(self.apart) * self.folds

    @property
    def unit(self) -> str:
        """What is counted."""
        units = _unique(each.cost.unit for each in self.groups)
        return units[0] if len(units) == 1 and not self.apart else "fits"

    @property
    def certain(self) -> int:
        """Candidates that are exact before anything is fitted."""
        known = sum(each.cost.labels.count(Equality.EXACT) for each in self.groups)
        return known + len(self.apart)

    @property
    def text(self) -> str:
        """All of it in a sentence."""
        head = _count(self.candidates, "candidate")
        if not self.groups:
            return f"{head} x {self.folds} folds: each is fitted by itself"
        parts = [self._cost(unit) for unit in _unique(each.cost.unit for each in self.groups)]
        said = f"{head} -> {_count(len(self.groups), 'group')} x {self.folds} folds: {', '.join(parts)}"
        if self.apart:
            said += f", and {_count(len(self.apart), 'candidate')} fitted apart"
        return f"{said}; {self._exact()}"

    def _cost(self, unit: str) -> str:
        mine = [each.cost for each in self.groups if each.cost.unit == unit]
        less, more = sum(each.shared for each in mine), sum(each.alone for each in mine)
        return f"{less:,} {unit} instead of {more:,}"

    def _exact(self) -> str:
        labels = {label for each in self.groups for label in each.cost.labels}
        if labels <= {Equality.EXACT}:
            return "all exact"
        if Equality.DISTRIBUTION in labels:
            return f"{self.certain:,} exact for certain, the others once grown"
        return f"{self.certain:,} exact, the others within a stated tolerance"

    def __str__(self) -> str:
        return self.text

    def record(self) -> Sharing:
        """Return the plan as a record."""
        return Sharing(
            candidates=self.candidates, folds=self.folds, groups=len(self.groups), unit=self.unit, shared=self.shared,
            alone=self.alone, exact=self.certain, apart=len(self.apart), grower=self.grower, text=self.text,
        )  # fmt: skip


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
