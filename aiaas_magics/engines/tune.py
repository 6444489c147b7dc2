"""Tune: scikit-learn's grid search, told as it goes, stopped when asked, the best refitted."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import joblib
import msgspec
import pandas as pd
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.pipeline import Pipeline

from aiaas_magics import errors
from aiaas_magics.cards import charts
from aiaas_magics.engines import (
    learning,
    ownestimators,
    pictures,
    splitting,
    suspicions,
    weighing,
)
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.measuring import NEED_PROBA
from aiaas_magics.engines.scoring import Scorer, scorer
from aiaas_magics.engines.train import held_out_scores
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.metrics import DEFAULT, Metric, check_metric
from aiaas_magics.specs.results import Chart, ModelResult, Trial
from aiaas_magics.specs.tune import TuneSpec

Candidate = dict[str, Any]
PREFIX = "model__"


def run(spec: TuneSpec, context: Context) -> ModelResult:
    """Search, refit the best, register it."""
    task = learning.assemble(spec, context)
    spec = _asked_or_tried(spec, task.task, context)
    metric = check_metric(spec.metric or DEFAULT[task.task], task.task)
    first = {name: _telling(values) for name, values in spec.params.items()}
    pipeline = learning.build(task, spec, context, first)
    _check_metric(metric, pipeline)
    X, y = learning.training_rows(task)
    folds = splitting.folds(task, spec.cv, spec.seed, metric=metric.name)
    search = _searching(pipeline, spec, metric, folds, context)
    search.classes = task.classes
    with (
        learning.fitting(context, algo=spec.algo),
        joblib.parallel_config("threading", n_jobs=context.cores),
    ):
        _fit(search, X, y, spec, learning.training_weights(task))
        ownestimators.check_predictions(search.best_estimator_, X, spec, task.classes)
        scores = held_out_scores(search.best_estimator_, task)
    best = _asked(search.best_params_, spec.params)
    params = ownestimators.params_of(spec, search.best_estimator_, best)
    balanced = best.get("class_weight") is not None
    suspicions.tell(task, spec.target, scores, context, balanced=balanced)
    found = trials(search.cv_results_, metric, spec)
    if not found:
        raise errors.DataError(
            f"{metric.name} is undefined for every candidate",
            "on at least one of its folds",
            "another --metric, or fewer folds: --cv 2",
        )
    info = learning.register(
        search.best_estimator_,
        task,
        spec,
        context,
        partial=search.partial,
        params=params,
        scores=scores,
    )
    return ModelResult(
        ref=info.ref, algo=spec.algo, task=task.task, target=spec.target, classes=task.classes,
        features=tuple(map(str, task.X.columns)), params=params, rows=len(X), weights=spec.weights,
        held_out=len(task.test),
        seconds=search.refit_time_, scores=scores, metric=metric.name, trials=found, cells=spec.cells,
        charts=pictures.render(pictured(found, spec, metric), context), partial=search.partial,
    )  # fmt: skip


def _asked_or_tried(spec: TuneSpec, task: str, context: Context) -> TuneSpec:
    """Return a spec with a grid: where none was asked for, the algorithm's own."""
    if spec.params:
        return spec
    found = {n: list(v) for n, v in algorithms.grid(algorithms.find(spec.algo), task).items()}
    tried = msgspec.structs.replace(spec, params=found)
    name, values = next(iter(found.items()))
    context.warn(
        f"no values to try were given: {tried.cells} combinations of {', '.join(found)} are compared",
        f"{name}={values}",
    )
    return tried


def _telling(values: Sequence[JSON]) -> JSON:
    """Return the value an estimator is made for: one with class weights can do without, not the reverse."""
    return next((value for value in values if isinstance(value, dict)), values[0])


