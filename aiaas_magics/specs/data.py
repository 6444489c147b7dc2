"""Data: load it, look at it, save it, forget it."""

from __future__ import annotations

from typing import ClassVar

from aiaas_magics import errors
from aiaas_magics.specs.base import Command, Spec
from aiaas_magics.specs.quality import CHECK, QualitySpec
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb

FORMATS = ("csv", "parquet")

__all__ = ["DATA", "DataSpec", "DeleteData", "ExportSpec", "QualitySpec"]


class DataSpec(Spec, frozen=True, kw_only=True, tag="data"):
    """Turn a source into a named, profiled table.

    Exactly one of `frame` (address of a frame's manifest), `file` (address of a file's bytes, with
    its `filename`) and `catalogue` (a name of the built-in catalogue) is given.
    """

    MAKES: ClassVar[str] = "data"

    as_: str
    frame: str | None = None
    file: str | None = None
    filename: str = ""
    catalogue: str | None = None
    entry: str = ""
    """Name in the catalogue of what the file or OpenML's table is."""
    sep: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: int | None = None
    """Number of the line with the column names; 0: there is none."""
    missing: str | None = None
    """Words that stand for a missing value, with commas between them."""
    verbatim: tuple[str, ...] = ()
    """Columns kept as text, as the file has them."""
    texts: tuple[str, ...] = ()
    """Columns to be read as prose (TF-IDF) rather than as categories."""

    def __post_init__(self) -> None:
        check_name(self.as_)
        if sum(x is not None for x in (self.frame, self.file, self.catalogue)) != 1:
            raise errors.SpecError(
                "data needs exactly one source", "a table, a file or a catalogue name"
            )
        if self.header is not None and self.header < 0:
            raise errors.SpecError(
                f"--header {self.header} is no line",
                "lines count from 1; 0: no header",
                "--header 1",
            )
        if self.file is None:
            self._check_unasked()

    def _check_unasked(self) -> None:
        """Refuse words about a file where there is none."""
        for name in ("sep", "encoding", "decimal", "thousands", "header", "missing", "verbatim"):
            if getattr(self, name) not in (None, ()):
                raise errors.SpecError(
                    f"--{name} says how a file is read", "this source is no file", ""
                )


class ExportSpec(Spec, frozen=True, kw_only=True, tag="export"):
    """Write stored data as a CSV or Parquet blob; the session saves it where the user said."""

    ENDINGS: ClassVar[dict[str, str]] = {f".{name}": name for name in FORMATS}

    data: str
    format: str

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise errors.SpecError(
                f"cannot write {self.format!r}", errors.did_you_mean(self.format, FORMATS)
            )


class DeleteData(Command, frozen=True, kw_only=True, tag="delete_data"):
    """Forget a version of data, or all of them; models made from it keep their lineage."""

    data: str


DATA = Verb(
    "data",
    "load a table and look at it",
    "Loads a file (CSV, JSON, Parquet, Arrow; also packed with gzip, bzip2, xz or zip), a DataFrame of this "
    "notebook or a table of the catalogue, stores it by content under a name, and shows its profile: types, "
    "missing values, distributions. How a CSV file is written is found out and said; what cannot be right is "
    "refused with the line to try. The same content under the same name is the same version.",
    (
        Action(
            "load",
            "store a table under a name",
            makes="DataSpec",
            arguments=(
                Option(
                    "source",
                    Kind.SOURCE,
                    "a file, a DataFrame variable, a name of the catalogue, or openml:ID",
                    required=True,
                ),
            ),
            options=(
                Option(
                    "as", Kind.NAME, "the name to store it under (default: the source's own name)"
                ),
                Option("sep", Kind.TEXT, "the column separator of a CSV file (default: found out)"),
                Option("encoding", Kind.TEXT, "the encoding of a text file (default: found out)"),
                Option("decimal", Kind.TEXT, "the decimal mark of a CSV file (default: found out)"),
                Option("thousands", Kind.TEXT, "the mark between thousands of a CSV file"),
                Option(
                    "header",
                    Kind.INT,
                    "the line with the column names; 0: there is none (default: found out)",
                    metavar="1",
                ),
                Option(
                    "missing",
                    Kind.TEXT,
                    "words for a missing value (default: NA, N/A, null, nan ...)",
                    metavar="NA,?",
                ),
                Option("verbatim", Kind.COLUMNS, "columns kept as text, as the file has them", ()),
                Option("texts", Kind.COLUMNS, "columns that hold prose, one document a row", ()),
                *SUBMISSION,
            ),
            examples=(
                "%aiaas_data load cancer.csv --as cancer",
                "%aiaas_data load iris",
                "%aiaas_data load openml:credit-g@1 --as credit",
                "%aiaas_data load umsatz.csv.gz --sep ; --decimal , --verbatim plz",
            ),
        ),
        Action("list", "list what is stored", examples=("%aiaas_data list",)),
        Action(
            "catalogue",
            "list the tables there are: built in, fetched, your organisation's; OpenML's go by openml:ID",
            arguments=(
                Option("word", Kind.TEXT, "only those with this word in what is said of them"),
            ),
            examples=("%aiaas_data catalogue", "%aiaas_data catalogue regression"),
        ),
        Action(
            "show",
            "show the profile of stored data",
            arguments=(Option("data", Kind.DATA, "stored data", required=True, stored=True),),
            examples=("%aiaas_data show cancer",),
        ),
        CHECK,
        Action(
            "save",
            "write stored data to a CSV or Parquet file",
            makes="ExportSpec",
            arguments=(
                Option("data", Kind.DATA, "stored data", required=True, stored=True),
                Option(
                    "path",
                    Kind.PATH,
                    "where to: the ending .csv or .parquet says how",
                    required=True,
                ),
            ),
            options=(Option("replace", Kind.FLAG, "write over an existing file", False),),
            examples=("%aiaas_data save clean clean.parquet",),
        ),
        Action(
            "delete",
            "forget stored data",
            makes="DeleteData",
            arguments=(
                Option(
                    "data",
                    Kind.DATA,
                    "stored data, name or name@version",
                    required=True,
                    stored=True,
                ),
            ),
            examples=("%aiaas_data delete cancer@1",),
        ),
    ),
    default="show",
)
