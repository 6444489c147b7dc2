"""The small built-in catalogue: real data that comes with scikit-learn."""

from __future__ import annotations

from aiaas_magics import errors
from aiaas_magics.specs.base import Record


class Entry(Record, frozen=True, kw_only=True, tag="catalogue_entry"):
    """A table anyone can load by name."""

    name: str
    task: str
    target: str
    rows: int
    columns: int
    summary: str
    source: str
    licence: str


def _entry(
    name: str, task: str, target: str, rows: int, columns: int, summary: str, source: str
) -> Entry:
    return Entry(
        name=name, task=task, target=target, rows=rows, columns=columns, summary=summary, source=source,
        licence="CC BY 4.0",
    )  # fmt: skip


UCI = "UCI Machine Learning Repository, shipped with scikit-learn"

CATALOGUE: tuple[Entry, ...] = (
    _entry("breast_cancer", "classification", "diagnosis", 569, 31, "measurements of tumours, malignant or benign", UCI),
    _entry("iris", "classification", "species", 150, 5, "four measurements of three kinds of iris", UCI),
    _entry("wine", "classification", "cultivar", 178, 14, "chemistry of wines of three cultivars", UCI),
    _entry("digits", "classification", "digit", 1797, 65, "handwritten digits, 8 x 8 pixels of 16 greys", UCI),
    Entry(
        name="diabetes", task="regression", target="progression", rows=442, columns=11,
        summary="progression of diabetes after a year", licence="freely available for use (authors' page)",
        source="Efron, Hastie, Johnstone, Tibshirani (2004), shipped with scikit-learn",
    ),
)  # fmt: skip


def find(name: str) -> Entry:
    """Return the entry of that name. Raises `NotFound`."""
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    raise errors.NotFound(
        f"no file, variable or table {name!r}",
        errors.did_you_mean(name, [e.name for e in CATALOGUE]),
        "%aiaas_data catalogue",
    )
