"""What jobs answer. Numbers, references, charts as data; never a live object."""

from __future__ import annotations

import msgspec

from aiaas_magics.specs.base import JSON, Result
from aiaas_magics.specs.builds import Verdict


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


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value before and after a step, as text; an empty text is a gap."""

    column: str
    before: str
    after: str


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one step of a recipe changed: (before, after) counts, values, and up to 3 examples.

    ``text`` says it in a line; ``values`` are cells that hold another value than before.
    """

    step: str
    text: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    values: int = 0
    examples: tuple[Example, ...] = ()

    def __str__(self) -> str:
        return self.text


class DataResult(Result, frozen=True, kw_only=True, tag="data_result"):
    """A stored table: ``ref`` is name@version, ``frame`` the address of its manifest.

    Both are empty for a preview, which is not stored.

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
    changes: tuple[Change, ...] = ()
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
    equality: str = "exact"
    """How its score compares with one of a fit of its own: exact, tolerance, distribution."""
    number: int = 0
    """In the order in which candidates were tried, from 0."""


class Sharing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a search costs, and what it would cost if every candidate was fitted by itself.

    ``shared`` and ``alone`` count ``unit`` over all folds; ``exact`` candidates are certain to be bit-equal to a fit
    of their own before anything is fitted; ``apart`` candidates are fitted by themselves.
    """

    candidates: int
    folds: int
    groups: int
    unit: str
    shared: int
    alone: int
    exact: int
    apart: int = 0
    grower: str = ""
    """How models were made, where there is more than one way: direct, public."""
    text: str = ""
    """All of it in a sentence."""


class Entrant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A candidate of ``--algo auto``: its score over the folds, and what it costs.

    ``low`` and ``high`` are the interval of the mean, corrected for folds that share training rows; None
    where not all folds were seen. ``rows`` says on how many rows it was compared: only entrants of the
    same number can be compared. ``tied``: not told apart from the best on the same folds.
    """

    rank: int
    algo: str
    params: dict[str, JSON] = {}
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    folds: tuple[float, ...] = ()
    rows: int = 0
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    """Of 1,000 rows."""
    tied: bool = False
    note: str = ""


class Remembered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a search knew from before, and did not do again."""

    job: str
    """The job that had found it."""
    whole: bool = False
    """Everything was known: this is what that job answered."""
    fits: int = 0
    """Folds of candidates that were known."""
    candidates: int = 0
    """Candidates all of whose folds were."""
    of: int | None = None
    """Candidates there are, where that is known before they are compared."""

    @property
    def text(self) -> str:
        """One sentence, without a full stop."""
        if self.whole:
            return f"answered from job {self.job}: the same search, data and libraries"
        if self.of is not None and self.candidates:
            return f"{self.candidates} of {self.of} candidates known from job {self.job}"
        return f"{self.fits} fits known from job {self.job}"


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
    weights: str | None = None
    """The column that said how much each of them counts."""
    held_out: int
    seconds: float
    """Wall seconds of the (final) fit."""
    scores: tuple[Score, ...] = ()
    """On the held-out rows, the default metric, where there are any."""
    metric: str | None = None
    """What tuning maximised."""
    trials: tuple[Trial, ...] = ()
    cells: int = 0
    strategy: str = ""
    """How the candidates were chosen: grid, random, halving, optuna; and why, in `reason`."""
    reason: str = ""
    sharing: Sharing | None = None
    """What was planned, and done."""
    remembered: Remembered | None = None
    """What of a search was known before it began."""
    leaderboard: tuple[Entrant, ...] = ()
    """What ``--algo auto`` compared, best first."""
    budget: float | None = None
    """Seconds it had for that; None where trials were counted."""
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


class ImportResult(Result, frozen=True, kw_only=True, tag="import_result"):
    """A model of somebody else's, registered."""

    ref: str
    algo: str
    task: str
    target: str
    estimator: str
    """Its class, by module and name."""
    source: str
    """What the user calls the file."""
    digest: str
    """sha256 of the file."""
    classes: tuple[JSON, ...] = ()
    features: tuple[str, ...] = ()
    params: dict[str, JSON] = {}
    """Its parameters that are not scikit-learn's defaults."""
    rows: int = 0
    """Rows of the sample; 0: there was none, and names or types are guessed."""
    scores: tuple[Score, ...] = ()
    """On the sample, the default metric, where it holds the target."""


class ModelExportResult(Result, frozen=True, kw_only=True, tag="model_export_result"):
    """The address of a written model's bytes; of a folder those of an archive of it."""

    model: str
    file: str
    format: str
    size: int
    checked: str = ""
    """What was compared with scikit-learn's own answers, and how far they agree."""


class ServerExportResult(Result, frozen=True, kw_only=True, tag="server_export_result"):
    """The address of an archive of a folder that serves a model elsewhere."""

    endpoint: str
    model: str
    file: str
    format: str
    size: int
    tier: str
    port: int
    packages: tuple[str, ...] = ()
    """What its server needs installed, each with its version."""
    verdict: str = ""
    """How the tier was proven to answer as scikit-learn does."""
    example: dict[str, JSON] = {}
    """A request that it answers."""


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


class OptimiseResult(Result, frozen=True, kw_only=True, tag="optimise_result"):
    """The form in which a model is served, and how it was proven equal."""

    model: str
    verdict: Verdict


class EndpointResult(Result, frozen=True, kw_only=True, tag="endpoint_result"):
    """A running endpoint; ``verdict`` tells which form of the model serves, and how it was proven equal.

    ``added`` is the version that came beside others or in their place, ``kept`` in words what the endpoint had and nobody asked for.
    """

    name: str
    model: str
    url: str
    workers: int
    example: dict[str, JSON]
    """A body that POST /predict answers, made of a row of training data."""
    target: str
    verdict: Verdict | None = None
    added: str = ""
    kept: tuple[str, ...] = ()
