"""What a trial of optuna's costs over its fits: CPU milliseconds, the search against the bare folds.

    python tests/benchmarks/optuna_overhead.py             100 trials of each search
    python tests/benchmarks/optuna_overhead.py --trials 40

The bare folds are ``clone``, ``fit`` and the scorer on the very candidates the search has tried, in the same process,
on one core; what remains is asking, telling, planning, watching and bookkeeping. The bar is 5 ms a trial.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import argparse
import tempfile
import time
import warnings
from pathlib import Path

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from aiaas_magics.engines import catalogue, learning
from aiaas_magics.engines.scoring import scorer
from aiaas_magics.engines.tuning import proposing
from aiaas_magics.engines.tuning.searching import Searching, Tried
from aiaas_magics.specs.metrics import check_metric
from aiaas_magics.specs.spaces import Distribution
from aiaas_magics.specs.tune import TuneSpec
from aiaas_magics.testing.context import LocalContext

SEARCHES = {
    "one distribution": ("naive_bayes", {"var_smoothing": Distribution("loguniform", 1e-12, 1e-3)}),
    "three, a list": ("decision_tree", {
        "min_samples_leaf": Distribution("randint", 1, 50),
        "max_features": Distribution("uniform", 0.1, 0.9),
        "criterion": ["gini", "entropy", "log_loss"],
    }),
}  # fmt: skip


def main() -> None:
    """Print a line a search."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100)
    trials = parser.parse_args().trials
    warnings.simplefilter("ignore")
    for name, (algo, params) in SEARCHES.items():
        searching, pipeline = prepared(algo, params, trials)
        begun = time.process_time()
        tried = proposing.propose(searching, params)
        spent = time.process_time() - begun
        bare = fitted(searching, pipeline, tried)
        over = 1000 * (spent - bare) / trials
        print(
            f"{name}: {over:.2f} ms a trial over its fits ({trials} trials, {len(tried)} candidates, "
            f"search {spent:.2f} s, fits {bare:.2f} s of CPU)"
        )


def prepared(algo: str, params: dict[str, object], trials: int) -> tuple[Searching, Pipeline]:
    """Return a search of breast_cancer, warmed up."""
    context = LocalContext(Path(tempfile.mkdtemp()))
    data = context.save_frame(catalogue.load("breast_cancer"))
    words = {"data": data, "target": "diagnosis", "algo": algo, "as_": "m", "params": params}
    spec = TuneSpec(**words, strategy="optuna", trials=trials, sharing="off")
    task = learning.assemble(spec, context)
    pipeline = learning.build(task, spec, context, {})
    few = Searching(pipeline, task, TuneSpec(**words, trials=2), check_metric("accuracy"), context)
    proposing.propose(few, params)
    return Searching(pipeline, task, spec, check_metric("accuracy"), context), pipeline


def fitted(searching: Searching, pipeline: Pipeline, tried: list[Tried]) -> float:
    """Return the CPU seconds of the bare folds that were seen."""
    score = scorer(check_metric("accuracy"))
    begun = time.process_time()
    for each in tried:
        for found, (train, test) in zip(each.folds, searching.splits, strict=True):
            if found is not None:
                model = clone(pipeline).set_params(**each.candidate)
                model.fit(searching.X.iloc[train], searching.y.iloc[train])
                score(model, searching.X.iloc[test], searching.y.iloc[test])
    return time.process_time() - begun


if __name__ == "__main__":
    main()
