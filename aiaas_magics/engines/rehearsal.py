"""A rehearsal: the first fit of a process loads much; a spare does it while nobody waits."""

from __future__ import annotations

import warnings

import pandas as pd
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from aiaas_magics.engines import profile
from aiaas_magics.engines.checks import leaks
from aiaas_magics.engines.models import artefacts

ROWS = 24


def rehearse() -> None:
    """Fit, measure, suspect and write two tiny models, and forget them."""
    frame = pd.DataFrame({"a": range(ROWS), "b": [float(i % 5) for i in range(ROWS)]})
    target = pd.Series(["x", "y"] * (ROWS // 2))
    profile.roles(frame)
    artefacts.libraries()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train, test = train_test_split(range(ROWS), test_size=0.25, stratify=target, random_state=0)
        for model in (LogisticRegression(), RandomForestClassifier(2, random_state=0)):
            pipeline = Pipeline([("prepare", StandardScaler()), ("model", model)])
            pipeline.fit(frame.iloc[train], target.iloc[train])
            get_scorer("accuracy")(pipeline, frame.iloc[test], target.iloc[test])
            skops.io.dumps(pipeline)
        list(leaks.alone(frame, target, "classification", profile.roles(frame)))
