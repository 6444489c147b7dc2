"""What scikit-learn's own estimators are made of besides what skops trusts and our algorithms need.

For estimators of the user's own: found by writing every classifier, regressor and transformer of scikit-learn 1.9
after a fit. Each builds nothing but its state, or is a pure function of arrays.
"""

from __future__ import annotations

_SPLITS = (
    "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "PredefinedSplit",
    "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold",
    "StratifiedShuffleSplit", "TimeSeriesSplit",
)  # fmt: skip
_KERNELS = (
    "CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern",
    "PairwiseKernel", "Product", "RBF", "RationalQuadratic", "Sum", "WhiteKernel",
)  # fmt: skip
_CLASSIFIED = (
    "accuracy_score", "balanced_accuracy_score", "brier_score_loss", "cohen_kappa_score", "f1_score",
    "fbeta_score", "hamming_loss", "jaccard_score", "log_loss", "matthews_corrcoef", "precision_score",
    "recall_score", "zero_one_loss",
)  # fmt: skip
_REGRESSED = (
    "d2_absolute_error_score", "explained_variance_score", "max_error", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_pinball_loss", "mean_poisson_deviance", "mean_squared_error",
    "mean_squared_log_error", "median_absolute_error", "r2_score", "root_mean_squared_error",
)  # fmt: skip

PARTS = frozenset(
    {
        *(f"sklearn.model_selection._split.{name}" for name in _SPLITS),
        *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
        *(f"sklearn.metrics._classification.{name}" for name in _CLASSIFIED),
        *(f"sklearn.metrics._regression.{name}" for name in _REGRESSED),
        "sklearn.metrics._ranking.roc_auc_score",
        "sklearn.metrics._ranking.average_precision_score",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.feature_selection._mutual_info.mutual_info_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_regression",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.feature_selection._univariate_selection.r_regression",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._ball_tree.BallTree",
        "scipy.interpolate._bsplines.BSpline",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "numpy.mean",
    }
)
