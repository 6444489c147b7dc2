"""Which types a model may consist of.

A file names the types it wants built; ours are opened with this list only, never with one that a file brings.
"""

from __future__ import annotations

from aiaas_magics.engines.models.trustedparts import PARTS

TRUSTED = frozenset(
    {
        # trees: arrays of nodes, checked by `sound.check` before anything walks them
        "sklearn.tree._tree.Tree",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.LogLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.link.Interval",
        # losses that boosting and gradient descent keep: numbers and pure functions
        *(
            f"sklearn._loss.{module}{name}"
            for module, names in {
                "loss.": ("AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss", "HalfPoissonLoss", "HalfSquaredError", "HuberLoss", "PinballLoss"),
                "_loss.Cy": ("AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss", "HalfPoissonLoss", "HalfSquaredError", "HuberLoss", "PinballLoss"),
            }.items()
            for name in names
        ),
        # boosting's binning and trees
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        # neighbours: the trees they are found by are grown again from their rows, never walked as they came
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._ball_tree.BallTree",
        *(f"sklearn.metrics._dist_metrics.{name}Distance64" for name in ("Euclidean", "Manhattan", "Chebyshev", "Minkowski")),
        # rows that are mostly zeros, kept by neighbours and support vectors; read by scipy without pickle
        *(f"scipy.sparse._{form}.{form}_{kind}" for form in ("csr", "csc") for kind in ("matrix", "array")),
        # how far a neural network's optimiser has come: lists of arrays
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        # calibrated classifiers: an estimator and two numbers a class
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        # parts of a pipeline whose state is plain
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.utils._bunch.Bunch",
        "sklearn.feature_extraction.text.TfidfTransformer",
        # our own: lists of names, an estimator, a text that is read before it is used; no code in their state
        "aiaas_magics.engines.modalities.date.DateParts",
        "aiaas_magics.engines.families.boosting.NamedWeightsBoosting",
        "aiaas_magics.engines.families.naive_bayes.NaiveBayes",
        "aiaas_magics.engines.families.lightgbm.LightGBMClassifier",
        "aiaas_magics.engines.families.lightgbm.LightGBMRegressor",
        "aiaas_magics.engines.transformers.Clipper",
        "aiaas_magics.engines.transformers.ColumnChooser",
        "aiaas_magics.engines.transformers.Gaps",
        "aiaas_magics.engines.transformers.NearestImputer",
        "aiaas_magics.engines.transformers.RareCategories",
        "aiaas_magics.engines.transformers.RelatedImputer",
        "aiaas_magics.engines.transformers.TypeFixer",
        # --impute iterative: linear models in a list, which column each fills
        "sklearn.impute._iterative.IterativeImputer",
        "sklearn.impute._iterative._ImputerTriplet",
        # --encode target: how training rows are crossed
        "sklearn.model_selection._split.KFold",
        "numpy.dtype",
        "collections.OrderedDict",
        *PARTS,
    }
)  # fmt: skip
"""Types beyond those skops itself trusts, each read and found to build nothing but its state."""
SEALED = TRUSTED | {"aiaas_magics.engines.usercode.UserCode"}
"""Types in a model that bears this home's seal: also text of the user's own, which is run. A file of somebody else's
that holds such text is a program, whatever its format, and `TRUSTED` alone is what it may hold."""
