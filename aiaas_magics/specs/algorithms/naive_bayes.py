"""Naive Bayes, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    CLASSES,
    Algorithm,
    among,
    between,
    row,
)

_VARIANTS = ("gaussian", "bernoulli", "multinomial", "complement")

ALGORITHMS = (
    Algorithm(
        name="naive_bayes", tasks=CLASSES, family="naive_bayes", tried=("variant",),
        summary="each column speaks for itself, given the class",
        parameters=(
            row("variant", "", "gaussian", "what a column holds: numbers (gaussian), yes or no (bernoulli), counts or words (multinomial, complement)", choices=_VARIANTS, search=among("gaussian", "bernoulli")),
            row("var_smoothing", "float", 1e-9, "variance added to all columns, as a share of the largest (gaussian)", low=0, search=between(1e-9, 1e-1, log=True)),
            row("alpha", "float int", 1.0, "rows made up for each value (not gaussian)", low=0, search=among(1.0, 0.1)),
            row("fit_prior", "bool", True, "classes are as frequent as in training (not gaussian)"),
            row("binarize", "float int none", 0.0, "above it is yes (bernoulli)"),
        ),
    ),
)  # fmt: skip
