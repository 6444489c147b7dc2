"""The pictures of an evaluation: confusion, ROC, precision and recall, calibration, residuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_curve,
)

from aiaas_magics.cards import charts
from aiaas_magics.engines.measuring import Outcome, auc
from aiaas_magics.specs.results import Chart, Grid

BINS = 10
MOST_DOTS = 1_000
ONE_CLASS = "undefined, as the rows are of one class"
MOST_CURVES = 7
"""Lines in one picture: as many as the palette has colours."""


def of_classes(outcome: Outcome, names: Sequence[str]) -> tuple[list[Chart], list[Grid]]:
    """Return the pictures and tables of a classification."""
    table = confusion_matrix(outcome.truth, outcome.calls, labels=range(outcome.classes))
    drawn = [_confusion(table, names)] if outcome.classes <= 20 else []
    if outcome.proba is not None:
        drawn += [
            _roc(outcome, names),
            _precision_recall(outcome, names),
            _calibration(outcome, names),
        ]
    return drawn, [_per_class(table, names)]


def of_numbers(outcome: Outcome, target: str, seed: int) -> list[Chart]:
    """Return the pictures of a regression; of more than a thousand rows a sample."""
    rows = np.arange(len(outcome.truth))
    if len(rows) > MOST_DOTS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_DOTS, replace=False))
    truth, calls = outcome.truth[rows], outcome.calls[rows]
    gaps = outcome.truth - outcome.calls
    text = f"residuals of {target}: median {np.median(gaps):.4g}, half of them within {np.median(np.abs(gaps)):.4g}"
    dots = [{"x": float(a), "y": float(b - a)} for a, b in zip(calls, truth, strict=True)]
    pairs = [{"x": float(a), "y": float(b)} for a, b in zip(truth, calls, strict=True)]
    title, where = "Residuals", f"predicted {target}"
    residuals = charts.scatter(
        "residuals", title, text, dots, x=where, y=f"true - predicted {target}", rule=0.0
    )
    said = f"correlation of predicted and true {target}: {_correlation(outcome)}"
    fit = charts.scatter(
        "predicted", "Predicted against true", said, pairs, x=f"true {target}", y=where
    )
    return [residuals, fit]


def _correlation(outcome: Outcome) -> str:
    if not (np.ptp(outcome.truth) and np.ptp(outcome.calls)):
        return "undefined, as one of them is constant"
    return f"{np.corrcoef(outcome.truth, outcome.calls)[0, 1]:.3g}"


def _confusion(table: np.ndarray, names: Sequence[str]) -> Chart:
    members = np.maximum(table.sum(axis=1, keepdims=True), 1)
    rows = [
        {
            "x": names[j],
            "y": names[i],
            "value": int(table[i, j]),
            "share": float(table[i, j] / members[i, 0]),
        }
        for i in range(len(names))
        for j in range(len(names))
    ]
    found = (f"{table[i, i]} of {table[i].sum()} {name}" for i, name in enumerate(names))
    text = "found: " + ", ".join(list(found)[:4])
    return charts.matrix(
        "confusion",
        "Confusion matrix",
        text,
        rows,
        x="predicted",
        y="true",
        number="rows",
        form="d",
    )


def _curves(outcome: Outcome, names: Sequence[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield (name, membership, score) of the classes that get a line of their own."""
    proba = outcome.proba if outcome.proba is not None else np.zeros((0, 0))
    which = [1] if outcome.classes == 2 else range(min(outcome.classes, MOST_CURVES))
    for k in which:
        positive = outcome.truth == k
        if positive.any() and not positive.all():
            yield names[k], positive, proba[:, k]


def _roc(outcome: Outcome, names: Sequence[str]) -> Chart:
    rows, areas = [], []
    for name, positive, score in _curves(outcome, names):
        fpr, tpr, _ = roc_curve(positive, score)
        rows += [{"x": x, "y": y, "line": name} for x, y in charts.thin(fpr, tpr)]
        areas.append(f"{name} {auc(score, positive, np.ones((1, len(score))))[0]:.3f}")
    text = "area under the ROC curve: " + (", ".join(areas) or ONE_CLASS)
    return charts.lines(
        "roc",
        "ROC curve",
        text,
        rows,
        x="false positive rate",
        y="true positive rate",
        diagonal=True,
        square=True,
    )


def _precision_recall(outcome: Outcome, names: Sequence[str]) -> Chart:
    rows, areas = [], []
    for name, positive, score in _curves(outcome, names):
        precision, recall, _ = precision_recall_curve(positive, score)
        rows += [
            {"x": x, "y": y, "line": name} for x, y in charts.thin(recall[::-1], precision[::-1])
        ]
        areas.append(f"{name} {average_precision_score(positive, score):.3f}")
    text = "average precision: " + (", ".join(areas) or ONE_CLASS)
    return charts.lines(
        "precision_recall",
        "Precision and recall",
        text,
        rows,
        x="recall",
        y="precision",
        square=True,
    )


def _calibration(outcome: Outcome, names: Sequence[str]) -> Chart:
    """Draw how often it was so against how sure the model was, in bins of about equally many rows.

    The text gives the expected calibration error (Naeini, Cooper, Hauskrecht, AAAI 2015).
    """
    proba = outcome.proba if outcome.proba is not None else np.zeros((0, 0))
    if outcome.classes == 2:
        sure, right, axis = proba[:, 1], outcome.truth == 1, f"predicted probability of {names[1]}"
    else:
        sure, right, axis = proba.max(axis=1), outcome.truth == outcome.calls, "highest probability"
    points = [(float(sure[g].mean()), float(right[g].mean()), len(g)) for g in _bins(sure)]
    error = sum(n * abs(x - y) for x, y, n in points) / len(sure)
    text = f"expected calibration error: {error:.3f}"
    rows = [{"x": x, "y": y, "line": "model"} for x, y, _ in points]
    return charts.lines(
        "calibration",
        "Calibration",
        text,
        rows,
        x=axis,
        y="share that was so",
        diagonal=True,
        points=True,
        square=True,
    )


def _bins(values: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each bin, in the order of their values; equal values share one."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    even = np.linspace(0, len(order), BINS, endpoint=False).astype(int)[1:]
    cuts = np.unique(np.searchsorted(ordered, ordered[even]))
    return [rows for rows in np.split(order, cuts) if len(rows)]


def _per_class(table: np.ndarray, names: Sequence[str]) -> Grid:
    rows = []
    for k, name in enumerate(names):
        hits, members, calls = int(table[k, k]), int(table[k].sum()), int(table[:, k].sum())
        recall = hits / members if members else None
        precision = hits / calls if calls else None
        rows.append(
            (
                name,
                members,
                precision,
                recall,
                2 * hits / (members + calls) if members + calls else None,
            )
        )
    return Grid(
        name="classes",
        title="By class",
        columns=("class", "rows", "precision", "recall", "f1"),
        rows=tuple(rows),
    )
