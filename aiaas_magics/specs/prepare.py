"""Prepare: steps from raw columns to numbers, remembered so that they can be repeated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from aiaas_magics import errors
from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.steps import (
    DATE_ORDERS,
    DECIMALS,
    ENCODERS,
    IMPUTERS,
    SCALERS,
    Step,
    check_values,
    given,
)
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb

__all__ = ["PREPARE", "PrepareSpec", "Step"]


class PrepareSpec(Spec, frozen=True, kw_only=True, tag="prepare"):
    """Prepare stored data and store the result under a name, recipe and all.

    The steps run in this order whatever the order of the options: drop/keep columns, fix types,
    declare prose, drop repeated rows, drop rows with gaps, clip, impute, dates, rare categories,
    encode, tfidf, scale, select. A ``preview`` stores nothing.
    """

    MAKES: ClassVar[str] = "data"

    data: str
    as_: str = ""
    target: str | None = None
    """A column that no step touches, but for fix (it may be text that stands for numbers)."""
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    fix: bool = False
    decimal: str | None = None
    date_order: str | None = None
    texts: tuple[str, ...] = ()
    distinct: bool = False
    dropna: bool = False
    clip: float | None = None
    fence: float | None = None
    impute: str | None = None
    fill: str | None = None
    indicator: bool = False
    dates: bool = False
    rare: float | None = None
    encode: str | None = None
    tfidf: int | None = None
    scale: str | None = None
    variance: float | None = None
    correlated: float | None = None
    select: int | None = None
    columns: tuple[str, ...] = ()
    """Restricts fix, clip, impute, rare, encode and scale to these columns."""
    preview: bool = False

    def __post_init__(self) -> None:
        if self.as_ or not self.preview:
            _check_as(self.as_)
        check_values(self)
        self._check_pairs()
        if not self.steps():
            raise errors.SpecError(
                "nothing to prepare", "name at least one step", "--dropna --scale standard"
            )

    def _check_pairs(self) -> None:
        if self.keep and self.drop:
            raise _contradict(
                "keep", "drop", "what is not kept is dropped", f"--keep {','.join(self.keep)}"
            )
        if self.dropna and self.impute:
            raise _contradict(
                "dropna",
                "impute",
                "rows with gaps are dropped or filled",
                f"--impute {self.impute}",
            )
        if self.clip is not None and self.fence is not None:
            raise _contradict(
                "clip", "fence", "outliers are told by quantiles or by quartiles", "--fence 1.5"
            )
        for word, needs, is_there, try_ in (
            ("fill", "--impute constant", self.impute == "constant", "--impute constant --fill 0"),
            ("indicator", "--impute", self.impute is not None, "--impute median --indicator"),
            ("decimal", "--fix", self.fix, "--fix --decimal comma"),
            ("date-order", "--fix", self.fix, "--fix --date-order dmy"),
        ):
            if getattr(self, word.replace("-", "_")) and not is_there:
                raise errors.SpecError(f"--{word} goes with {needs}", "alone it does nothing", try_)
        if self.impute == "constant" and self.fill is None:
            raise errors.SpecError(
                "--impute constant needs --fill",
                "the value of every gap",
                "--impute constant --fill 0",
            )
        if self.target is None:
            self._check_targetless()

    def _check_targetless(self) -> None:
        choosing = given(select=self.select, correlated=self.correlated, variance=self.variance)
        for name in choosing:
            why = (
                "columns are judged by what they tell of it" if name == "select" else "it must stay"
            )
            raise errors.SpecError(f"--{name} needs --target", why, "--target COLUMN")
        if self.encode == "target":
            why = "a category becomes what the target is for it"
            raise errors.SpecError("--encode target needs --target", why, "--target COLUMN")

    def steps(self) -> tuple[Step, ...]:
        """Return the recipe in the order it is carried out."""
        return tuple(self._steps())

    def _steps(self) -> Iterable[Step]:
        columns = self.columns
        if self.keep:
            yield Step(op="keep", columns=self.keep)
        if self.drop:
            yield Step(op="drop", columns=self.drop)
        if self.fix:
            known = given(decimal=self.decimal, date_order=self.date_order)
            yield Step(op="fix", settings=known, columns=columns)
        if self.texts:
            yield Step(op="texts", columns=self.texts)
        if self.distinct:
            yield Step(op="distinct")
        if self.dropna:
            yield Step(op="dropna")
        if self.clip is not None:
            yield Step(op="clip", settings={"share": self.clip}, columns=columns)
        if self.fence is not None:
            yield Step(op="clip", method="fence", settings={"factor": self.fence}, columns=columns)
        if self.impute:
            known = given(fill=self.fill, indicator=self.indicator or None)
            yield Step(op="impute", method=self.impute, settings=known, columns=columns)
        yield from self._later_steps()

    def _later_steps(self) -> Iterable[Step]:
        columns = self.columns
        if self.dates:
            yield Step(op="dates")
        if self.rare is not None:
            yield Step(op="rare", settings={"share": self.rare}, columns=columns)
        if self.encode:
            yield Step(op="encode", method=self.encode, columns=columns)
        if self.tfidf is not None:
            yield Step(op="tfidf", settings={"words": self.tfidf})
        if self.scale:
            yield Step(op="scale", method=self.scale, columns=columns)
        chosen = given(variance=self.variance, correlated=self.correlated, best=self.select)
        for method, value in chosen.items():
            yield Step(op="select", method=method, settings={method: value})


def _check_as(name: str) -> None:
    if not name:
        raise errors.SpecError(
            "%aiaas_prepare needs --as",
            "the name to store the result under",
            "--as ready, or --preview",
        )
    check_name(name)


def _contradict(one: str, other: str, why: str, try_: str) -> errors.SpecError:
    return errors.SpecError(f"--{one} and --{other} contradict each other", why, try_)


PREPARE = Verb(
    "prepare",
    "fix, fill, encode, scale and choose",
    "Prepares stored data and stores the result under a new name. The steps are kept: a model "
    "trained on prepared data fits them on its training rows only, carries them, and takes raw rows "
    "when it is evaluated or served. The data it was made from stays as it is; a version that was a "
    "mistake goes by %aiaas_data delete NAME@VERSION.",
    (
        Action(
            "",
            "prepare data",
            makes="PrepareSpec",
            arguments=(
                Option("data", Kind.DATA, "a DataFrame variable or stored data", required=True),
            ),
            options=(
                Option("as", Kind.NAME, "the name to store the result under"),
                Option("preview", Kind.FLAG, "show what would change, store nothing", False),
                Option("target", Kind.COLUMN, "a column no step touches but --fix"),
                Option(
                    "keep", Kind.COLUMNS, "keep only these columns (x_* means all that fit)", ()
                ),
                Option("drop", Kind.COLUMNS, "drop these columns (x_* means all that fit)", ()),
                Option(
                    "fix",
                    Kind.FLAG,
                    "read text that stands for numbers (1.234,50 €; 12 %), dates (24.11.2026) or truth "
                    "values (yes, no); what cannot be read becomes a gap",
                    False,
                ),
                Option("decimal", Kind.CHOICE, "what marks decimals in --fix", choices=DECIMALS),
                Option("date-order", Kind.CHOICE, "what 1/2/2026 is in --fix", choices=DATE_ORDERS),
                Option(
                    "texts",
                    Kind.COLUMNS,
                    "columns that hold prose: training makes TF-IDF of them",
                    (),
                ),
                Option("distinct", Kind.FLAG, "drop rows that repeat an earlier one", False),
                Option("dropna", Kind.FLAG, "drop rows with missing values", False),
                Option(
                    "clip",
                    Kind.FLOAT,
                    "bring outliers to the quantiles of this share (0.01)",
                    metavar="SHARE",
                ),
                Option(
                    "fence",
                    Kind.FLOAT,
                    "bring outliers to this many interquartile ranges outside the quartiles (1.5)",
                    metavar="FACTOR",
                ),
                Option(
                    "impute",
                    Kind.CHOICE,
                    "fill missing values; knn: from similar rows, iterative: from the other columns",
                    choices=IMPUTERS,
                ),
                Option("fill", Kind.TEXT, "the value of --impute constant", metavar="VALUE"),
                Option(
                    "indicator", Kind.FLAG, "add columns that say which values were filled", False
                ),
                Option(
                    "dates", Kind.FLAG, "turn dates into year, month, day, weekday, hour", False
                ),
                Option(
                    "rare",
                    Kind.FLOAT,
                    "put categories rarer than this share into one (0.01)",
                    metavar="SHARE",
                ),
                Option("encode", Kind.CHOICE, "turn categories into numbers", choices=ENCODERS),
                Option(
                    "tfidf",
                    Kind.INT,
                    "turn prose into the weights of so many words",
                    metavar="WORDS",
                ),
                Option("scale", Kind.CHOICE, "bring numbers to a common scale", choices=SCALERS),
                Option(
                    "variance",
                    Kind.FLOAT,
                    "drop numbers that vary no more than this (0)",
                    metavar="LEAST",
                ),
                Option(
                    "correlated",
                    Kind.FLOAT,
                    "drop numbers correlated more than this with an earlier one (0.95)",
                    metavar="MOST",
                ),
                Option(
                    "select",
                    Kind.INT,
                    "keep so many numbers: those that tell most of the target",
                    metavar="K",
                ),
                Option(
                    "columns",
                    Kind.COLUMNS,
                    "fix, clip, impute, encode and scale only these columns",
                    (),
                ),
                *SUBMISSION,
            ),
            examples=(
                "%aiaas_prepare cancer --dropna --scale maxabs --as clean",
                "%aiaas_prepare sales --fix --target price --preview",
                "%aiaas_prepare sales --impute median --dates --rare 0.01 --encode onehot --as ready",
            ),
        ),
    ),
)
