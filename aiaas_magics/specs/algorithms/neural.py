"""Neural networks, as data."""

from __future__ import annotations

from aiaas_magics.specs.algorithms.descriptors import (
    BOTH,
    NUMBERS,
    Algorithm,
    among,
    between,
    row,
    strength,
)

_ACTIVATIONS = ("relu", "tanh", "logistic", "identity")

ALGORITHMS = (
    Algorithm(
        name="mlp", tasks=BOTH, family="neural", tried=("alpha", "hidden_layer_sizes"),
        summary="a neural network of dense layers, with its loss curve",
        parameters=(
            row("hidden_layer_sizes", "int sizes", (100,), "neurons of each hidden layer", low=1, search=among((100,), (50, 50), (20,))),
            row("activation", "", "relu", "what a neuron does with its sum", choices=_ACTIVATIONS, search=among("relu", "tanh")),
            strength("alpha", 1e-4, 1e-6, 1.0, "strength of the L2 penalty"),
            row("learning_rate_init", "float", 1e-3, "first step", low=0, open_low=True, search=between(1e-4, 1e-2, log=True)),
            row("learning_rate", "", "constant", "how the step changes (sgd)", choices=("constant", "invscaling", "adaptive")),
            row("solver", "", "adam", "the optimiser; lbfgs is good for small tables and has no curve", choices=("adam", "sgd", "lbfgs")),
            row("batch_size", "int", "auto", "rows of a step; auto is 200", low=1, choices=("auto",)),
            row("max_iter", "int", 200, "most passes over the rows", low=1),
            row("tol", "float", 1e-4, "stop when passes gain less", low=0, open_low=True),
            row("n_iter_no_change", "int", 10, "passes without a gain before it stops", low=1),
            row("early_stopping", "bool", False, "stop when a held-out share gains nothing"),
            row("validation_fraction", "float", 0.1, "share held out to stop early", low=0, high=0.9),
            row("momentum", "float", 0.9, "how much of the last step is kept (sgd)", low=0, high=1),
            row("loss", "", "squared_error", "what is minimised", choices=("squared_error", "poisson"), tasks=NUMBERS),
        ),
    ),
)  # fmt: skip
