"""Quality: what is wrong with a table, worst first, each finding with the line that repairs it."""

from __future__ import annotations

import msgspec

from aiaas_magics.specs.base import Result, Spec
from aiaas_magics.specs.results import Chart
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option

SEVERITIES = ("high", "medium", "low")
"""high: a model would be wrong or none is learned; medium: it would be worse; low: good to know."""


class QualitySpec(Spec, frozen=True, kw_only=True, tag="quality"):
    """Look for what is wrong with stored data.

    ``target`` adds what only shows with a target: leaks, imbalance, gaps that tell the answer.
    ``against`` is an earlier version of the data: what has drifted since. ``shown`` is what the user calls the
    table, for the lines that repair it.
    """

    data: str
    target: str | None = None
    against: str | None = None
    shown: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that is wrong: one sentence with numbers, and the line that repairs it.

    ``find`` names the kind (``missing``, ``leak`` ...); ``column`` is empty where the whole table is meant;
    ``effect`` says how strong it is, on the scale that the text names.
    """

    find: str
    severity: str
    text: str
    fix: str
    column: str = ""
    effect: float | None = None


class QualityResult(Result, frozen=True, kw_only=True, tag="quality_result"):
    """What was found in a table, worst first."""

    data: str
    rows: int
    columns: int
    target: str | None = None
    against: str | None = None
    findings: tuple[Finding, ...] = ()
    repairs: tuple[str, ...] = ()
    """Lines that carry out all repairs, one after the other."""
    looked: tuple[str, ...] = ()
    """The kinds that were looked for."""
    charts: tuple[Chart, ...] = ()
    warnings: tuple[str, ...] = ()


CHECK = Action(
    "check",
    "look for what is wrong with a table, and how to repair it",
    makes="QualitySpec",
    arguments=(Option("data", Kind.DATA, "a DataFrame variable or stored data", required=True),),
    options=(
        Option("target", Kind.COLUMN, "the column to be predicted: leaks and imbalance show too"),
        Option(
            "against", Kind.DATA, "an earlier version of the data: what has drifted since shows too"
        ),
        *SUBMISSION,
    ),
    examples=(
        "%aiaas_data check cancer --target diagnosis",
        "%aiaas_data check cancer --against cancer@1",
    ),
)
