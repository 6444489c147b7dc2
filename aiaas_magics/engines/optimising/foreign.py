"""Estimators without a formula of ours, as skl2onnx writes them: Gaussian processes, quadratic discriminants, whatever it knows.

Nothing is believed of what comes out: float32 turns columns of time stamps into one value. The gate sees it.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.naive_bayes import _BaseDiscreteNB as BaseDiscreteNB
from sklearn.neighbors._base import NeighborsBase

from aiaas_magics.engines.optimising.base import Unconvertible, named
from aiaas_magics.predictors.links import Link

LIKELIEST = (
    BaseDiscreteNB, CalibratedClassifierCV, GaussianProcessClassifier, QuadraticDiscriminantAnalysis,
)  # fmt: skip
"""Classifiers whose label is the likeliest class. One with a threshold of its own passes the gate where no row lies
between that and one half."""
MOST_SAID = 120
"""Characters of what the library says that are told: it lists whole trees."""


def of(estimator: Any, width: int, precision: str) -> tuple[bytes, str, Link]:
    """Return an estimator's graph, the name of its output, and the link behind it.

    Raises
    ------
    Unconvertible
        If skl2onnx does not know it, or its label need not be the likeliest class.
    """
    if isinstance(estimator, NeighborsBase):
        raise Unconvertible(
            f"of rows equally far {named(estimator)} takes others than a graph would"
        )
    classes = is_classifier(estimator)
    if classes and not isinstance(estimator, LIKELIEST):
        raise Unconvertible(
            f"{named(estimator)} has no graph of ours, and may not name the likeliest class"
        )
    made = _converted(estimator, width, precision, classes=classes)
    name = str(made.graph.output[-1 if classes else 0].name)
    return bytes(made.SerializeToString()), name, Link("given" if classes else "value")


def _converted(estimator: Any, width: int, precision: str, *, classes: bool) -> Any:
    from skl2onnx import convert_sklearn
    from skl2onnx.common import data_types as types

    number = types.FloatTensorType if precision == "float32" else types.DoubleTensorType
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.getLogger("skl2onnx").setLevel(logging.ERROR)
            return convert_sklearn(
                estimator, "model", [("X", number([None, width]))],
                options={"zipmap": False} if classes else None,
            )  # fmt: skip
    except Exception as error:
        said = " ".join(str(error).split())[:MOST_SAID]
        raise Unconvertible(f"{named(estimator)} has no graph: {said}") from error
