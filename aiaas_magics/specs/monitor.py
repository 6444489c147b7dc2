"""Monitor: what an endpoint has answered, how fast, whether its rows have drifted, and how right it was."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON, Result, Spec
from aiaas_magics.specs.results import Chart, Grid, Score
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb, grouped

WINDOW = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([smhd]?)\Z")
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
CALLED = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
MOST_SECONDS = 7 * 86400.0
"""How far back an endpoint's counts reach."""
FEWEST_ROWS = 30
"""Rows of a window: fewer are not tested."""
MOST_ROWS = 1_000_000
FEWEST_REQUESTS = 20
"""Below which a share of errors or a percentile is an accident."""


class Window(msgspec.Struct, frozen=True):
    """How far back is looked: `seconds`, or as many `rows` as were answered last."""

    seconds: float | None = None
    rows: int | None = None


def window_of(text: str) -> Window:
    """Return what a word means: ``90s``, ``15m``, ``1h``, ``7d`` are times, ``1000`` is rows.

    Raises
    ------
    SpecError
        If it is neither, or out of range.
    """
    found = WINDOW.match(text.strip())
    if found is None:
        raise errors.SpecError(
            f"--window {text[:20]!r} is no window",
            "a time such as 15m, 1h, 7d, or rows",
            "--window 1h",
        )
    number, unit = float(found[1]), found[2]
    if unit:
        seconds = number * UNITS[unit]
        if not 1 <= seconds <= MOST_SECONDS:
            raise errors.SpecError(f"--window {text} is out of range", "1s to 7d", "--window 1h")
        return Window(seconds=seconds)
    if not number.is_integer() or not FEWEST_ROWS <= number <= MOST_ROWS:
        raise errors.SpecError(
            f"--window {text} is no number of rows",
            f"{FEWEST_ROWS} to {MOST_ROWS:,}",
            "--window 1000",
        )
    return Window(rows=int(number))


def spoken(text: str) -> str:
    """Return a window in words: ``the last hour``, ``the last 15 minutes``, ``the minutes of the last 1,000 rows``."""
    rows = window_of(text).rows
    if rows is not None:
        return f"the minutes of the last {rows:,} rows"
    number, unit = text.strip()[:-1].strip(), CALLED[text.strip()[-1]]
    return f"the last {unit}" if float(number) == 1 else f"the last {number} {unit}s"


class MonitorSpec(Spec, frozen=True, kw_only=True, tag="monitor"):
    """Look at what an endpoint has answered.

    ``labels`` are true answers to rows of some time ago: they are joined by ``key`` (a column that holds what the requests bore
    as ``x-aiaas-key``), else in the order of the requests. ``against`` is a version whose rows are what others are
    compared with, instead of those the model was made of. ``every`` looks again and again, seconds apart, until stopped.
    """

    ENDINGS: ClassVar[dict[str, str]] = {".html": "html"}
    """Of the report."""
    RESTS: ClassVar[str] = "every"

    endpoint: str
    window: str = "1h"
    version: str | None = None
    """The version that is looked at closely; None: the main one."""
    against: str | None = None
    labels: str | None = None
    key: str | None = None
    slow: float = 1.0
    """Seconds; an alert is raised where the 99th percentile is longer."""
    failing: float = 0.01
    """Share of requests; an alert is raised where more fail."""
    every: float = 0.0

    def __post_init__(self) -> None:
        window_of(self.window)
        if self.key is not None and self.labels is None:
            raise errors.SpecError(
                "--key names a column of the labels", "there are none", "--labels df --key id"
            )
        if self.every and not 1 <= self.every <= 86400:
            raise errors.SpecError(
                f"--every {self.every:g} is out of range", "1 second to 24 hours", "--every 1m"
            )
        if not 0 <= self.failing <= 1:
            raise errors.SpecError(
                f"--failing {self.failing:g} is no share", "between 0 and 1", "--failing 0.01"
            )
        if self.slow <= 0:
            raise errors.SpecError(f"--slow {self.slow:g} is no duration", "", "--slow 1s")

    def check_reproducible(self) -> None:
        """Refuse to look again and again where outputs must be the same everywhere."""
        if self.every:
            raise errors.SpecError(
                "--every never ends by itself", "docs_mode is on", "leave it out"
            )


class VersionFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one version did in a window; latencies in seconds, None without requests."""

    model: str
    role: str
    """main, canary, shadow; past: it is served no more."""
    percent: float = 0.0
    tier: str = ""
    requests: int = 0
    rows: int = 0
    rate: float = 0.0
    """Requests a second."""
    p50: float | None = None
    p99: float | None = None
    refused: int = 0
    errors: int = 0
    noted: int = 0
    """Rows unlike those it learned from."""
    compared: int = 0
    """Rows it was asked about as a shadow."""
    agreeing: int = 0
    """Rows of those with the main version's answer."""
    apart: float | None = None
    """Mean difference to the main version's probabilities, or values."""
    failed: int = 0
    """Requests it had no answer to, as a shadow."""


