"""The textbook's grid finished by ours, HalvingGridSearchCV, optuna and FLAML: how long, and what each choice loses.

    python tests/benchmarks/tuning_peers.py           about an hour on two cores
    python tests/benchmarks/tuning_peers.py --quick   a tenth of the trees: whether it runs, not how well

Every peer scores with ``cross_val_score`` on all cores, with loky's workers started before. Regret is measured
against the mean score of every cell over seeds that no search uses. FLAML lives in a virtual environment of its own
in the temporary folder, where these means are kept too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, ParameterGrid, cross_val_score
from tuning import BARS, grid, median, ours, row, table, timed, warm

CACHE = Path(tempfile.gettempdir()) / "aiaas-bench-tuning"
BAR, TRIALS = 8, 36
Choice = tuple[float, dict[str, Any]]
"""Seconds, and the parameters chosen."""

FLAML = """
import json, sys, time
import numpy as np
from flaml import tune
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
X, y = (np.load(f"{sys.argv[1]}/{part}.npy") for part in "Xy")
cells, seed = json.loads(sys.argv[2]), int(sys.argv[3])
def evaluate(config):
    forest = RandomForestClassifier(random_state=seed, **config)
    return {"score": cross_val_score(forest, X, y, cv=5, n_jobs=-1).mean()}
Parallel(2)(delayed(cross_val_score)(RandomForestClassifier(2), X, y) for _ in range(2))
space = {name: tune.choice(values) for name, values in cells.items()}
start = time.perf_counter()
found = tune.run(evaluate, config=space, metric="score", mode="max", num_samples=36, verbose=0)
print(json.dumps([time.perf_counter() - start, found.best_config]))
"""


def installed() -> Path | None:
    """Return the interpreter that has FLAML; None where it cannot be installed."""
    interpreter = CACHE / "flaml" / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "flaml")], check=True)
        words = [str(interpreter), "-m", "pip", "install", "-q", "flaml", "optuna", "scikit-learn"]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            interpreter.unlink()
            return None
    return interpreter


def by_flaml(name: str, cells: dict[str, list[Any]], seed: int) -> Choice | None:
    """Return what FLAML's tune takes and chooses after as many samples as there are cells."""
    interpreter = installed()
    if interpreter is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for part, values in zip("Xy", table(name), strict=True):
            np.save(f"{folder}/{part}.npy", values)
        words = [str(interpreter), "-c", FLAML, folder, json.dumps(cells), str(seed)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def by_optuna(name: str, cells: dict[str, list[Any]], seed: int) -> Choice:
    """Return what optuna's TPE takes and chooses after as many trials as there are cells."""

    def objective(trial: optuna.Trial) -> float:
        params = {each: trial.suggest_categorical(each, values) for each, values in cells.items()}
        forest = RandomForestClassifier(random_state=seed, **params)
        return cross_val_score(forest, *table(name), cv=5, n_jobs=-1).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    spent = timed(study.optimize, objective, n_trials=TRIALS)
    return spent.wall, study.best_params


def by_halving(name: str, cells: dict[str, list[Any]], seed: int) -> Choice:
    """Return what successive halving over rows takes and chooses."""
    forest = RandomForestClassifier(random_state=seed)
    search = HalvingGridSearchCV(forest, cells, cv=5, n_jobs=-1, refit=False, random_state=seed)
    spent = timed(search.fit, *table(name))
    return spent.wall, spent.made.best_params_


def by_ours(name: str, words: Any, seed: int) -> Choice:
    """Return what ours takes and chooses."""
    spent = timed(ours, name, words, refit=False, seed=seed)
    return spent.wall, spent.made.cv_results_["params"][spent.made.best_index_]


def truth(name: str, words: Any) -> dict[str, float]:
    """Return the score of every cell, averaged over seeds, each bit-equal to a fit of its own; kept."""
    CACHE.mkdir(exist_ok=True)
    kept = CACHE / f"{name.replace(' ', '')}-{words.seeds}{'-quick' if words.quick else ''}.json"
    if not kept.exists():
        scores = [
            ours(name, words, refit=False, seed=1000 + seed, sharing="exact").cv_results_["mean_test_score"]
            for seed in range(words.seeds)
        ]  # fmt: skip
        cells = ParameterGrid(grid(name, quick=words.quick))
        means = np.mean(scores, axis=0).tolist()
        kept.write_text(json.dumps(dict(zip(map(key, cells), means, strict=True))))
    return json.loads(kept.read_text())


def key(params: dict[str, Any]) -> str:
    """Return a name for a cell."""
    return json.dumps(params, sort_keys=True)


PEERS = {"HalvingGridSearchCV": by_halving, "optuna": by_optuna, "FLAML": by_flaml}


def compare(name: str, words: Any) -> None:
    """Print how much longer peers take to finish the grid of a table, and what each choice loses."""
    known, cells = truth(name, words), grid(name, quick=words.quick)
    mine = [by_ours(name, words, seed) for seed in range(words.seeds)]
    took, lost = median(wall for wall, _ in mine), losses(known, mine)
    for peer, call in PEERS.items():
        theirs = [call(name, cells, seed) for seed in range(words.repeat)]
        if None in theirs:
            print(f"{peer}: could not be installed")
            continue
        its = losses(known, theirs)
        error = statistics.pstdev(lost) * math.sqrt(1 / len(lost) + 1 / len(its))
        ratio = median(wall for wall, _ in theirs) / took
        more = statistics.mean(lost) - statistics.mean(its)
        value = f"{ratio:.1f}; regret {statistics.mean(lost):.5f}, theirs {statistics.mean(its):.5f} (+-{error:.5f})"
        row(
            f"{name}, grid",
            peer,
            value,
            f">= {BAR}, no more regret",
            kept=ratio >= BAR and more <= 2 * error,
        )


def losses(known: dict[str, float], found: list[Choice]) -> list[float]:
    """Return how much worse each choice is than the best cell."""
    best = max(known.values())
    return [best - known[key(params)] for _, params in found]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--tables", nargs="+", choices=BARS, default=list(BARS))
    parser.add_argument("--repeat", type=int, default=3, help="searches by each peer")
    parser.add_argument(
        "--seeds", type=int, default=10, help="searches by ours, and seeds of the means"
    )
    parser.add_argument("--quick", action="store_true")
    words = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    print("| what | against | theirs / ours | bar | kept |\n|---|---|---|---|---|")
    warm()
    for name in words.tables:
        compare(name, words)


if __name__ == "__main__":
    main()
