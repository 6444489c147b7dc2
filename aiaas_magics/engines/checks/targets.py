"""Targets: classes that are rare, or hardly there."""

from __future__ import annotations

from aiaas_magics.engines.checks.look import Found, Look, few, share
from aiaas_magics.specs.quality import Finding

MOSTLY = 0.9
"""Share of one class from which always guessing it looks like a good model."""
TIMES = 10
"""How many times rarer than the most frequent class a class is seldom learned."""
FEW = 10
"""Rows of a class below which neither learning nor measuring it says much: five are trained on, two held out."""
BALANCED = "class_weight=balanced"
CLASSIFIER = "random_forest"
"""Takes `BALANCED`."""


def imbalance(look: Look) -> Found:
    """Find a class that outweighs the others."""
    if look.task != "classification" or look.target is None:
        return
    counts = look.frame[look.target].value_counts()
    counts = counts[counts > 0]
    if len(counts) < 2:
        return
    rare, often = counts.index[-1], counts.index[0]
    most, least, total = int(counts.iloc[0]), int(counts.iloc[-1]), int(counts.sum())
    if most >= MOSTLY * total or most >= TIMES * least:
        yield Finding(
            find="imbalanced", severity="high" if least < 0.01 * total else "medium", column=look.target,
            text=f"{few([rare])} has {least:,} rows ({share(least, total)}), {few([often])} has {most:,}: "
            f"always guessing the latter is right in {share(most, total)} of the rows",
            fix=look.train(BALANCED, algo=CLASSIFIER), effect=least / total,
        )  # fmt: skip


def rare(look: Look) -> Found:
    """Find classes with too few rows to be learned and measured."""
    if look.task != "classification" or look.target is None:
        return
    counts = look.frame[look.target].value_counts()
    small = counts[(counts > 0) & (counts < FEW)]
    if not len(small):
        return
    single = small[small == 1]
    names = few(list(small.index))
    words = "has" if len(small) == 1 else "have"
    alone = "; a class of one row cannot be held out" if len(single) else ""
    yield Finding(
        find="rare classes", severity="high" if len(single) else "medium", column=look.target,
        text=f"{names} {words} fewer than {FEW} rows (fewest: {int(small.min())}){alone}",
        fix=look.train("--test 0") if len(single) else look.train(BALANCED, algo=CLASSIFIER), effect=float(small.min()),
    )  # fmt: skip
