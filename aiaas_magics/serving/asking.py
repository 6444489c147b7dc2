"""Ask a predictor, and turn what it says of rows it does not take into a refusal."""

from __future__ import annotations

import logging

import numpy as np  # noqa: TID253 - every predictor has brought it

from aiaas_magics import errors
from aiaas_magics.predictors.base import Outcome, Predictor, Rows
from aiaas_magics.serving.problems import Problem

LOG = logging.getLogger("aiaas.serving")
YOURS = "your code", "the model's own code", 1
"""What its author reads -> what is told to whoever asks."""


def predict(predictor: Predictor, rows: Rows, *, proba: bool) -> Outcome:
    """Return one finite prediction a row.

    Raises
    ------
    Problem
        422 if the model does not take these values, or has no finite answer to them.
    """
    try:
        found = predictor.predict(rows, proba=proba)
    except errors.UserCodeError as error:
        LOG.warning("%s: %s", error.what, error.hint)  # whose hint may be a line of somebody's code
        said = error.what.replace(*YOURS)
        raise Problem(422, said, "the line stands in the endpoint's log") from error
    except ValueError as error:
        hint = str(error).partition("\n")[0]
        raise Problem(422, "the model does not take these values", hint) from error
    if len(found.labels) != rows.n:
        what = f"the model gave {len(found.labels)} answers to {rows.n} rows"
        raise Problem(422, what, "its predict returns one value a row")
    if not (_finite(found.labels) and (found.proba is None or _finite(found.proba))):
        raise Problem(422, "the model's answer is no finite number", "are the values very large?")
    return found


def _finite(found: np.ndarray) -> bool:
    return found.dtype.kind != "f" or bool(np.isfinite(found).all())