class Drifted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one column, or an answer, compares with its reference.

    ``p`` is corrected for all tests of the window; None: not tested. ``effect`` is the Kolmogorov-Smirnov distance (numbers;
    dates: towards older ones, for time goes on by itself), or the share of rows that moved to other categories.
    """

    name: str
    what: str
    """feature, prediction, probability."""
    kind: str
    """number, date, category, text."""
    rows: int
    effect: float | None = None
    p: float | None = None
    drifted: bool = False
    text: str = ""
    missing: float = 0.0
    missing_before: float = 0.0
    gaps: bool = False
    odd: int = 0
    """Values out of range, or categories that are unknown."""


class Performance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How right a version was, on answered rows whose labels came; a score's ``baseline`` is its value before deployment."""

    model: str
    rows: int
    scores: tuple[Score, ...]


class Alert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something somebody should know. ``name`` is the same as long as it lasts: ``drift:age``, ``errors`` ..."""

    name: str
    text: str
    new: bool = False
    """It was not there when somebody looked last."""


class MonitorResult(Result, frozen=True, kw_only=True, tag="monitor_result"):
    """What an endpoint has answered."""

    endpoint: str
    model: str
    """The version that was looked at closely."""
    target: str
    window: str
    """In words."""
    since: float
    until: float
    """Seconds since 1970."""
    state: str = "READY"
    """Of the endpoint: STOPPED, LOST and FAILED ones answer nobody."""
    ever: int = 0
    """Requests to its versions since it first ran."""
    versions: tuple[VersionFigures, ...]
    drift: tuple[Drifted, ...] = ()
    rows: int = 0
    """Rows that were compared with the reference."""
    reference: str = ""
    """What they were compared with; empty: with nothing."""
    performance: tuple[Performance, ...] = ()
    labelled: str = ""
    """How many labels found their rows."""
    alerts: tuple[Alert, ...] = ()
    over: tuple[str, ...] = ()
    """Names of alerts that have ended."""
    turned_away: int = 0
    """Requests that reached no version: without a token, to no address."""
    lost: int = 0
    thinned: int = 0
    """Requests and rows nobody could look at, since the endpoint first ran."""
    grids: tuple[Grid, ...] = ()
    charts: tuple[Chart, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: dict[str, JSON] = {}
    """How many rows are kept of each version."""


MONITOR = Verb(
    "monitor",
    "see what an endpoint answers, how fast, and whether its rows have drifted",
    "Rate, latency and errors of each version; drift of each column and of the predictions against what the model was "
    "made of, by tests that know how many rows they see; gaps, values out of range, unknown categories; how right the "
    "model was, once labels come. What passes a limit is an alert, told when it begins and when it ends.",
    (
        Action(
            "",
            "look at an endpoint",
            makes="MonitorSpec",
            arguments=(Option("endpoint", Kind.ENDPOINT, "the endpoint", required=True),),
            options=(
                Option(
                    "window",
                    Kind.WINDOW,
                    "how far back: a time (15m, 1h, 7d), or the last so many rows (1000); labels in order are theirs",
                    "1h",
                ),
                Option(
                    "version",
                    Kind.VERSION,
                    "the version looked at closely, clf@4 or 4 (default: the main one)",
                ),
                Option(
                    "against",
                    Kind.VERSION,
                    "compare with the rows of this version, not with those the model was made of",
                ),
                Option("every", Kind.DURATION, "look again and again, until stopped", metavar="1m"),
                *grouped(
                    "how right it was",
                    Option(
                        "labels",
                        Kind.DATA,
                        "true answers: a column named as the target, None where there is none yet",
                    ),
                    Option(
                        "key",
                        Kind.COLUMN,
                        "their column with what the requests bore as x-aiaas-key (default: a label a row, in order)",
                    ),
                ),
                *grouped(
                    "alerts",
                    Option(
                        "slow",
                        Kind.DURATION,
                        f"p99 above this is an alert, from {FEWEST_REQUESTS} requests on",
                        1.0,
                        metavar="500ms",
                    ),
                    Option(
                        "failing",
                        Kind.FLOAT,
                        f"a larger share of errors is an alert; of fewer than {FEWEST_REQUESTS} requests two must fail",
                        0.01,
                    ),
                ),
                *grouped(
                    "the report",
                    Option("report", Kind.PATH, "also write a page with everything: report.html"),
                    Option("replace", Kind.FLAG, "write over a report that is there", False),
                ),
                *SUBMISSION,
            ),
            examples=(
                "%aiaas_monitor credit-api",
                "%aiaas_monitor credit-api --window 1000 --report report.html",
                "%aiaas_monitor credit-api --labels outcomes --key id",
                "%aiaas_monitor credit-api --against clf@3",
            ),
        ),
    ),
)
