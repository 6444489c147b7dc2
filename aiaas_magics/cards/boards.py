"""How a leaderboard looks: the best candidate of each algorithm, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiaas_magics.cards import page, style
from aiaas_magics.cards.page import Part
from aiaas_magics.cards.style import measure, plural
from aiaas_magics.specs import auto
from aiaas_magics.specs.results import Entrant, ModelResult

MOST = 20
"""Algorithms that a card shows."""


def families(board: Sequence[Entrant]) -> list[tuple[Entrant, int]]:
    """Return the best candidate of each algorithm, and how many candidates it had."""
    best: dict[str, Entrant] = {}
    for each in board:
        best.setdefault(each.algo, each)
    return [(each, sum(e.algo == each.algo for e in board)) for each in best.values()]


def parts(result: ModelResult) -> Iterable[Part | None]:
    """Return the table of a leaderboard and what to think of it; nothing where there is none."""
    if not result.leaderboard:
        return
    shown = families(result.leaderboard)
    timed = () if style.docs_mode() else ("fit", "predict 1,000")
    several = len({entrant.rows for entrant, _ in shown}) > 1
    columns: tuple[str, ...]
    columns = ("", "algorithm", "candidates", f"{result.metric} (mean of folds)", "95 % interval")
    columns += (("rows",) if several else ()) + timed + ("",)
    rows = [_row(entrant, count, several=several) for entrant, count in shown[:MOST]]
    yield page.Table(columns, rows, frozenset({2, 3, *range(5, len(columns) - 1)}))
    more = len(shown) - MOST
    yield page.soft(f"and {plural(more, 'algorithm')} more" if more > 0 else "")
    yield page.soft(_caution(result))


def _row(entrant: Entrant, count: int, *, several: bool) -> tuple[str, ...]:
    interval = "" if entrant.low is None else f"[{measure(entrant.low)}, {measure(entrant.high)}]"
    timed = (style.duration(entrant.fit_seconds), style.duration(entrant.predict_seconds))
    note = entrant.note or ("not told apart from the best" if entrant.tied else "")
    return (
        "★" if entrant.rank == 1 else "", entrant.algo, str(count), measure(entrant.mean), interval,
        *((f"{entrant.rows:,}",) if several else ()),
        *(() if style.docs_mode() else timed if entrant.mean is not None else ("–", "–")),
        style.one_line(note, 70),
    )  # fmt: skip


def _budget(result: ModelResult) -> str:
    """Return how much time there was, and what says it where nobody did."""
    if result.budget is None:
        return ""
    usual = " (the default: --time)" if result.budget == auto.SECONDS else ""
    return f" within {result.budget:g} s{usual}"


def _caution(result: ModelResult) -> str:
    """Return what a reader of a leaderboard must know."""
    best, count = result.leaderboard[0], len(result.leaderboard)
    tied = sum(entrant.tied for entrant in result.leaderboard)
    words = [f"compared{_budget(result)} on {best.rows:,} training rows"] if best.rows else []
    if tied:
        words.append(f"{plural(tied, 'candidate')} cannot be told apart from the best")
    if count > 1:
        words.append(f"the best of {count} looks better than it is")
        words[-1] += ": trust the held-out score" if result.scores else ""
    return "; ".join(words)
