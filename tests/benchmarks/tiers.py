"""What one prediction costs on each tier, without HTTP: microseconds of CPU a row, alone and among 1,000.

    python tests/benchmarks/tiers.py

A forest of 100 trees of depth 10 on 30 numbers, asked with probabilities; then the same behind a scaler, boosted trees, and a
logistic regression on mixed columns. Every tier has passed the gate before it is timed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from aiaas_magics import frames
from aiaas_magics.engines.optimising import building, gate
from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.predictors.base import Predictor, Rows
from aiaas_magics.testing import tiers

ROWS, COLUMNS = 5_000, 30


def models() -> Iterator[tuple[str, tiers.Claim]]:
    """Yield fitted models with their names."""
    X, y = make_classification(ROWS, COLUMNS, n_informative=15, random_state=0)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(COLUMNS)])
    forest = RandomForestClassifier(100, max_depth=10, random_state=0)
    yield "forest, 100 trees of depth 10", tiers.of(forest, frame, y)
    scaled = make_pipeline(
        StandardScaler(), RandomForestClassifier(100, max_depth=10, random_state=0)
    )
    yield "the same behind a scaler", tiers.of(scaled, frame, y)
    yield "histogram boosting, 100 rounds", tiers.of(HistGradientBoostingClassifier(), frame, y)
    table = tiers.table()
    mixed = tiers.mixed(LogisticRegression(max_iter=500))
    yield "logistic regression, 5 mixed columns", tiers.of(mixed, table, table["x"] > 0)


def micros(predictor: Predictor, rows: Rows, seconds: float = 1.0) -> float:
    """Return the CPU time of one request, in microseconds: the least mean of five rounds."""
    best, form = float("inf"), rows.matrix
    for _ in range(5):
        count, begun = 0, time.process_time()
        while time.process_time() - begun < seconds / 5:
            fresh = Rows(rows.signature, rows.columns()) if form is None else Rows(rows.signature, matrix=form)  # fmt: skip
            predictor.predict(fresh, proba=True)
            count += 1
        best = min(best, 1e6 * (time.process_time() - begun) / count)
    return best


def timed(claim: tiers.Claim) -> Iterator[tuple[str, Any, float, float]]:
    """Yield tier, what the gate says, and the time of one row and of 1,000 a row."""
    names = [name for name, _ in claim.info.signature.inputs]
    few = claim.frame.iloc[np.arange(1000) % len(claim.frame)]
    columns = {name: list(frames.values(few[name])) for name in names}
    many = Rows(claim.info.signature, columns)
    one = Rows(claim.info.signature, {n: values[:1] for n, values in columns.items()})
    asked = claim.rows()
    known = gate.ask(claim.known, asked)
    for tier in building.TIERS:
        try:
            where = Path(tempfile.mkdtemp())
            found = building.built(tier, claim.pipeline, claim.info, where, lambda: claim.pipeline)
        except Unconvertible:
            continue
        said = gate.compare(known, gate.ask(found, asked), claim.info.task, 1.0)
        yield tier.name, said.equal, micros(found, one), micros(found, many) / 1000
    yield "sklearn", True, micros(claim.known, one), micros(claim.known, many) / 1000


def main() -> None:
    """Print the table."""
    with threadpool_limits(1):
        for name, claim in models():
            print(f"{name}\n  {'tier':14}{'equal':>7}{'1 row, us':>12}{'of 1,000':>12}{'gain':>8}")
            found = list(timed(claim))
            for tier, equal, one, many in found:
                print(f"  {tier:14}{equal!s:>7}{one:12.1f}{many:12.2f}{found[-1][2] / one:7.0f}x")


if __name__ == "__main__":
    main()