class _Fits:
    """Scores fitted folds, and tells how many of them are done; called by many threads."""

    def __init__(self, score: Scorer, metric: Metric, total: int, context: Context) -> None:
        self._score, self._metric, self._total, self._context = score, metric, total, context
        self._lock, self.done, self.best = threading.Lock(), 0, -math.inf

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Return the score of one fold."""
        found = self._score(estimator, X, y)
        self.tell(1)
        return found

    def tell(self, more: int) -> None:
        """Tell that so many more folds are done."""
        with self._lock:
            self.done += more
            shown = f"{self.done} of {self._total} fits"
            if math.isfinite(self.best):
                shown += f", best {self._metric.name} {_natural(self.best, self._metric):.4g}"
            self._context.progress(self.done, self._total + 1, shown)


class _Search(GridSearchCV):
    """GridSearchCV that evaluates its candidates in groups, tells each, and ends early when asked.

    ``_run_search`` is the hook scikit-learn documents for other orders of search. Threads are shared over
    candidates x folds: the trees and the linear algebra inside run without the interpreter's lock, and
    a pool of processes would take 1.5 to 4 s to start.
    """

    # Not parameters of the estimator, so not arguments of its constructor: see `_searching`.
    context: Context
    metric: Metric
    fits: _Fits
    asked: Collection[str]
    complete: Callable[[Candidate], Candidate]
    classes: Sequence[JSON]
    partial = False

    def _run_search(
        self, evaluate_candidates: Callable[[Sequence[Candidate]], Mapping[str, Any]]
    ) -> None:
        candidates = [self._completed(each) for each in ParameterGrid(self.param_grid)]
        folds, kept = self.cv.get_n_splits(), 0
        failure: ValueError | None = None
        for done, group in _groups(candidates, self.context.cores):
            try:
                results = evaluate_candidates(group)
            except ValueError as error:  # all of this group failed: the others may not
                if "fits failed" not in str(error):
                    raise
                failure = error
                self.context.warn(f"{self._some(group)} could not be fitted: {_last_line(error)}")
            else:
                for place in range(kept, kept + len(group)):
                    self._tell(
                        *(
                            results[k][place]
                            for k in ("params", "mean_test_score", "std_test_score")
                        )
                    )
                kept += len(group)
            self.fits.tell(folds * done - self.fits.done)  # those that failed were not scored
            if self.context.stopping() and kept and done < len(candidates):
                self.partial = True
                return
        if not kept and failure is not None:
            raise failure

    def _tell(self, params: Candidate, mean: float, std: float) -> None:
        if math.isfinite(mean):
            self.fits.best = max(self.fits.best, mean)
            asked = _asked(params, self.asked)
            self.context.trial(asked, _natural(mean, self.metric), float(std))

    def _completed(self, candidate: Candidate) -> Candidate:
        whole = self.complete({n.removeprefix(PREFIX): value for n, value in candidate.items()})
        whole = weighing.of_classes(whole, self.classes)
        return {PREFIX + name: value for name, value in whole.items()}

    def _some(self, group: Sequence[Candidate]) -> str:
        plain = [_asked(each, self.asked) for each in group]
        return ", ".join(map(str, plain[:2])) + (" and more" if len(plain) > 2 else "")


def _searching(
    pipeline: Pipeline, spec: TuneSpec, metric: Metric, cv: Any, context: Context
) -> _Search:
    grid = {PREFIX + name: values for name, values in spec.params.items()}
    fits = _Fits(scorer(metric), metric, spec.cells * spec.cv, context)
    search = _Search(pipeline, grid, scoring=fits, cv=cv, refit=True, error_score=math.nan)
    search.context, search.metric, search.fits = context, metric, fits
    search.asked, search.complete = spec.params, ownestimators.recipe_of(spec, context).complete
    return search


def _asked(params: Candidate, names: Collection[str]) -> dict[str, JSON]:
    """Return the parameters that were asked for, without those that follow from them."""
    plain = {name.removeprefix(PREFIX): value for name, value in params.items()}
    return {name: weighing.told(value) for name, value in plain.items() if name in names}


def trials(results: Mapping[str, Any], metric: Metric, spec: TuneSpec) -> tuple[Trial, ...]:
    """Return the candidates of a search, best first; those that failed are left out."""
    order = sorted(range(len(results["params"])), key=lambda i: results["rank_test_score"][i])
    return tuple(
        Trial(
            params=_asked(results["params"][i], spec.params),
            mean=_natural(results["mean_test_score"][i], metric), std=float(results["std_test_score"][i]),
            folds=tuple(_natural(results[f"split{k}_test_score"][i], metric) for k in range(spec.cv)),
            seconds=float(results["mean_fit_time"][i]), rank=int(results["rank_test_score"][i]),
        )
        for i in order
        if math.isfinite(results["mean_test_score"][i])
    )  # fmt: skip


def pictured(found: Sequence[Trial], spec: TuneSpec, metric: Metric) -> list[Chart]:
    """Return a chart a parameter, and a heat map of the first two."""
    several = [name for name, values in spec.params.items() if len(values) > 1]
    drawn = [_effect(found, spec.params[name], name, metric) for name in several]
    if len(several) >= 2:
        drawn.append(_heat(found, spec, several[0], several[1], metric))
    return drawn


def _effect(found: Sequence[Trial], values: Sequence[JSON], name: str, metric: Metric) -> Chart:
    rows = []
    for value in values:
        mine = [t for t in found if t.params[name] == value and type(t.params[name]) is type(value)]
        if mine:
            best = min(mine, key=lambda t: t.rank)
            rows.append(
                {
                    "x": str(value),
                    "y": best.mean,
                    "low": best.mean - best.std,
                    "high": best.mean + best.std,
                }
            )
    best_value = str(found[0].params[name])
    title = f"{metric.name} by {name}"
    text = f"{title}: best at {best_value}, {found[0].mean:.3g}"
    return charts.errorbars(
        f"by_{name}",
        title,
        text,
        rows,
        x=name,
        y=f"best mean {metric.name} ± sd of folds",
        best=best_value,
    )


def _heat(found: Sequence[Trial], spec: TuneSpec, x: str, y: str, metric: Metric) -> Chart:
    best: dict[tuple[str, str], Trial] = {}
    for trial in found:  # best first
        best.setdefault((str(trial.params[x]), str(trial.params[y])), trial)
    means = [trial.mean for trial in best.values()]
    low, high = min(means), max(means)
    places = [
        (str(a), str(b)) for b in spec.params[y] for a in spec.params[x] if (str(a), str(b)) in best
    ]
    rows = [
        {
            "x": a,
            "y": b,
            "value": best[a, b].mean,
            "share": (best[a, b].mean - low) / (high - low or 1.0),
        }
        for a, b in places
    ]
    title = f"best mean {metric.name} by {x} and {y}"
    text = f"{title}: {low:.3g} to {high:.3g}"
    return charts.matrix("heat", title, text, rows, x=x, y=y, number=metric.name, form=".4~g")


def _last_line(error: ValueError) -> str:
    """Return what the estimator said, at the end of scikit-learn's report of failed fits."""
    return [line for line in str(error).strip().splitlines() if line.strip()][-1]


def _groups(
    candidates: Sequence[Candidate], size: int
) -> Iterator[tuple[int, Sequence[Candidate]]]:
    """Yield groups of candidates, each with the number of those done after it."""
    for start in range(0, len(candidates), size):
        group = candidates[start : start + size]
        yield start + len(group), group


def _natural(score: float, metric: Metric) -> float:
    return float(score) if metric.greater_is_better else -float(score)


def _check_metric(metric: Metric, pipeline: Pipeline) -> None:
    if metric.name in NEED_PROBA and not hasattr(pipeline.steps[-1][1], "predict_proba"):
        name = type(pipeline.steps[-1][1]).__name__
        raise errors.SpecError(
            f"{metric.name} needs probabilities",
            f"{name} gives none with these parameters",
            "--metric accuracy",
        )


def _fit(search: _Search, X: pd.DataFrame, y: pd.Series, spec: TuneSpec, weights: Any) -> None:
    more = {} if weights is None else {f"{PREFIX}sample_weight": weights}
    try:
        search.fit(X, y, **more)
    except ValueError as error:
        if "fits failed" not in str(error):
            raise
        said = _last_line(error)
        raise errors.DataError(
            f"{spec.algo} could not be fitted with any of the parameters", said, "try fewer values"
        ) from error
