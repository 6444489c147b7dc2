"""Which columns matter, and how: permutation importance and partial dependence of any model."""

from __future__ import annotations

from typing import Any

import numpy as np

from aiaas_magics.cards.style import one_line
from aiaas_magics.engines import importance as permuting
from aiaas_magics.engines import measuring
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.evaluation import Found, alike, dependence, thresholds
from aiaas_magics.engines.evaluation.subject import Subject
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.metrics import DEFAULT
from aiaas_magics.specs.results import Score


def importance(
    who: Subject, outcome: measuring.Outcome, spec: EvaluateSpec, context: Context
) -> tuple[tuple[Score, ...], Found]:
    """Return the permutation importance of each column; warn of columns that share theirs."""
    if not spec.shuffles:
        return (), Found()
    task, truth = who.info.task, outcome.truth
    metric = measuring.MEASURES[DEFAULT[task]]
    known = np.array(who.info.signature.classes) if outcome.classes else None

    def score(rows: np.ndarray, calls: np.ndarray) -> float:
        made = (
            calls.astype("float64")
            if known is None
            else np.searchsorted(known, calls.astype(known.dtype))
        )
        part = measuring.Outcome(truth[rows], made, None, outcome.classes)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(metric(part, np.ones((1, len(rows))))[0])

    ranked, note = permuting.importance(
        lambda X: np.asarray(who.pipeline.predict(X)), who.X, score, shuffles=spec.shuffles,
        confidence=spec.confidence, seed=spec.seed, context=context,
    )  # fmt: skip
    if not ranked:
        return (), Found()
    same = alike.words(alike.groups(who.X, who.roles()))
    if same:
        context.warn(same)
    chart, grid = permuting.picture(ranked, DEFAULT[task])
    return ranked, Found((note,) if note else (), (grid,), (chart,))


def effects(
    who: Subject,
    ranked: tuple[Score, ...],
    classes: list[str],
    spec: EvaluateSpec,
    context: Context,
) -> Found:
    """Return how the answer moves with the columns asked for, or with the most important ones."""
    roles = who.roles()
    usual = [score.metric for score in ranked if roles.get(score.metric) != "text"][: spec.effects]
    names = list(spec.columns) or usual
    if not names:
        return Found()
    context.progress(0, 1, "partial dependence")
    answer, curves_, what = _answer(who, classes, spec.positive)
    shown = dependence.effects(answer, who.X, roles, names, spec.seed)
    return dependence.found(shown, curves_, what, lines=bool(spec.rows))


def _answer(
    who: Subject, classes: list[str], positive: str | None
) -> tuple[dependence.Answer, list[str], str]:
    """Return what a model says of rows, a column a curve; the curves' names; and what that is."""
    if who.info.task == "regression":
        return (
            lambda X: np.asarray(who.pipeline.predict(X), "float64")[:, None],
            [one_line(who.info.target, 40)],
            f"predicted {one_line(who.info.target, 40)}",
        )
    places = list(range(len(classes)))[: dependence.MOST_CLASSES]
    if len(classes) == 2:
        places = [thresholds.place_of(positive, classes)]
    gives = hasattr(who.pipeline, "predict_proba")
    known = np.array(who.info.signature.classes)

    def answer(X: Any) -> np.ndarray:
        if gives:
            return np.asarray(who.pipeline.predict_proba(X))[:, places]
        calls = np.asarray(who.pipeline.predict(X)).astype(known.dtype)
        return (calls[:, None] == known[places][None, :]).astype("float64")

    what = "probability" if gives else "share called"
    names = [one_line(classes[k], 40) for k in places]
    if len(names) == 1:
        return answer, names, f"{what}{' of' if gives else ''} {names[0]}"
    return answer, names, what if gives else f"{what} so"
