"""A card of each record, and the one line that stands for it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aiaas_magics.cards import boards, endpoints, lines, page, searching, style
from aiaas_magics.cards.page import Card, Part
from aiaas_magics.cards.style import measure, number, plural
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.estimators import module_name
from aiaas_magics.specs.records import EndpointInfo, Lineage, ModelInfo
from aiaas_magics.specs.results import (
    Change,
    Column,
    DataResult,
    EvaluationResult,
    Grid,
    ModelResult,
    Score,
)

MOST_COLUMNS = 40
GAP = "(gap)"


def data_line(result: DataResult) -> str:
    """Return a table's one line."""
    gaps = sum(column.missing for column in result.columns)
    shape = f"{plural(result.rows, 'row')} x {plural(len(result.columns), 'column')}"
    return f"{result.ref or 'preview'}: {shape}, {plural(gaps, 'missing value')}"


def data_card(result: DataResult, warnings: Sequence[str], following: str) -> Card:
    """Return a table's profile."""
    rows = [_column(column) for column in result.columns[:MOST_COLUMNS]]
    more = len(result.columns) - len(rows)
    return page.card(
        data_line(result),
        page.soft(", ".join(_facts(result))),
        _changes(result.changes),
        *map(page.warning, dict.fromkeys((*result.warnings, *warnings))),
        page.Table(PROFILE, rows, frozenset({2, 3, 4, 5, 6})),
        page.soft(f"and {plural(more, 'column')} more" if more > 0 else ""),
        page.following(following),
    )


PROFILE = ("column", "kind", "missing", "distinct", "low", "mean", "high", "distribution")


def _changes(changes: Sequence[Change]) -> Part | None:
    """Return what each step of a preparation changed."""
    rows = [
        (
            change.text,
            _counts(change.rows),
            _counts(change.columns),
            number(change.values),
            "; ".join(f"{e.column}: {e.before or GAP} → {e.after or GAP}" for e in change.examples),
        )
        for change in changes
    ]
    columns = ("step", "rows", "columns", "values changed", "such as")
    return page.Table(columns, rows, frozenset({1, 2, 3})) if rows else None


def _counts(pair: tuple[int, int]) -> str:
    before, after = pair
    return number(after) if before == after else f"{number(before)} → {number(after)}"


def _facts(result: DataResult) -> Iterable[str]:
    yield f"from {result.source}" if result.source else "a table"
    yield style.size(result.size)
    if result.duplicates:
        yield plural(result.duplicates, "duplicate row")


def _column(column: Column) -> tuple[str, ...]:
    low, high = (
        str(v)[:10] if isinstance(v, str) else number(v) for v in (column.low, column.high)
    )
    if column.role in ("category", "boolean"):
        low = mean = high = ""
    else:
        mean = number(column.mean)
    return (
        column.name, column.role, number(column.missing), number(column.distinct), low, mean, high,
        page.bars(column.counts),
    )  # fmt: skip


def model_line(result: ModelResult) -> str:
    """Return a model's one line."""
    shown = ", ".join(f"{score.metric} {measure(score.value)}" for score in result.scores)
    count = len(result.trials) or len(result.leaderboard)
    tried = f", best of {plural(count, 'candidate')}" if count else ""
    held = f" on {plural(result.held_out, 'held-out row')}" if result.scores else ""
    stopped = " (stopped early)" if result.partial else ""
    return f"{result.ref}: {result.algo}{tried}{', ' + shown if shown else ''}{held}{stopped}"


def model_card(result: ModelResult, warnings: Sequence[str], following: str) -> Card:
    """Return what was learned, and from what."""
    learned = f"predicts {result.target} ({result.task}) from {plural(len(result.features), 'column')}, learned from {plural(result.rows, 'row')}"
    weighed = f", weighed by {result.weights}" if result.weights else ""
    took = "" if style.docs_mode() else f", {style.duration(result.seconds)}"
    return page.card(
        model_line(result),
        page.soft(learned + weighed + took),
        page.soft("parameters: " + (words(result.params) or "all as scikit-learn has them")),
        *map(page.warning, dict.fromkeys((*result.warnings, *warnings))),
        *searching.parts(result),
        *boards.parts(result),
        page.following(following),
    )


def words(params: dict[str, JSON]) -> str:
    """Return parameters as they are typed: ``max_depth=10 criterion='gini'``; fractions short in docs_mode."""
    return " ".join(f"{name}={_word(value)}" for name, value in params.items())


def _word(value: JSON) -> str:
    short = style.docs_mode() and isinstance(value, float)
    return searching.shown(value) if short else repr(value)


def evaluation_line(result: EvaluationResult) -> str:
    """Return an evaluation's one line: its first metric, interval and baseline."""
    first = result.scores[0]
    return (
        f"{result.model}: {first.metric} {measure(first.value)} "
        f"[{measure(first.low)}, {measure(first.high)}], baseline {measure(first.baseline)}, "
        f"on {plural(result.rows, 'row')}{' (stopped early)' if result.partial else ''}"
    )


def evaluation_card(result: EvaluationResult, warnings: Sequence[str], following: str) -> Card:
    """Return the metrics beside those of the simplest guess."""
    level = f"{100 * result.confidence:g} % interval"
    rows = [(s.metric, measure(s.value), _interval(s), measure(s.baseline)) for s in result.scores]
    return page.card(
        f"{result.model} on {plural(result.rows, 'row')}: {result.data}",
        *map(page.warning, dict.fromkeys((*result.warnings, *warnings))),
        page.Table(("metric", "value", level, "simplest guess"), rows, frozenset({1, 2, 3})),
        page.soft(result.way),
        *map(page.Line, result.findings),
        page.following(following),
    )


def _interval(score: Score) -> str:
    return f"{measure(score.low)} to {measure(score.high)}"


