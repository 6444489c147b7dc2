"""Models side by side: what differs between records, told without opening a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors
from aiaas_magics.cards import style
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.comparison import ModelComparison, Part
from aiaas_magics.specs.records import DataInfo, ModelInfo
from aiaas_magics.specs.results import Column

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Row = tuple[JSON, ...]
MOVED = 8
"""Columns of data that are shown as moved: those that moved most."""
LEAST = 0.01
"""A mean that moved by less than this many standard deviations, or a share by less, did not move."""


def compare(session: Session, words: Sequence[object]) -> ModelComparison:
    """Return in what models differ.

    Raises
    ------
    UsageError
        If fewer than two different models are named.
    NotFound
        If one of them is not there.
    """
    for word in words:
        session.settle(str(word))
    infos = list({info.ref: info for info in (session.model(str(word)) for word in words)}.values())
    if len(infos) < 2:
        raise errors.UsageError(
            "one model alone cannot be compared",
            "name two models, or two versions of one",
            "%aiaas_models compare clf@1 clf@2",
        )
    return of(infos, [_data(session, info) for info in infos])


def _data(session: Session, info: ModelInfo) -> DataInfo | None:
    """Return the raw data a model learned from, if it had a name and is still there."""
    try:
        found = session.data(info.lineage.data_ref) if info.lineage.data_ref else None
    except errors.NotFound:
        return None
    if found is None or found.base is None:
        return found
    known: list[Any] = session.backend.query("data")
    return next((each for each in known if each.frame == found.base), None)


def of(infos: Sequence[ModelInfo], data: Sequence[DataInfo | None]) -> ModelComparison:
    """Return the comparison of models, and of the data they learned from: None where that is gone."""
    names = tuple(info.ref for info in infos)
    found = {
        "scores": _scores(infos),
        "model": _facts(infos),
        "parameters": _parameters(infos),
        "columns": _columns(infos),
        "data": _rows(infos, data),
        "values": _moved(data),
    }
    parts, same = [], []
    for title, rows in found.items():
        differing = [row for row in rows if title == "scores" or _differs(row[1:])]
        same += [str(row[0]) for row in rows if row not in differing]
        same += [title] if title in ("parameters", "columns") and not differing else []
        parts += [Part(title=title, columns=names, rows=tuple(differing))] if differing else []
    return ModelComparison(
        models=names, summary=_summary(infos), parts=tuple(parts), same=tuple(same),
        warnings=_warnings(infos), following=_following(*infos[:2]),
    )  # fmt: skip


def _following(first: ModelInfo, second: ModelInfo) -> str:
    """Return the line that measures both: on rows of the model whose columns hold the other's."""
    known, others = ({name for name, _ in each.signature.inputs} for each in (first, second))
    if known < others:
        first, second = second, first
    return f"%aiaas_evaluate {first.ref} --against {second.ref}"


def _differs(values: Sequence[JSON]) -> bool:
    return any(value != values[0] for value in values)


def _summary(infos: Sequence[ModelInfo]) -> str:
    counts = Counter(name for info in infos for name in info.scores)
    name, count = next(iter(counts.most_common(1)), ("", 0))
    if count < 2:
        return "no score in common"
    values = [style.measure(info.scores.get(name)) for info in infos]
    return f"{name} {' against '.join(values)}"


def _warnings(infos: Sequence[ModelInfo]) -> tuple[str, ...]:
    if not _differs([_held_out(info) for info in infos]):
        return ()
    return ("their scores are not of the same rows; the line below measures both on the same ones",)


# scores ------------------------------------------------------------------------------------------
def _scores(infos: Sequence[ModelInfo]) -> list[Row]:
    metrics = dict.fromkeys(name for info in infos for name in info.scores)
    rows: list[Row] = [(name, *(info.scores.get(name) for info in infos)) for name in metrics]
    return [*rows, ("measured on", *map(_measured, infos))]


def _measured(info: ModelInfo) -> str:
    spec, where = info.lineage.spec, info.lineage.data_ref or "a DataFrame"
    if spec["kind"] == "import_model":
        return f"the sample, {where}" if info.scores else "nothing"
    if not spec.get("test"):
        return "nothing: no rows held out"
    return f"held-out {spec['test']:.0%} of {where}, seed {spec.get('seed', 0)}"


def _held_out(info: ModelInfo) -> JSON:
    """Return what decides which rows were held out: the split is a function of it alone."""
    lineage, spec = info.lineage, info.lineage.spec
    chosen = [step for step in lineage.steps if step["op"] in ("dropna", "filter", "sample")]
    said = {key: value for key, value in spec.items() if key in ("test", "split", "by", "seed")}
    return [spec["kind"] == "import_model", lineage.data, chosen, info.target, info.task, said]


# the models --------------------------------------------------------------------------------------
def _facts(infos: Sequence[ModelInfo]) -> list[Row]:
    facts: dict[str, Callable[[ModelInfo], JSON]] = {
        "algorithm": lambda i: i.algo,
        "task": lambda i: i.task,
        "predicts": lambda i: i.target,
        "classes": lambda i: ", ".join(map(str, i.signature.classes)),
        "made with": _made_with,
        "seed": lambda i: i.lineage.seed,
        "stopped early": lambda i: "yes" if i.partial else "no",
        "aliases": lambda i: ", ".join(i.aliases) or "none",
    }
    if not style.docs_mode():
        facts |= {
            "size": lambda i: style.size(i.size),
            "made": lambda i: style.when(i.created),
            "made by": lambda i: i.lineage.user,
            "python": lambda i: i.lineage.python,
        }
    rows: list[Row] = [(name, *map(fact, infos)) for name, fact in facts.items()]
    if style.docs_mode():
        return rows
    libraries = dict.fromkeys(name for info in infos for name in info.lineage.libraries)
    return rows + [(n, *(i.lineage.libraries.get(n, "–") for i in infos)) for n in libraries]


