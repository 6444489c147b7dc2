"""A model ready to answer: columns in, predictions out. One class a tier; this is scikit-learn's.

Adding a tier: a class with `predict` and a test that holds it to bit-equal labels with this one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple, Protocol

from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

Columns = dict[str, list[JSON]]
"""Values by column, each column as long as the others, checked against the signature."""


class Answer(NamedTuple):
    """Predictions, one a row; probabilities (rows x classes) where the model has them."""

    y_pred: list[JSON]
    y_proba: list[list[float]] | None


class Predictor(Protocol):
    """What a protocol talks to."""

    signature: Signature

    def predict(self, columns: Columns, *, proba: bool) -> Answer:
        """Return the predictions for checked rows."""
        ...


NUMBERS = {"double": "float64", "long": "int64", "boolean": "bool"}


class SklearnPredictor:
    """Any fitted scikit-learn pipeline, asked exactly as in a notebook: with a DataFrame of its columns."""

    def __init__(self, pipeline: Any, signature: Signature) -> None:
        self._pipeline, self.signature = pipeline, signature
        # A pipeline of nothing but an estimator that never saw column names takes the bare array.
        self._bare = _takes_arrays(pipeline) and all(
            kind == "double" for _, kind in signature.inputs
        )

    def predict(self, columns: Columns, *, proba: bool) -> Answer:
        """Return the predictions for checked rows.

        Raises
        ------
        UserCodeError
            If code of the user's own that the model holds raises.
        """
        table = self._array(columns) if self._bare else self._frame(columns)
        try:
            labels = _plain(self._pipeline.predict(table))
            wanted = proba and hasattr(self._pipeline, "predict_proba")
            return Answer(labels, _plain(self._pipeline.predict_proba(table)) if wanted else None)
        except (Exception, SystemExit) as error:
            from aiaas_magics.engines import usercode

            own = usercode.blame(error)
            if own is None:
                raise
            raise own from error

    def _array(self, columns: Columns) -> Any:
        import numpy as np

        names = [name for name, _ in self.signature.inputs]
        return np.array([columns[name] for name in names], dtype="float64").T

    def _frame(self, columns: Columns) -> Any:
        import pandas as pd

        whole, zones = self.signature.required, self.signature.zones
        return pd.DataFrame(
            {
                n: _dates(columns[n], zones.get(n))
                if kind == "datetime"
                else _series(columns[n], kind, n not in whole)
                for n, kind in self.signature.inputs
            }
        )


def _plain(found: Any) -> list[Any]:
    """Return an estimator's answer as lists; one of the user's own may answer with a list or a Series."""
    import numpy as np

    plain: list[Any] = np.asarray(found).tolist()
    return plain


def _series(values: list[JSON], kind: str, gaps: bool) -> Any:  # noqa: FBT001 - private
    """Return a column as training saw it: with gaps, numbers and truth values are floats."""
    import pandas as pd

    if kind == "string":
        return pd.Series(values, dtype="str")
    return pd.Series(values, dtype="float64" if gaps else NUMBERS[kind])


def _dates(values: list[JSON], zone: str | None) -> Any:
    """Return dates as training saw them: in their column's zone, or without one and any offset."""
    import pandas as pd

    read = [None if value is None else dt.datetime.fromisoformat(value) for value in values]
    if zone is None:
        bare = [None if moment is None else moment.replace(tzinfo=None) for moment in read]
        return pd.Series(bare, dtype="datetime64[us]")
    dtype = pd.DatetimeTZDtype("us", zone)
    return pd.Series([_zoned(moment, dtype.tz) for moment in read], dtype=dtype)


def _zoned(moment: dt.datetime | None, zone: dt.tzinfo) -> dt.datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=zone)


def _takes_arrays(pipeline: Any) -> bool:
    steps = getattr(pipeline, "steps", [("", pipeline)])
    alone = all(step in (None, "passthrough") for _, step in steps[:-1])
    last = steps[-1][1]
    # a class of somebody else's need not remember the names that it uses
    known = type(last).__module__.startswith("sklearn.") and not hasattr(last, "steps")
    return alone and known and not hasattr(last, "feature_names_in_")
