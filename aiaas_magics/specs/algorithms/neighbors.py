"""Neighbours, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import BOTH, Algorithm, among, between, row

_METRICS = ("minkowski", "euclidean", "manhattan", "chebyshev", "cosine")

ALGORITHMS = (
    Algorithm(
        name="knn", tasks=BOTH, family="neighbors", tried=("n_neighbors", "weights"), takes_weights=False,
        summary="what the most similar training rows have: their majority or mean",
        parameters=(
            row("n_neighbors", "int", 5, "number of similar rows", low=1, search=between(1, 30, log=True)),
            row("weights", "", "uniform", "whether nearer rows count more", choices=("uniform", "distance"), search=among("uniform", "distance")),
            row("metric", "", "minkowski", "how the distance is measured", choices=_METRICS),
            row("p", "float int", 2, "power of minkowski: 1 is manhattan, 2 is euclidean", low=1, search=among(2, 1)),
            row("algorithm", "", "auto", "how neighbours are found", choices=("auto", "kd_tree", "ball_tree", "brute")),
            row("leaf_size", "int", 30, "rows in a leaf of the tree they are found by", low=1),
        ),
    ),
)  # fmt: skip
