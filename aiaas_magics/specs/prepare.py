"""Prepare: steps from raw columns to numbers, remembered so that they can be repeated."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON, Spec
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb

IMPUTERS = ("mean", "median", "most_frequent", "zero")
SCALERS = ("standard", "minmax", "maxabs")
ENCODERS = ("onehot", "ordinal")


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step: an operation, the columns it works on (empty: all it can), its settings.

    Operations: ``code`` (the user's own Python, in the setting ``source``); ``drop``, ``keep``
    (columns); ``dropna`` (rows); ``impute``, ``dates``, ``encode``, ``scale``. Row operations change which rows there are and are not repeated when serving; column
    operations are fitted on training rows only and travel inside the model.
    """

    op: str
    columns: tuple[str, ...] = ()
    method: str = ""
    settings: dict[str, JSON] = {}


class PrepareSpec(Spec, frozen=True, kw_only=True, tag="prepare"):
    """Prepare stored data and store the result under a name, recipe and all.

    The steps run in this order whatever the order of the options: code, drop/keep columns, drop rows,
    impute, dates, encode, scale.

    ``code`` works on ``df``, raw rows with all their columns, in place or by binding it anew; ``pd`` and
    ``np`` are there. Rows it drops are left out before any split; columns it adds, changes or drops are
    the features. It is the first step of every model trained on the result, which runs it again on raw
    features without the target, when it is evaluated or served; there it must keep every row.
    """

    MAKES: ClassVar[str] = "data"

    data: str
    as_: str
    target: str | None = None
    """A column no step touches; code may, and is told so."""
    code: str | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    dropna: bool = False
    impute: str | None = None
    encode: str | None = None
    scale: str | None = None
    dates: bool = False
    columns: tuple[str, ...] = ()
    """Restricts impute, encode and scale to these columns."""

    def __post_init__(self) -> None:
        check_name(self.as_)
        for word, known in (
            (self.impute, IMPUTERS),
            (self.encode, ENCODERS),
            (self.scale, SCALERS),
        ):
            if word is not None and word not in known:
                raise errors.SpecError(f"unknown method {word!r}", errors.did_you_mean(word, known))
        if self.keep and self.drop:
            raise errors.SpecError(
                "--keep and --drop contradict each other",
                "what is not kept is dropped",
                f"--keep {','.join(self.keep)}",
            )
        if self.dropna and self.impute:
            raise errors.SpecError(
                "--dropna and --impute contradict each other",
                "rows with gaps are dropped or filled",
                f"--impute {self.impute}",
            )
        if not self.steps():
            raise errors.SpecError(
                "nothing to prepare", "name at least one step", "--dropna --scale standard"
            )

    def steps(self) -> tuple[Step, ...]:
        """Return the recipe in the order it is carried out."""
        chosen = [
            Step(op="code", settings={"source": self.code}) if self.code else None,
            Step(op="keep", columns=self.keep) if self.keep else None,
            Step(op="drop", columns=self.drop) if self.drop else None,
            Step(op="dropna") if self.dropna else None,
            Step(op="impute", columns=self.columns, method=self.impute) if self.impute else None,
            Step(op="dates") if self.dates else None,
            Step(op="encode", columns=self.columns, method=self.encode) if self.encode else None,
            Step(op="scale", columns=self.columns, method=self.scale) if self.scale else None,
        ]
        return tuple(step for step in chosen if step is not None)


PREPARE = Verb(
    "prepare",
    "drop, fill, encode and scale",
    "Prepares stored data and stores the result under a new name. The steps are kept: a model "
    "trained on prepared data fits them on its training rows only, carries them, and takes raw rows "
    "when it is evaluated or served. In the cell form the body is Python that works on df, with pd and "
    "np: rows it drops are left out before the split, columns it makes are features, and the model runs "
    "it again on each raw row it is asked about, without the target.",
    (
        Action(
            "",
            "prepare data",
            makes="PrepareSpec",
            arguments=(
                Option("data", Kind.DATA, "a DataFrame variable or stored data", required=True),
            ),
            options=(
                Option("as", Kind.NAME, "the name to store the result under", required=True),
                Option("target", Kind.COLUMN, "a column no step touches"),
                Option(
                    "code",
                    Kind.CODE,
                    "Python that works on df, carried out first and repeated by the model; as a magic it is "
                    "the body of the cell",
                ),
                Option("keep", Kind.COLUMNS, "keep only these columns", ()),
                Option("drop", Kind.COLUMNS, "drop these columns", ()),
                Option("dropna", Kind.FLAG, "drop rows with missing values", False),
                Option("impute", Kind.CHOICE, "fill missing values", choices=IMPUTERS),
                Option(
                    "dates", Kind.FLAG, "turn dates into year, month, day, weekday, hour", False
                ),
                Option("encode", Kind.CHOICE, "turn categories into numbers", choices=ENCODERS),
                Option("scale", Kind.CHOICE, "bring numbers to a common scale", choices=SCALERS),
                Option("columns", Kind.COLUMNS, "impute, encode and scale only these columns", ()),
                *SUBMISSION,
            ),
            examples=(
                "%aiaas_prepare cancer --dropna --scale maxabs --as clean",
                "%aiaas_prepare sales --impute median --dates --encode onehot --as ready",
                "%%aiaas_prepare people --dropna --as ready\n"
                "df['bmi'] = df['weight'] / (df['height'] / 100) ** 2",
            ),
        ),
    ),
    body="code",
)
