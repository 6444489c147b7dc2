"""Python of the user's own that works on ``df``: run, checked, blamed; and as a step of a model.

The code is run in workers only, each time in names of its own: ``df``, a copy whose rows are numbered
from 0, ``pd`` and ``np``. Rows are known by that number: those it drops are gone, and their order does
not matter; it can neither add rows nor repeat them.
"""

from __future__ import annotations

import functools
import linecache
import sys
import traceback
import types
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from aiaas_magics import errors, frames
from aiaas_magics.engines import data

INDEX = "index"
"""What ``reset_index`` would call a nameless index; an index that has lost it was made anew."""
FILE = "<your code"
"""How the name of the file begins that code without one is shown with in a traceback."""
USER = "aiaas_user_"
"""How the modules begin that hold classes and functions of a notebook's cells."""


def carry_out(source: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return what the code makes of a table: its columns, and of its rows those that it kept.

    Parameters
    ----------
    source
        Python; it changes ``df`` in place or binds it anew.
    frame
        Any table; it is not changed.

    Returns
    -------
    DataFrame
        Its index is the part of ``frame.index`` whose rows were kept, in that order.

    Raises
    ------
    UserCodeError
        If the code raises, or leaves no table with those rows.
    """
    names: dict[str, Any] = {
        "__name__": "aiaas_prepare",
        "pd": pd,
        "np": np,
        "df": frame.set_axis(pd.RangeIndex(len(frame), name=INDEX), axis=0).copy(),
    }
    try:
        exec(_compiled(source), names)  # noqa: S102 - the user's own words, in a worker of the user's
    except (MemoryError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() of a cell is no end of ours
        raise blamed(error, known=map(str, frame.columns)) from error
    finally:
        sys.stdout.flush()  # what it printed comes before its traceback
    return _rows_of(names.get("df"), frame)


@functools.lru_cache(maxsize=32)
def _compiled(source: str) -> types.CodeType:
    name = f"{FILE} {zlib.crc32(source.encode()):08x}>"
    lines = source.splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)  # so that tracebacks show its lines
    return compile(source, name, "exec", dont_inherit=True)


def _rows_of(made: object, frame: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(made, pd.DataFrame):
        raise errors.UserCodeError(
            f"the code leaves df as {type(made).__name__}, not as a DataFrame",
            "df is the table that is prepared",
            "df = df[...]",
        )
    frames.check_names(
        list(map(str, made.columns)), "rename one of them: df = df.rename(columns={...})"
    )
    made = made.set_axis(frames.column_names(made), axis=1)
    if made.index.equals(pd.RangeIndex(len(frame))):  # every row where it was
        made = made.set_axis(frame.index, axis=0)
    else:
        made = _some_rows(made, frame)
    odd = [name for name in made.columns if made[name].dtype == object]
    plain = made.assign(**{name: frames.plain(made[name], name) for name in odd}) if odd else made
    return data.simple(plain)


def _some_rows(made: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that were kept, in the order they had and under the names they had."""
    index = made.index
    known = index.isin(range(len(frame))).all()
    anew = index.name != INDEX and len(made) < len(frame)
    if not known or index.has_duplicates or anew:
        what = "repeats rows" if index.has_duplicates else "adds rows or numbers them anew"
        raise errors.UserCodeError(
            f"the code {what}",
            "rows may be dropped; those that stay keep their number (no reset_index, merge keeps it by join)",
            "df = df.join(other.set_index('key'), on='key')",
        )
    made = made.sort_index()
    return made.set_axis(frame.index[made.index.to_numpy(dtype="int64")], axis=0)


def blamed(error: BaseException, known: Any = ()) -> errors.UserCodeError:
    """Return what the user's own code raised as three lines: the error, the line, what was meant."""
    if isinstance(error, errors.UserCodeError):
        return error
    said = traceback.format_exception_only(error)[-1].strip()
    place = next((f for f in reversed(traceback.extract_tb(error.__traceback__)) if _own(f)), None)
    hint = ""
    if place is not None:  # lines of a module are not those of the cells it was made of
        where = f"in {place.name}" if USER in place.filename else f"line {place.lineno}"
        hint = f"{where}: {(place.line or '').strip()}"
    word = error.args[0] if isinstance(error, KeyError) and error.args else None
    near = errors.nearest(word, known) if isinstance(word, str) else None
    return errors.UserCodeError(
        f"your code raised {said}",
        hint,
        f"did you mean {near!r}?" if near is not None else "%aiaas_jobs logs",
    )


def blame(error: BaseException) -> errors.UserCodeError | None:
    """Return the error as the user's, if it came out of a module of the user's own."""
    if isinstance(error, errors.UserCodeError):
        return error
    own = any(_own(frame) for frame in traceback.extract_tb(error.__traceback__))
    return blamed(error) if own else None


def _own(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(FILE) or f"/{USER}" in frame.filename


class UserCode(TransformerMixin, BaseEstimator):
    """A step of a model that is the user's own code; it learns nothing.

    Parameters
    ----------
    source
        The code.
    takes
        The columns it is given, by name.
    gives
        Those of its columns that are handed on.
    """

    def __init__(
        self, source: str = "", takes: Sequence[str] = (), gives: Sequence[str] = ()
    ) -> None:
        self.source, self.takes, self.gives = source, takes, gives

    def fit(self, X: pd.DataFrame, y: object = None) -> UserCode:
        """Learn nothing."""
        del X, y
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return what the code makes of raw rows, one row for each.

        Raises
        ------
        UserCodeError
            If it raises, drops a row or does not make a column.
        """
        # what it only drops is no input of the model: such a column comes without values
        made = carry_out(self.source, X.reindex(columns=list(self.takes)))
        if len(made) != len(X):
            raise errors.UserCodeError(
                f"your code drops {len(X) - len(made)} of {len(X)} rows",
                "a row that is to be predicted needs an answer",
                "leave out rows the model was not made for, or fill their gaps: --impute median",
            )
        for name in self.gives:
            if name not in made.columns:
                raise errors.UserCodeError(
                    f"your code makes no column {name!r} of these rows",
                    "it did when the model was trained; columns must not depend on the rows",
                    "pd.get_dummies is --encode onehot",
                )
        return made[list(self.gives)]

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the columns it hands on."""
        del input_features
        return np.asarray(self.gives, dtype=object)


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Tell whether two tables of the same rows hold the same columns and values.

    Numbers are the same within 1e-9 of their size: arithmetic on many rows at once may differ in the last bits.
    """
    if list(one.columns) != list(other.columns) or not one.index.equals(other.index):
        return False
    return all(_equal(one[name], other[name]) for name in one.columns)


def _equal(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    if all(pd.api.types.is_numeric_dtype(each.dtype) for each in (one, other)):
        x, y = (each.to_numpy("float64", na_value=np.nan) for each in (one, other))
        return bool(np.isclose(x, y, rtol=1e-9, atol=0, equal_nan=True).all())
    a, b = one.astype("object"), other.astype("object")
    return bool(((a == b) | (a.isna() & b.isna())).all())
