"""scikit-learn itself: the tier every model has, and the answers that all others are compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Signature

NUMBERS = {"double": "float64", "long": "int64", "boolean": "bool"}


class SklearnPredictor:
    """Any fitted scikit-learn pipeline, asked exactly as in a notebook: with a DataFrame of its columns."""

    tier = "sklearn"
    inline = False

    def __init__(
        self,
        pipeline: Any,
        signature: Signature,
        blame: Callable[[BaseException], Exception | None] = lambda error: None,  # noqa: ARG005
    ) -> None:
        self._pipeline, self.signature, self._blame = pipeline, signature, blame
        # A pipeline of nothing but an estimator that never saw column names takes the bare array.
        self._bare = _takes_arrays(pipeline) and all(
            kind == "double" for _, kind in signature.inputs
        )

    def predict(self, rows: Rows, *, proba: bool) -> Outcome:
        """Return the predictions for checked rows; what `blame` finds to be the user's own error is raised as that."""
        table = rows.matrix if self._bare else None
        table = self._frame(rows) if table is None else table
        try:
            labels = np.asarray(self._pipeline.predict(table))
            sure = proba and hasattr(self._pipeline, "predict_proba")
            return Outcome(
                labels, np.asarray(self._pipeline.predict_proba(table)) if sure else None
            )
        except (Exception, SystemExit) as error:
            own = self._blame(error)
            if own is None:
                raise
            raise own from error

    def _frame(self, rows: Rows) -> Any:
        import pandas as pd

        columns = rows.columns()
        whole, zones = self.signature.required, self.signature.zones
        return pd.DataFrame(
            {
                n: _dates(columns[n], zones.get(n))
                if kind == "datetime"
                else series(columns[n], kind, gaps=n not in whole)
                for n, kind in self.signature.inputs
            }
        )


def series(values: Sequence[JSON], kind: str, *, gaps: bool) -> Any:
    """Return a column as training saw it: with gaps, numbers and truth values are floats."""
    import pandas as pd

    if kind == "string":
        return pd.Series(values, dtype="str")
    return pd.Series(values, dtype="float64" if gaps else NUMBERS[kind])


def _dates(values: Sequence[JSON], zone: str | None) -> Any:
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
