"""Every algorithm of the table keeps the contracts."""

import pytest

from aiaas_magics import errors
from aiaas_magics.specs.algorithms import ALGORITHMS, check_parameters, find
from aiaas_magics.testing.family import ClassifierContract, FamilyContract, claims


class TestFamilies(FamilyContract):
    @pytest.fixture(params=claims(ALGORITHMS), ids=str)
    def claim(self, request):
        return request.param


class TestClassifiers(ClassifierContract):
    @pytest.fixture(params=claims(ALGORITHMS, task="classification"), ids=str)
    def claim(self, request):
        return request.param


def test_a_loss_of_the_other_task_is_refused():
    with pytest.raises(errors.SpecError, match="not a value"):
        check_parameters(find("sgd"), {"loss": "hinge"}, "regression")


@pytest.mark.parametrize(
    ("algo", "params"),
    [
        ("svm", {"class_weight": {"a": -1}}),
        ("svm", {"class_weight": {}}),
        ("svm", {"class_weight": {"a": "much"}}),
        ("random_forest", {"max_depth": [3]}),
        ("mlp", {"hidden_layer_sizes": []}),
        ("mlp", {"hidden_layer_sizes": [10, 0]}),
        ("mlp", {"hidden_layer_sizes": [10, True]}),
        ("random_forest", {"n_estimators": {"a": 1}}),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(algo, params):
    with pytest.raises(errors.SpecError, match="not a value"):
        check_parameters(find(algo), params)
