"""The catalogue: tables that come with scikit-learn or are fetched by it, one made here, and an organisation's own.

Adding one: a row here and a reader of the same name in engines/catalogue.py. An organisation adds its own
in a file (see :mod:`aiaas_magics.store.catalogue`); OpenML's are loaded as ``openml:61``.
"""

from __future__ import annotations

import re

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON, Record

UCI = "CC BY 4.0"


BUILT_IN, FETCHED = "built in", "fetched once"


class CatalogueInfo(Record, frozen=True, kw_only=True, tag="catalogue_info"):
    """A table of the catalogue; ``target`` is the column usually predicted.

    ``origin`` says where it comes from: `BUILT_IN`, `FETCHED` (by scikit-learn, to its own cache) or the
    name of an organisation's file. ``reading`` says how that organisation's file at ``path`` is read.
    """

    name: str
    task: str = ""
    rows: int | None = None
    columns: int | None = None
    target: str = ""
    licence: str = "not stated"
    source: str = ""
    summary: str = ""
    origin: str = BUILT_IN
    path: str | None = None
    openml: str | None = None
    reading: dict[str, JSON] = {}


OPENML = re.compile(
    r"openml:(?:(?P<id>\d{1,9})|(?P<name>[\w.()-]{1,120})(?:@(?P<version>\d{1,5}))?)\Z", re.ASCII
)
"""``openml:61``, ``openml:iris``, ``openml:iris@1``."""


def is_openml(word: str) -> bool:
    """Tell a reference to OpenML from a name of the catalogue."""
    return word.startswith("openml:")


def check_openml(word: str) -> re.Match[str]:
    """Return the parts of a reference to OpenML. Raises `SpecError`."""
    found = OPENML.match(word)
    if found is None:
        raise errors.SpecError(
            f"{word} names no table of OpenML",
            "its number or its name, perhaps with a version",
            "openml:61 or openml:iris@1",
        )
    return found


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
    CatalogueInfo(
        name="linnerud",
        task="regression",
        rows=20,
        columns=6,
        target="Pulse",
        licence="not stated",
        source="A. C. Linnerud, NC State University; M. Tenenhaus (1998), La regression PLS",
        summary="exercises and bodies of twenty men",
    ),
    CatalogueInfo(
        name="california_housing",
        task="regression",
        rows=20640,
        columns=9,
        target="MedHouseVal",
        origin=FETCHED,
        licence="not stated",
        source="R. K. Pace, R. Barry (1997), Sparse Spatial Autoregressions, StatLib",
        summary="house values of Californian districts in 1990",
    ),
    CatalogueInfo(
        name="covtype",
        task="classification",
        rows=581012,
        columns=55,
        target="Cover_Type",
        origin=FETCHED,
        licence=UCI,
        source="J. A. Blackard (1998), UCI Machine Learning Repository, doi 10.24432/C50K5N",
        summary="kinds of forest by maps, 30 m x 30 m a row",
    ),
    CatalogueInfo(
        name="kddcup99",
        task="classification",
        rows=494021,
        columns=42,
        target="labels",
        origin=FETCHED,
        licence=UCI,
        source="S. Stolfo et al. (1999), UCI Machine Learning Repository, doi 10.24432/C51C7N",
        summary="connections of a network, attacks among them (a tenth of all)",
    ),
    CatalogueInfo(
        name="20newsgroups",
        task="classification",
        rows=18846,
        columns=2,
        target="group",
        origin=FETCHED,
        licence=UCI,
        source="T. Mitchell (1997), UCI Machine Learning Repository, doi 10.24432/C5C323",
        summary="messages to twenty newsgroups",
    ),
    CatalogueInfo(
        name="olivetti_faces",
        task="classification",
        rows=400,
        columns=4097,
        target="person",
        origin=FETCHED,
        licence="not stated",
        source="AT&T Laboratories Cambridge (1994)",
        summary="faces of forty people as 64 x 64 pixels",
    ),
    CatalogueInfo(
        name="lfw_people",
        task="classification",
        rows=1288,
        columns=1851,
        target="person",
        origin=FETCHED,
        licence="not stated",
        source="G. B. Huang et al. (2007), Labeled Faces in the Wild, Univ. of Massachusetts",
        summary="faces of seven people with 70 pictures and more, 50 x 37 pixels",
    ),
    CatalogueInfo(
        name="species_distributions",
        task="classification",
        rows=1624,
        columns=3,
        target="species",
        origin=FETCHED,
        licence="not stated",
        source="S. J. Phillips et al. (2006), Ecological Modelling 190",
        summary="where two South American mammals were seen",
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
