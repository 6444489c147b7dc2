"""Support vector machines, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BALANCED,
    BOTH,
    NUMBERS,
    Algorithm,
    among,
    between,
    row,
)

ALGORITHMS = (
    Algorithm(
        name="svm", tasks=BOTH, family="svm", tried=("C", "gamma"),
        summary="a border as wide as the rows allow, in the space of a kernel; no probabilities; slow above 20,000 rows",
        parameters=(
            row("C", "float int", 1.0, "inverse strength of the penalty", low=0, open_low=True, search=between(0.01, 100.0, log=True)),
            row("kernel", "", "rbf", "how rows are compared", choices=("linear", "rbf", "poly", "sigmoid"), search=among("rbf", "linear")),
            row("gamma", "float int", "scale", "width of a kernel (not linear): smaller is smoother", low=0, choices=("scale", "auto"), search=among("scale", 0.01, 0.1, 1.0)),
            row("degree", "int", 3, "degree of the kernel poly", low=0),
            row("coef0", "float int", 0.0, "constant term of the kernels poly and sigmoid"),
            row("epsilon", "float int", 0.1, "errors below it cost nothing", low=0, tasks=NUMBERS, search=between(0.01, 1.0, log=True)),
            row("shrinking", "bool", True, "leave out rows that are settled while learning"),
            row("tol", "float", 1e-3, "stop when an iteration gains less", low=0, open_low=True),
            row("max_iter", "int", -1, "most iterations; -1 is no limit", low=-1),
            BALANCED,
        ),
    ),
)  # fmt: skip
