"""The card of a comparison of two models. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from aiaas_magics.cards import page
from aiaas_magics.cards.page import Card
from aiaas_magics.cards.style import measure, plural
from aiaas_magics.specs.results import ComparisonResult, Difference


def comparison_line(result: ComparisonResult) -> str:
    """Return a comparison's one line: its verdict."""
    stopped = " (stopped early)" if result.partial else ""
    return " ".join(f"{result.verdict}{stopped}".split())


def comparison_card(result: ComparisonResult, warnings: Sequence[str], following: str) -> Card:
    """Return every metric of both models with the difference and its interval."""
    level = f"{100 * result.confidence:g} % interval"
    columns = ("metric", result.model, result.against, "difference", level)
    return page.card(
        comparison_line(result),
        page.soft(f"both on {plural(result.rows, 'row')}: {result.data}"),
        *map(page.warning, dict.fromkeys((*result.warnings, *warnings))),
        page.Table(columns, [_row(each) for each in result.differences], frozenset({1, 2, 3, 4})),
        page.soft(result.way),
        *map(page.Line, result.findings),
        page.following(following),
    )


def _row(each: Difference) -> tuple[str, ...]:
    return (
        each.metric, measure(each.first), measure(each.second), measure(each.value),
        f"{measure(each.low)} to {measure(each.high)}",
    )  # fmt: skip