def _made_with(info: ModelInfo) -> str:
    kind = str(info.lineage.spec["kind"])
    return "%aiaas_models import" if kind == "import_model" else f"%aiaas_{kind}"


def _parameters(infos: Sequence[ModelInfo]) -> list[Row]:
    """Return every parameter that one of the models was given, with what the others have there."""
    names = dict.fromkeys(name for info in infos for name in info.params)
    return [(name, *(_value(name, info) for info in infos)) for name in names]


def _value(name: str, info: ModelInfo) -> str:
    if name in info.params:
        return repr(info.params[name])
    known = {algorithm.name: algorithm for algorithm in algorithms.ALGORITHMS}.get(info.algo)
    rows = known.parameters if known is not None else ()
    default = [p.default for p in rows if p.name == name and info.task in p.tasks]
    if default:
        return f"{default[0]!r} (default)"
    return "–" if known is not None else "default"


def _columns(infos: Sequence[ModelInfo]) -> list[Row]:
    kinds = [dict(info.signature.inputs) for info in infos]
    names = dict.fromkeys(name for each in kinds for name in each)
    rows: Iterable[Row] = ((name, *(each.get(name, "–") for each in kinds)) for name in names)
    return [row for row in rows if _differs(row[1:])]


# the data ----------------------------------------------------------------------------------------
def _rows(infos: Sequence[ModelInfo], data: Sequence[DataInfo | None]) -> list[Row]:
    rows: list[Row] = [
        ("learned from", *(info.lineage.data_ref or "a DataFrame" for info in infos)),
        ("content", *(info.lineage.data[7:19] for info in infos)),
        ("rows", *(None if each is None else each.rows for each in data)),
    ]
    recipes = [list(map(_step, info.lineage.steps)) for info in infos]
    known = dict.fromkeys(step for steps in recipes for step in steps)
    rows += [(f"step {step}", *(_yes(step in steps) for steps in recipes)) for step in known]
    if any(each is None for each in data):
        return rows
    profiles = [{c.name: c for c in each.columns} for each in data if each is not None]
    for name in dict.fromkeys(name for profile in profiles for name in profile):
        there = [_yes(name in profile) for profile in profiles]
        rows += [(f"column {name}", *there)] if _differs(there) else []
    return rows


def _yes(there: bool) -> str:  # noqa: FBT001 - private
    return "yes" if there else "–"


def _step(step: dict[str, Any]) -> str:
    columns = f"({', '.join(step['columns'])})" if step.get("columns") else ""
    return " ".join(word for word in (step["op"], step.get("method", ""), columns) if word)


def _moved(data: Sequence[DataInfo | None]) -> list[Row]:
    """Return the columns whose values differ most between the data, by their stored profiles."""
    tables = [each for each in data if each is not None]
    if len(tables) < len(data):
        return []
    profiles = [{c.name: c for c in each.columns} for each in tables]
    counts = [each.rows for each in tables]
    shared = [name for name in profiles[0] if all(name in profile for profile in profiles)]
    found = []
    for name in shared:
        columns = [profile[name] for profile in profiles]
        far = max(
            _distance(columns[0], counts[0], c, n) for c, n in zip(columns, counts, strict=True)
        )
        found += [(far, _shown(name, columns, counts))] if far >= LEAST else []
    return [row for _, row in sorted(found, key=lambda each: -each[0])[:MOVED]]


def _distance(one: Column, rows: int, two: Column, others: int) -> float:
    """Return how far apart two columns are: in standard deviations of numbers, in shares of the rest."""
    gaps = abs(one.missing / max(rows, 1) - two.missing / max(others, 1))
    if one.role != two.role:
        return 1.0
    if one.mean is not None and two.mean is not None:
        spread = one.std or two.std or 1.0
        wider = abs((two.std or 0.0) - (one.std or 0.0)) / spread
        return max(abs(one.mean - two.mean) / spread, wider, gaps)
    if one.role == "date":
        return max(gaps, float((one.low, one.high) != (two.low, two.high)))
    left, right = dict(one.counts), dict(two.counts)
    shares = (
        abs(left.get(k, 0) / max(rows, 1) - right.get(k, 0) / max(others, 1))
        for k in {*left, *right}
    )
    return max(sum(shares) / 2, gaps)


def _shown(name: str, columns: Sequence[Column], rows: Sequence[int]) -> Row:
    return (name, *(_words(column, count) for column, count in zip(columns, rows, strict=True)))


def _words(column: Column, rows: int) -> str:
    missing = f", {column.missing / max(rows, 1):.0%} missing" if column.missing else ""
    if column.mean is not None:
        spread = "" if column.std is None else f" ± {style.number(column.std)}"
        return f"{style.number(column.mean)}{spread}{missing}"
    if column.role == "date":
        return f"{str(column.low)[:10]} to {str(column.high)[:10]}{missing}"
    most = [f"{style.one_line(k, most=20)} {n / max(rows, 1):.0%}" for k, n in column.counts[:3]]
    return f"{', '.join(most)}{missing}"
