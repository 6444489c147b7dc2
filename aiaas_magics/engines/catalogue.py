"""The tables of the built-in catalogue."""

from __future__ import annotations

import pandas as pd
from sklearn import datasets

from aiaas_magics.specs import catalogue


def load(name: str) -> pd.DataFrame:
    """Return a table of the catalogue, classes by their names. Raises `NotFound`."""
    entry = catalogue.find(name)
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.data.copy()
    frame.columns = [tidy(str(column)) for column in frame.columns]
    classes = getattr(bunch, "target_names", None)
    named = entry.task == "classification" and name != "digits"
    labels = bunch.target
    frame[entry.target] = (
        [str(classes[code]) for code in labels] if classes is not None and named else labels
    )
    return frame


def tidy(name: str) -> str:
    """Return a column name without spaces, brackets and units: ``sepal length (cm)`` is ``sepal_length``."""
    return name.partition(" (")[0].strip().replace(" ", "_").replace("/", "_per_")
