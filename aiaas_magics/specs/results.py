"""What jobs answer. Numbers, references, charts as data; never a live object."""

from __future__ import annotations

import msgspec

from aiaas_magics.specs.base import JSON, Result


class Chart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Vega-Lite v5 chart: its dict, one line that says what it shows, its PNG's address."""

    name: str
    title: str
    text: str
    spec: dict[str, JSON]
    png: str | None = None


class Grid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A small table for people: a title, column names, rows of JSON values."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[JSON, ...], ...]
    own: tuple[str, ...] = ()
    """Columns that hold the data's own values, which are not rounded to a measure's decimals."""


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column's profile.

    ``role`` is one of number, category, boolean, date, text; ``dtype`` is pandas' name. ``counts``
    are the bars of a histogram: (label, rows) pairs, at most 20.
    """

    name: str
    dtype: str
    role: str
    missing: int
    distinct: int
    low: JSON = None
    high: JSON = None
    mean: float | None = None
    std: float | None = None
    counts: tuple[tuple[str, int], ...] = ()


class DataResult(Result, frozen=True, kw_only=True, tag="data_result"):
    """A stored table: ``ref`` is name@version, ``frame`` the address of its manifest.

    ``base`` and ``steps`` are set for prepared data: the raw rows it was made from (address of a
    manifest) and the recipe; ``changes`` tells what each step did. A model trained on it starts
    from `base`.
    """

    ref: str
    frame: str
    rows: int
    columns: tuple[Column, ...]
    duplicates: int = 0
    size: int = 0
    """Bytes of the values."""
    source: str = ""
    base: str | None = None
    steps: tuple[dict[str, JSON], ...] = ()
    changes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class ExportResult(Result, frozen=True, kw_only=True, tag="export_result"):
    """The address of a written file's bytes."""

    file: str
    format: str
    rows: int
    size: int


class Score(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric's value, its interval, and the dummy baseline's value on the same rows.

    None where it is undefined: the area under the ROC curve of rows of one class, R² of one row.
    """

    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    baseline: float | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One set of parameters: mean, standard deviation and folds of its score, seconds of a fit."""

    params: dict[str, JSON]
    mean: float
    std: float
    folds: tuple[float, ...]
    seconds: float
    rank: int


class ModelResult(Result, frozen=True, kw_only=True, tag="model_result"):
    """A registered model, trained or tuned."""

    ref: str
    algo: str
    task: str
    target: str
    classes: tuple[JSON, ...] = ()
    features: tuple[str, ...] = ()
    params: dict[str, JSON] = {}
    rows: int
    """Rows it learned from."""
    held_out: int
    seconds: float
    """Wall seconds of the (final) fit."""
    scores: tuple[Score, ...] = ()
    """On the held-out rows, the default metric, where there are any."""
    metric: str | None = None
    """What tuning maximised."""
    trials: tuple[Trial, ...] = ()
    cells: int = 0
    charts: tuple[Chart, ...] = ()
    warnings: tuple[str, ...] = ()


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The probability from which calling a class positive costs least, per row, on some rows.

    ``low`` and ``high`` bound it, ``cost`` is its mean cost a row, ``usual`` that of the model's own calls,
    ``fresh`` what to expect of new rows.
    """

    positive: str
    value: float
    low: float
    high: float
    cost: Score
    usual: Score
    fresh: float | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric of two models on the same rows; ``value`` is the first minus the second."""

    metric: str
    first: float | None
    second: float | None
    value: float | None
    low: float | None = None
    high: float | None = None


class EvaluationResult(Result, frozen=True, kw_only=True, tag="evaluation_result"):
    """How good a model is on some rows."""

    model: str
    data: str
    """``held-out rows of cancer@1``, ``new_rows`` ..."""
    task: str
    rows: int
    confidence: float
    scores: tuple[Score, ...]
    importance: tuple[Score, ...] = ()
    """Per column: the drop of the default metric when the column is shuffled; value, low, high."""
    way: str = ""
    """How the intervals were made, where not by a bootstrap of the rows."""
    findings: tuple[str, ...] = ()
    """Sentences that say what was found."""
    threshold: Threshold | None = None
    grids: tuple[Grid, ...] = ()
    charts: tuple[Chart, ...] = ()
    warnings: tuple[str, ...] = ()


class ComparisonResult(Result, frozen=True, kw_only=True, tag="comparison_result"):
    """Two models on the same rows; differences are the first minus the second."""

    model: str
    against: str
    data: str
    task: str
    rows: int
    confidence: float
    way: str
    """How the intervals were made."""
    verdict: str
    """One sentence: which is better, by how much, or that nothing can be told."""
    better: str | None
    """The model that is better in the default metric; None: not distinguishable."""
    differences: tuple[Difference, ...]
    p: float | None = None
    """Of the exact test of McNemar (classification), or of signs (regression); None with folds."""
    findings: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    charts: tuple[Chart, ...] = ()
    warnings: tuple[str, ...] = ()


class EndpointResult(Result, frozen=True, kw_only=True, tag="endpoint_result"):
    """A running endpoint."""

    name: str
    model: str
    url: str
    workers: int
    example: dict[str, JSON]
    """A body that POST /predict answers, made of a row of training data."""
    target: str
