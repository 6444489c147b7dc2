"""The metrics: names are scikit-learn's scorer names, without ``neg_``."""

from __future__ import annotations

from aiaas_magics import errors
from aiaas_magics.specs.base import Record


class Metric(Record, frozen=True, kw_only=True, tag="metric"):
    """A number that says how good predictions are."""

    name: str
    task: str
    summary: str
    scorer: str
    """scikit-learn's scorer, of which greater is always better."""
    greater_is_better: bool = True

    def natural(self, score: float) -> float:
        """Return a scorer's score as people know the metric, and the other way: an error is a positive number."""
        return float(score) if self.greater_is_better else -float(score)


def _metric(name: str, task: str, summary: str, scorer: str = "") -> Metric:
    scorer = scorer or name
    return Metric(
        name=name,
        task=task,
        summary=summary,
        scorer=scorer,
        greater_is_better=not scorer.startswith("neg_"),
    )


METRICS: tuple[Metric, ...] = (
    _metric("accuracy", "classification", "share of rows predicted right"),
    _metric(
        "balanced_accuracy", "classification", "mean over classes of the share predicted right"
    ),
    _metric(
        "f1",
        "classification",
        "macro mean over classes of the harmonic mean of precision and recall",
        "f1_macro",
    ),
    _metric(
        "precision",
        "classification",
        "macro mean over classes of the share of calls that are right",
        "precision_macro",
    ),
    _metric(
        "recall",
        "classification",
        "macro mean over classes of the share of members found",
        "recall_macro",
    ),
    _metric(
        "roc_auc",
        "classification",
        "chance that a member scores above a non-member, one class against the rest",
        "roc_auc_ovr",
    ),
    _metric(
        "log_loss",
        "classification",
        "cross-entropy of the predicted probabilities, in nats",
        "neg_log_loss",
    ),
    _metric(
        "brier",
        "classification",
        "mean squared error of the predicted probabilities",
        "neg_brier_score",
    ),
    _metric("r2", "regression", "share of the target's variance explained"),
    _metric(
        "rmse",
        "regression",
        "root of the mean squared error",
        "neg_root_mean_squared_error",
    ),
    _metric("mse", "regression", "mean squared error", "neg_mean_squared_error"),
    _metric("mae", "regression", "mean absolute error", "neg_mean_absolute_error"),
    _metric("median_ae", "regression", "median absolute error", "neg_median_absolute_error"),
)

DEFAULT = {"classification": "accuracy", "regression": "r2"}


def check_metric(name: str, task: str | None = None) -> Metric:
    """Return the metric of that name.

    Raises
    ------
    SpecError
        If there is none, or it does not fit `task`.
    """
    found = next((m for m in METRICS if m.name == name), None)
    if found is None:
        raise errors.SpecError(
            f"unknown metric {name!r}",
            errors.did_you_mean(name, (m.name for m in METRICS)),
            "--metric ?",
        )
    if task is not None and found.task != task:
        fitting = ", ".join(m.name for m in METRICS if m.task == task)
        raise errors.SpecError(
            f"{name} is a {found.task} metric; this is {task}",
            f"fitting: {fitting}",
            f"--metric {DEFAULT[task]}",
        )
    return found