def grid_card(grid: Grid) -> Card:
    """Return a small table."""
    plain = [name in grid.own for name in grid.columns]
    rows = [
        tuple(number(v) if own else _cell(v) for own, v in zip(plain, row, strict=True))
        for row in grid.rows
    ]
    numeric = frozenset(
        i for i in range(len(grid.columns)) if any(_is_number(row[i]) for row in grid.rows)
    )
    return page.card(grid.title, page.Table(grid.columns, rows, numeric))


def _cell(value: JSON) -> str:
    return measure(value) if isinstance(value, float) else number(value)


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def endpoint_line(info: EndpointInfo) -> str:
    """Return an endpoint's one line."""
    where = "" if style.docs_mode() or info.state != "READY" else f" at {info.url}"
    beside = endpoints.canaries(info)
    return f"{info.name}: {info.model}{beside}, {info.state.lower()}{where}"


def curl(info: EndpointInfo, body: str, home: str = "") -> str:
    """Return a line that asks an endpoint from a terminal; the token comes from the environment.

    `home` is what the terminal needs to find the endpoint's home: ``" --home FOLDER"``.
    """
    home = "" if style.docs_mode() else home
    return f"export AIAAS_TOKEN=$(aiaas token {info.name}{home})\n{request(info, body)}"


def request(info: EndpointInfo, body: str) -> str:
    """Return a line that asks an endpoint with the token in ``$AIAAS_TOKEN``."""
    url = "http://127.0.0.1:PORT" if style.docs_mode() else info.url
    quoted = body.replace("'", "'\\''")
    return (
        f'curl -s {url}/predict -H "Authorization: Bearer $AIAAS_TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' -d '{quoted}'"
    )


def endpoint_card(
    info: EndpointInfo,
    line: str,
    warnings: Sequence[str],
    following: str,
    added: str = "",
    kept: Sequence[str] = (),
) -> Card:
    """Return how to reach an endpoint; `line` asks it from a terminal.

    Where a version was `added` to those it serves, that one's proof is told and no line: it is reached as before. What was
    `kept` of an earlier endpoint of the name is said.
    """
    only = "this machine only, " if endpoints.loopback(info.host) else ""
    served = f"predicts {info.target}, {plural(info.workers, 'worker')}, {only}token needed"
    runs = info.state == "READY"
    there = page.Link(f"{info.url}/docs", info.url) if runs and not style.docs_mode() else None
    return page.card(
        endpoint_line(info),
        there,
        page.soft(served),
        page.soft(endpoints.settings(info, kept)),
        *endpoints.parts(info, added),
        *map(page.warning, warnings),
        page.Code(line) if runs and not added else None,
        page.following(following),
    )


def model_info_line(info: ModelInfo) -> str:
    """Return a registered model's one line."""
    shown = ", ".join(f"{name} {measure(value)}" for name, value in info.scores.items())
    named = f" ({', '.join(info.aliases)})" if info.aliases else ""
    what = f"{info.algo} predicting {style.one_line(info.target)}"
    stopped = " (stopped early)" if info.partial else ""
    return f"{info.ref}{named}: {what}{', ' + shown if shown else ''}{stopped}"


def _own_code(spec: Mapping[str, JSON]) -> Iterable[tuple[str, str]]:
    """Yield what a model runs of the user's own: it is kept in its folder, under its digest."""
    source = (spec.get("estimator") or {}).get("source")
    if source:
        count = plural(str(source).count("\n"), "line")
        yield "your code", f"code/{module_name(str(source))}.py, {count}, run in workers only"


def _step(step: dict[str, JSON]) -> str:
    """Return a step of a recipe in words: ``scale maxabs (a, b)``."""
    columns = f"({', '.join(step['columns'])})" if step.get("columns") else ""
    if step["op"] == "code":
        lines = str(step["settings"]["source"]).strip().splitlines()
        return f"code ({plural(len(lines), 'line')}: {style.one_line(lines[0])})"
    return " ".join(word for word in (step["op"], step.get("method", ""), columns) if word)


def _origin(lineage: Lineage) -> tuple[str, str]:
    if "filename" in lineage.spec:
        digest = str(lineage.spec["file"]).partition(":")[2]
        shown = (
            "" if style.docs_mode() else f" (sha256 {digest[:12]})"
        )  # of bytes with times in them
        return "imported from", f"{lineage.spec['filename']}{shown}"
    return "data", f"{lineage.data_ref or 'a DataFrame'} ({lineage.data[7:19]})"


def model_info_card(info: ModelInfo, following: str) -> Card:
    """Return a registered model and what it was made of."""
    lineage = info.lineage
    facts: list[tuple[str, ...]] = [
        ("made by", lines.of(lineage)),
        _origin(lineage),
        ("prepared", "; ".join(map(_step, lineage.steps)) or "as it was"),
        *_own_code(lineage.spec),
        ("parameters", words(info.params) or "all as scikit-learn has them"),
        ("seed", str(lineage.seed)),
        ("takes", plural(len(info.signature.inputs), "column")),
        (
            "gives",
            info.target
            + (
                f": {', '.join(map(str, info.signature.classes[:8]))}"
                if info.signature.classes
                else ""
            ),
        ),
        ("aliases", ", ".join(info.aliases) or "none"),
    ]
    if not style.docs_mode():
        facts += [
            ("libraries", ", ".join(f"{k} {v}" for k, v in lineage.libraries.items())),
            ("python", lineage.python),
            ("job", f"{lineage.job or '–'}, by {lineage.user or '–'}"),
            ("digest", f"{info.digest[7:19]}, {style.size(info.size)}"),
        ]
    return page.card(model_info_line(info), page.Table(("", ""), facts), page.following(following))
