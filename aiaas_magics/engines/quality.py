"""Quality: look at a table with every check, and say what was found, worst first.

Adding a finding: a function from a :class:`aiaas_magics.engines.checks.look.Look` to findings in a file of
engines/checks/, a row in `CHECKS`, and in tests/engines/test_quality_checks.py a table that has it. Its line must
parse (a test does), its sentence tells numbers, and it must be silent on the tables of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import data, pictures, profile
from aiaas_magics.engines import targets as targets_of
from aiaas_magics.engines.checks import (
    drawn,
    drift,
    gaps,
    identity,
    leaks,
    lines,
    numbers,
    repeats,
    targets,
    texts,
)
from aiaas_magics.engines.checks.look import Found, Look
from aiaas_magics.specs.quality import SEVERITIES, Finding, QualityResult
from aiaas_magics.specs.refs import is_digest

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.quality import QualitySpec

CHECKS: dict[str, Callable[[Look], Found]] = {
    "leaking columns": leaks.leaks,
    "ids": identity.ids,
    "infinite numbers": gaps.endless,
    "missing values": gaps.missing,
    "gaps that tell the target": gaps.telling,
    "rare classes": targets.rare,
    "imbalance": targets.imbalance,
    "contradictions": repeats.contradictions,
    "duplicate rows": repeats.rows,
    "duplicate columns": repeats.columns,
    "constant columns": repeats.constant,
    "numbers and dates as text": texts.types,
    "spellings": texts.spellings,
    "many categories": texts.cardinality,
    "outliers": numbers.outliers,
    "skew": numbers.skew,
    "changed columns": drift.columns,
    "drift": drift.values,
    "new and vanished categories": drift.categories,
    "changed gaps": drift.gaps,
}
"""What is looked for, worst first: findings of the same severity stand in this order."""
NEED_TARGET = frozenset(
    {"leaking columns", "gaps that tell the target", "rare classes", "imbalance", "contradictions"}
)
NEED_BEFORE = frozenset({"changed columns", "drift", "new and vanished categories", "changed gaps"})


def run(spec: QualitySpec, context: Context) -> QualityResult:
    """Look at a table with every check.

    Raises
    ------
    NotFound
        If there is no such data.
    DataError
        If the target is no column.
    """
    look, shown, against = _look(spec, context)
    asked = [name for name in CHECKS if _asked(name, look)]
    found: list[Finding] = []
    for place, name in enumerate(asked):
        if context.stopping():
            asked = asked[:place]
            break
        context.progress(place, len(asked), f"looking for {name}")
        found += CHECKS[name](look)
    charts, findings = drawn.of(look, found), ordered(found)
    return QualityResult(
        data=shown, rows=look.rows, columns=len(look.columns), target=spec.target, against=against,
        findings=findings, repairs=lines.repairs(look.word, findings), looked=tuple(asked), charts=pictures.render(charts, context),
        partial=context.stopping(),
    )  # fmt: skip


def ordered(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings worst first."""
    return tuple(sorted(found, key=lambda each: SEVERITIES.index(each.severity)))


def _asked(name: str, look: Look) -> bool:
    if name in NEED_TARGET and look.target is None:
        return False
    return name not in NEED_BEFORE or look.before is not None


def _look(spec: QualitySpec, context: Context) -> tuple[Look, str, str | None]:
    frame, roles, shown, word = _table(spec.data, context)
    before, were, against = None, None, None
    if spec.target is not None and spec.target not in frame.columns:
        names = [str(name) for name in frame.columns]
        near = errors.nearest(spec.target, names)
        raise errors.DataError(
            f"no column {spec.target!r} in {shown}",
            errors.did_you_mean(spec.target, names),
            f"--target {near}" if near else "%aiaas_data list",
        )
    if spec.against is not None:
        before, were, against, _ = _table(spec.against, context)
    columns = profile.profile(frame, roles, cores=context.cores)
    task = _task(frame[spec.target]) if spec.target is not None else None
    look = Look(
        frame,
        roles,
        columns,
        word=spec.shown or word,
        target=spec.target,
        task=task,
        before=before,
        were=were,
        stored=not is_digest(spec.data),
    )
    return look, shown, against


def _table(ref: str, context: Context) -> tuple[pd.DataFrame, dict[str, str], str, str]:
    """Return a table as it is stored (prepared data as it was made), its roles, its ref, its word."""
    if is_digest(ref):
        frame = data.simple(context.frame(ref))
        return frame, profile.roles(frame), "the table", "DATA"
    info = context.data(ref)
    frame = data.simple(context.frame(info.frame))
    told = {column.name: column.role for column in info.columns}
    newest = context.data(info.name).version == info.version
    return (
        frame,
        profile.roles(frame, _texts(told, frame)),
        info.ref,
        info.name if newest else info.ref,
    )


def _texts(told: dict[str, str], frame: pd.DataFrame) -> list[str]:
    """Return the columns that were declared to be prose."""
    return [
        name
        for name, role in told.items()
        if role == "text" and pd.api.types.is_string_dtype(frame[name].dtype)
    ]


def _task(y: pd.Series) -> str | None:
    """Return the task a target suggests, if it suggests one."""
    known = y.dropna()
    if known.dtype.kind == "f":
        known = known[np.isfinite(known)]
    if not len(known) or pd.api.types.is_datetime64_any_dtype(known.dtype):
        return None
    return targets_of.guess(known)
