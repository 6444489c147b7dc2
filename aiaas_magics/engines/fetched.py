"""Tables that scikit-learn fetches once, to its own cache, and OpenML's.

The cache is scikit-learn's (``SCIKIT_LEARN_DATA``, default ``~/scikit_learn_data``), so that what other
notebooks fetched is here already, and a machine without a network is served by a copy of that folder.
"""

from __future__ import annotations

import contextlib
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.cards import style
from aiaas_magics.engines.sources.asked import Source
from aiaas_magics.specs.catalogue import check_openml

SECONDS = 30.0
"""How long a server may be silent."""
TRIES = {"n_retries": 1, "delay": 0.5}
"""Once more, after half a second: a server that answers at all answers then."""


def load(name: str) -> pd.DataFrame:
    """Return a table that scikit-learn fetches, from its cache where it is there. Raises `DataError`."""
    with _fetching(name):
        return _FETCHED[name]()


def openml(word: str) -> Source:
    """Return a table of OpenML's (``openml:61``, ``openml:iris``, ``openml:iris@1``), and what it is.

    Raises
    ------
    DataError
        If it is not in the cache and cannot be fetched, or is no table.
    NotFound
        If OpenML knows none of that name.
    """
    from sklearn import datasets

    asked = check_openml(word)
    which: dict[str, Any] = (
        {"data_id": int(asked["id"])} if asked["id"] else {"name": asked["name"]}
    )
    which |= {"version": int(asked["version"])} if asked["version"] else {}
    with _fetching(word):
        found: Any = datasets.fetch_openml(**which, as_frame=True, parser="auto", **TRIES)
    frame: pd.DataFrame = found.frame
    if not len(frame):
        raise errors.DataError(f"{word} holds no rows", "a table needs at least one", "another one")
    return Source(_decoded(frame), (_about(word, found.details),))


def _about(word: str, details: dict[str, Any]) -> str:
    """Return a line of what OpenML says of a table: its words are others', shown as they are."""
    said = {
        "target": details.get("default_target_attribute"),
        "licence": details.get("licence"),
        "version": details.get("version"),
    }
    parts = [f"{name} {style.one_line(str(value))[:60]}" for name, value in said.items() if value]
    return f"{word} is {style.one_line(str(details.get('name', word)))[:60]}: {', '.join(parts)}"


@contextlib.contextmanager
def _fetching(name: str) -> Iterator[None]:
    """Turn what a fetch raises into three lines; its warnings about tries are nobody's business."""
    from sklearn.datasets import get_data_home

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        package = {"PIL": "pillow"}.get(str(error.name), str(error.name or "pillow"))
        raise errors.MissingLibrary(
            f"{name} needs {package}", "it is an optional package", f"%pip install {package}"
        ) from error
    except ValueError as error:
        if type(error).__name__ == "OpenMLError" or "not found" in str(error):
            raise errors.NotFound(
                f"OpenML has no {name}", str(error), "https://www.openml.org/search?type=data"
            ) from error
        raise errors.DataError(f"{name} cannot be read", str(error), "another table") from error
    except Exception as error:  # no network, no server, or whatever a damaged cache raises
        where = "scikit-learn's cache" if style.docs_mode() else str(get_data_home())
        raise errors.DataError(
            f"{name} is not on this machine, and could not be fetched",
            str(getattr(error, "reason", "") or error) or type(error).__name__,
            f"once with a network; or copy {where} from a machine that has it",
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _decoded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose bytes are text."""
    changed = {
        name: frame[name].map(_text).astype("str")
        for name in frame.columns
        if pd.api.types.infer_dtype(frame[name], skipna=True) == "bytes"
    }
    return frame.assign(**changed)


def _text(value: Any) -> Any:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _framed(fetcher: str, target: str, **options: Any) -> pd.DataFrame:
    from sklearn import datasets

    found: Any = getattr(datasets, fetcher)(as_frame=True, **options, **TRIES)
    frame = _decoded(found.frame)
    names = [name for name in frame.columns if name != target]
    numbers = {
        name: pd.to_numeric(frame[name])
        for name in names
        if pd.api.types.is_object_dtype(frame[name].dtype)
    }
    return frame.assign(**numbers)[[*names, target]]


def _pixels(found: Any, names: list[str] | None = None) -> pd.DataFrame:
    columns = [f"pixel_{i}" for i in range(found.data.shape[1])]
    people = found.target if names is None else np.asarray(names)[found.target]
    return pd.DataFrame(found.data, columns=columns).assign(person=people)


def _newsgroups() -> pd.DataFrame:
    from sklearn import datasets

    found: Any = datasets.fetch_20newsgroups(subset="all", **TRIES)
    groups = np.asarray(found.target_names, dtype=str)[found.target]
    return pd.DataFrame({"message": found.data, "group": groups})


def _olivetti() -> pd.DataFrame:
    from sklearn import datasets

    return _pixels(datasets.fetch_olivetti_faces(**TRIES))


def _lfw() -> pd.DataFrame:
    from sklearn import datasets

    found: Any = datasets.fetch_lfw_people(min_faces_per_person=70, resize=0.4, **TRIES)
    return _pixels(found, [str(name) for name in found.target_names])


def _species() -> pd.DataFrame:
    from sklearn import datasets

    found: Any = datasets.fetch_species_distributions(**TRIES)
    points = pd.DataFrame(np.concatenate([found.train, found.test]))
    return _decoded(points).set_axis(["species", "longitude", "latitude"], axis=1)[
        ["longitude", "latitude", "species"]
    ]


_FETCHED: dict[str, Callable[[], pd.DataFrame]] = {
    "california_housing": lambda: _framed("fetch_california_housing", "MedHouseVal"),
    "covtype": lambda: _framed("fetch_covtype", "Cover_Type"),
    "kddcup99": lambda: _framed("fetch_kddcup99", "labels", percent10=True),
    "20newsgroups": _newsgroups,
    "olivetti_faces": _olivetti,
    "lfw_people": _lfw,
    "species_distributions": _species,
}
