"""How a verdict looks: which form of the model serves, and how the others fared."""

from __future__ import annotations

from aiaas_magics.cards import page, style
from aiaas_magics.cards.page import Part
from aiaas_magics.specs.builds import Trial, Verdict

OUTCOMES = {"serves": "serves", "passed": "equal", "differs": "answers otherwise", "unconvertible": "cannot", "absent": "not installed"}  # fmt: skip


def parts(verdict: Verdict) -> list[Part]:
    """Return the verdict in words, and a table of all that was tried."""
    columns: tuple[str, ...] = (
        "computed by",
        "outcome",
        "rows that differ",
        "microseconds a row",
        "why",
    )
    if style.docs_mode():
        columns = tuple(name for name in columns if name != "microseconds a row")
    rows = [_row(trial) for trial in verdict.trials]
    return [page.Line(verdict.sentence(), "soft"), page.Table(columns, rows)]


def _row(trial: Trial) -> tuple[str, ...]:
    differing = f"{trial.differing:,} of {trial.rows:,}" if trial.rows else ""
    micros = "" if trial.micros is None else f"{trial.micros:,.0f}"
    told = () if style.docs_mode() else (micros,)  # the time is another on another machine
    return trial.tier, OUTCOMES.get(trial.outcome, trial.outcome), differing, *told, trial.why
