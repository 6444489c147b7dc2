"""What remembering costs a search, in CPU seconds a trial of five folds: ``python tests/benchmarks/remembering.py``."""

import tempfile
import time
from pathlib import Path

from aiaas_magics.engines.sharing.base import Scored
from aiaas_magics.engines.tuning.memory import Keys, SearchMemory
from aiaas_magics.store.home import Home
from aiaas_magics.testing.context import LocalContext

TRIALS, FOLDS, A_COMMIT = 2_000, 5, 500
KEYS = Keys("ground", "choice", "answer")


def candidate(number):
    return {"model__max_depth": number, "model__min_samples_split": 2, "model__C": number / 7}


def spent(work):
    """Return the CPU seconds that a piece of work takes, a trial."""
    before = time.process_time()
    work()
    return (time.process_time() - before) / TRIALS


def kept_and_recalled(context):
    memory = SearchMemory(context, KEYS)
    for number in range(TRIALS):
        params = candidate(number)
        for fold in range(FOLDS):
            memory.recall(params, fold)
            memory.keep([(params, fold, Scored({"score": number / 3}, None, 0.01, 0.001, 100))])


def written(home, entries):
    for start in range(0, len(entries), A_COMMIT):
        home.memory.append(entries[start : start + A_COMMIT], "j")


def main():
    with tempfile.TemporaryDirectory() as folder:
        context, home = LocalContext(Path(folder) / "c"), Home.open(Path(folder) / "home")
        print(
            f"kept and recalled  {1e3 * spent(lambda: kept_and_recalled(context)):.3f} ms a trial"
        )
        entries = [("ground", body) for _, body in context.recall("ground")]
        print(f"written            {1e3 * spent(lambda: written(home, entries)):.3f} ms a trial")
        context.memory = {"ground": home.memory.recall("ground")}
        print(
            f"read again         {1e3 * spent(lambda: SearchMemory(context, KEYS)):.3f} ms a trial"
        )
        size = sum(len(body) for _, body in entries) / len(entries)
        print(f"a score            {size:.0f} bytes")
        home.close()


if __name__ == "__main__":
    main()
