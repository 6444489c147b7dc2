"""Every algorithm of the table keeps the contract."""

import pytest

from aiaas_magics.specs.algorithms import ALGORITHMS, check_parameters, find
from aiaas_magics.testing.family import FamilyContract


class TestFamilies(FamilyContract):
    @pytest.fixture(params=ALGORITHMS, ids=lambda a: a.name)
    def algorithm(self, request):
        return request.param


def test_a_loss_of_the_other_task_is_refused():
    from aiaas_magics import errors

    with pytest.raises(errors.SpecError, match="not a value"):
        check_parameters(find("sgd"), {"loss": "hinge"}, "regression")
