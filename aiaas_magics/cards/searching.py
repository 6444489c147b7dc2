"""How a search looks: what was planned, what it cost, its candidates and how far their scores are to be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aiaas_magics.cards import page, style
from aiaas_magics.cards.style import measure

if TYPE_CHECKING:
    from aiaas_magics.cards.page import Part
    from aiaas_magics.specs.base import JSON
    from aiaas_magics.specs.results import ModelResult

MOST_TRIALS = 10
"""Candidates in the table; a handle's ``trials`` has all."""
MARKS = {"exact": "=", "tolerance": "≈", "distribution": "~"}
MEANING = {
    "exact": "= the score of a fit of its own, to the last bit",
    "tolerance": "≈ equal within the tolerance of the optimum",
    "distribution": "~ as near to a fit of its own as two fits of different seeds",
}


def parts(result: ModelResult) -> Iterable[Part | None]:
    """Return the parts of a card that tell a search; nothing for a model that was only trained."""
    if not result.trials:
        return ()
    more = len(result.trials) - MOST_TRIALS
    return (
        page.soft(_how(result)),
        _table(result),
        page.soft(_legend(result)),
        page.soft(f"and {more:,} more: .trials of this answer has all" if more > 0 else ""),
    )


def _how(result: ModelResult) -> str:
    """Return which strategy it was and why, what it cost, and who did not see all folds."""
    said = [f"{result.strategy}: {result.reason}"] if result.strategy else []
    if result.sharing is not None and result.sharing.text:
        known = result.sharing.grower and not style.docs_mode()  # a matter of the installed version
        grower = f" ({result.sharing.grower} grower)" if known else ""
        said.append(result.sharing.text + grower)
    less = result.cells - len(result.trials)
    if less > 0:
        said.append(f"{style.plural(less, 'candidate')} not compared to the end: {_why(result)}")
    return "; ".join(said)


def _why(result: ModelResult) -> str:
    return (
        "stopped before"
        if result.partial
        else "given up behind the best, out of time, or not fitted"
    )


def _table(result: ModelResult) -> page.Table:
    names = list(result.trials[0].params)
    metric = f"{result.metric} (mean of {len(result.trials[0].folds)} folds)"
    marked = _marked(result)
    timed = not style.docs_mode()
    columns = ("rank", *names, metric, "± sd") + ("",) * marked + ("fit",) * timed
    rows = [
        (str(t.rank), *(shown(t.params[n]) for n in names), measure(t.mean), measure(t.std))
        + (MARKS[t.equality],) * marked
        + (style.duration(t.seconds),) * timed
        for t in result.trials[:MOST_TRIALS]
    ]
    numbers = frozenset({0, *range(len(names) + 1, len(columns))})
    return page.Table(columns, rows, numbers)


def _marked(result: ModelResult) -> bool:
    return any(trial.equality != "exact" for trial in result.trials)


def _legend(result: ModelResult) -> str:
    """Return what the marks mean, and how many candidates have each."""
    if not _marked(result):
        return ""
    labels = [trial.equality for trial in result.trials]
    return "; ".join(f"{labels.count(e):,} {m}" for e, m in MEANING.items() if e in labels)


def shown(value: JSON) -> str:
    """Return a parameter's value as people read it: four digits of a fraction are enough, three in docs_mode."""
    digits = 3 if style.docs_mode() else 4
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
