"""False alarms and power of the drift test, on windows of many sizes: prints a table.

A window is an alarm if any of its columns drifted, predictions among them. Columns are normal, skewed, of few values, and
categories, so that what holds for one kind of data is no accident; the reference is a table of its own for each round.

    python tests/benchmarks/drift.py [--rounds 1000] [--reference 2000] [--columns 30]
"""

from __future__ import annotations

import argparse

import numpy as np

from aiaas_magics.engines.monitoring import drift, reference
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.specs.reference import Reference, Series

SIZES = (100, 200, 500, 1000, 2000, 5000)
KINDS = 4
"""Normal, log-normal, Poisson, categories of unequal size."""
SHARES = 0.5 ** np.arange(1, 9)


def draw(rng: np.random.Generator, rows: int, columns: int, shift: float = 0.0) -> np.ndarray:
    """Return rows, shape (rows, columns); the first column is moved by `shift` standard deviations."""
    found = np.empty((rows, columns))
    for i in range(columns):
        if i % KINDS == 0:
            found[:, i] = rng.normal(size=rows)
        elif i % KINDS == 1:
            found[:, i] = rng.lognormal(size=rows)
        elif i % KINDS == 2:
            found[:, i] = rng.poisson(3, rows)
        else:
            found[:, i] = rng.choice(len(SHARES), rows, p=SHARES / SHARES.sum())
    found[:, 0] += shift
    return found


def learned(rows: np.ndarray) -> Binning:
    """Return the binning of a reference made of rows."""
    features = []
    for i in range(rows.shape[1]):
        name = f"c{i}"
        if i % KINDS == 3:
            features.append(Series(name=name, kind="category", values=tuple(range(len(SHARES)))))
        else:
            edges = reference.edges_of(rows[:, i], reference.MOST_CELLS)
            features.append(Series(name=name, kind="number", edges=edges))
    answers = (Series(name="prediction", kind="number"),)
    bare = Reference(
        model="m@1", task="regression", rows=len(rows), features=tuple(features), answers=answers
    )
    return Binning(reference._counted(bare, rows, None))


def alarms(binning: Binning, rows: np.ndarray) -> list[str]:
    """Return the columns of a window that drifted."""
    codes = np.column_stack([rows, np.full(len(rows), np.nan)])
    return [
        d.series.name for d in drift.compare(binning, binning.count(codes)) if d.drifted or d.gaps
    ]


def significant(binning: Binning, rows: np.ndarray) -> bool:
    """Tell whether any column's test alone, without the least effect, would be an alarm."""
    codes = np.column_stack([rows, np.full(len(rows), np.nan)])
    found = drift.compare(binning, binning.count(codes))
    return any(d.p is not None and d.p < drift.ALPHA for d in found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--reference", type=int, default=2000)
    parser.add_argument("--columns", type=int, default=30)
    words = parser.parse_args()
    rng = np.random.default_rng(0)
    print(
        f"{words.columns} columns, reference of {words.reference:,} rows, {words.rounds:,} windows each"
    )
    print("| rows of a window | false alarms | of the tests alone | found: 0.5 sd | bar | kept |")
    print("|--:|--:|--:|--:|---|---|")
    counts = {size: [0, 0, 0] for size in SIZES}
    for _ in range(words.rounds):
        binning = learned(draw(rng, words.reference, words.columns))
        for size in SIZES:
            same = draw(rng, size, words.columns)
            counts[size][0] += bool(alarms(binning, same))
            counts[size][1] += significant(binning, same)
            counts[size][2] += "c0" in alarms(binning, draw(rng, size, words.columns, shift=0.5))
    for size, found in counts.items():
        false, alone, power = (each / words.rounds for each in found)
        kept = false <= 0.05 and (size < 500 or power >= 0.95)
        bar = "<= 5 %" + (", >= 95 %" if size >= 500 else "")
        print(
            f"| {size:,} | {100 * false:.1f} % | {100 * alone:.1f} % | {100 * power:.1f} % | {bar} | {'yes' if kept else 'no'} |"
        )


if __name__ == "__main__":
    main()
