"""The built-in catalogue: small real tables that come with scikit-learn, and one made here.

Adding one: a row here and a reader of the same name in engines/catalogue.py.
"""

from __future__ import annotations

from aiaas_magics import errors
from aiaas_magics.specs.base import Record

UCI = "CC BY 4.0"


class CatalogueInfo(Record, frozen=True, kw_only=True, tag="catalogue_info"):
    """A table of the catalogue; ``target`` is the column usually predicted."""

    name: str
    task: str
    rows: int
    columns: int
    target: str
    licence: str
    source: str
    summary: str


CATALOGUE: tuple[CatalogueInfo, ...] = (
    CatalogueInfo(
        name="iris",
        task="classification",
        rows=150,
        columns=5,
        target="species",
        licence=UCI,
        source="R. A. Fisher (1936), UCI Machine Learning Repository, doi 10.24432/C56C76",
        summary="flowers of three species by four lengths",
    ),
    CatalogueInfo(
        name="wine",
        task="classification",
        rows=178,
        columns=14,
        target="cultivar",
        licence=UCI,
        source="S. Aeberhard, M. Forina (1991), UCI Machine Learning Repository, doi 10.24432/C5PC7J",
        summary="wines of three cultivars by their chemistry",
    ),
    CatalogueInfo(
        name="breast_cancer",
        task="classification",
        rows=569,
        columns=31,
        target="diagnosis",
        licence=UCI,
        source="W. Wolberg et al. (1995), UCI Machine Learning Repository, doi 10.24432/C5DW2B",
        summary="tumours, malignant or benign, by the shape of their cells",
    ),
    CatalogueInfo(
        name="digits",
        task="classification",
        rows=1797,
        columns=65,
        target="digit",
        licence=UCI,
        source="E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, doi 10.24432/C50P49",
        summary="handwritten digits as 8 x 8 pixels",
    ),
    CatalogueInfo(
        name="diabetes",
        task="regression",
        rows=442,
        columns=11,
        target="progression",
        licence="none stated; free data of the article, as bundled with scikit-learn",
        source="B. Efron et al. (2004), Least Angle Regression, Annals of Statistics 32",
        summary="progress of a disease within a year, by ten measurements",
    ),
    CatalogueInfo(
        name="tickets",
        task="classification",
        rows=600,
        columns=5,
        target="topic",
        licence="BSD-3-Clause",
        source="composed for this package from phrases, with chance and a fixed seed",
        summary="messages to a shop by topic: prose, a date, a category, a truth value",
    ),
)


def find(name: str) -> CatalogueInfo:
    """Return the table of that name.

    Raises
    ------
    NotFound
        If there is none; says which was meant.
    """
    found = next((table for table in CATALOGUE if table.name == name), None)
    if found is None:
        hint = errors.did_you_mean(name, (table.name for table in CATALOGUE))
        raise errors.NotFound(f"no table {name!r} in the catalogue", hint, "%aiaas_data catalogue")
    return found
