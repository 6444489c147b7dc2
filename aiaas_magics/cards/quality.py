"""The card of a look at a table: what is wrong with it, and the lines that repair it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from aiaas_magics.cards import page
from aiaas_magics.cards.page import Card
from aiaas_magics.cards.style import one_line, plural
from aiaas_magics.specs.quality import SEVERITIES, Finding, QualityResult

MOST = 30
ALIKE = 4
"""Findings of one kind that get a row each."""
COLUMNS = ("severity", "column", "what", "repair")


def line(result: QualityResult) -> str:
    """Return the one line: how many findings of each severity."""
    counts = Counter(each.severity for each in result.findings)
    words = [f"{counts[name]} {name}" for name in SEVERITIES if counts[name]]
    found = plural(len(result.findings), "finding") if words else "nothing found"
    return f"{result.data}: {found}{' (' + ', '.join(words) + ')' if words else ''}"


def card(result: QualityResult, warnings: Sequence[str]) -> Card:
    """Return the findings, worst first, and what was looked for."""
    rows, more = _rows(result.findings)
    return page.card(
        line(result),
        page.soft(_looked(result)),
        *map(page.warning, dict.fromkeys((*result.warnings, *warnings))),
        page.Table(COLUMNS, rows) if rows else None,
        page.soft(f"and {plural(more, 'finding')} more in .findings" if more > 0 else ""),
        page.soft("all repairs, to be looked at first:" if result.repairs else ""),
        page.Code("\n".join(result.repairs)) if result.repairs else None,
        page.following("" if result.repairs else _next(result)),
    )


def _rows(findings: Sequence[Finding]) -> tuple[list[tuple[str, ...]], int]:
    """Return a row a finding and how many are not shown; of many alike the first, and a row for the rest."""
    rows: list[tuple[str, ...]] = []
    shown = 0
    for (severity, find), group in itertools.groupby(findings, lambda f: (f.severity, f.find)):
        alike = list(group)
        if len(rows) >= MOST:
            break
        most = len(alike) if len(alike) <= ALIKE + 1 else ALIKE
        rows += map(_row, alike[:most])
        rest = [one_line(each.column, 40) for each in alike[most:]]
        if rest:
            names = ", ".join(rest[:8]) + (" ..." if len(rest) > 8 else "")
            rows.append((severity, plural(len(rest), "more column"), f"{find}: {names}", ""))
        shown += len(alike)
    return rows, len(findings) - shown


def _row(finding: Finding) -> tuple[str, ...]:
    what = f"{finding.find}: {finding.text}"
    return finding.severity, one_line(finding.column, 40), what, finding.fix


def _looked(result: QualityResult) -> str:
    shape = f"{plural(result.rows, 'row')} x {plural(result.columns, 'column')}"
    to = f", target {one_line(result.target, 40)}" if result.target else ""
    since = f", since {result.against}" if result.against else ""
    stopped = " (stopped early)" if result.partial else ""
    return f"{shape}{to}{since}; looked for {', '.join(result.looked)}{stopped}"


def _next(result: QualityResult) -> str:
    if result.findings:
        return result.findings[0].fix
    if result.target is None and result.data != "the table":
        return f"%aiaas_data check {result.data} --target COLUMN"
    return ""
