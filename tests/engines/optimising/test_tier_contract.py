"""Every tier keeps the contract, with every model it takes."""

import pytest

from aiaas_magics.engines.optimising.onnx import OnnxTier
from aiaas_magics.engines.optimising.treelite import TreeliteTier
from aiaas_magics.engines.optimising.treeloop import TreeLoopTier
from aiaas_magics.testing import tiers
from aiaas_magics.testing.tiers import MODELS, TREES, TierContract


class TestOnnx(TierContract):
    @pytest.fixture(params=MODELS)
    def claim(self, request):
        return tiers.claim(request.param)

    @pytest.fixture
    def tier(self):
        return OnnxTier("float64")


class TestTreelite(TierContract):
    @pytest.fixture(params=TREES)
    def claim(self, request):
        return tiers.claim(request.param)

    @pytest.fixture
    def tier(self):
        return TreeliteTier()


class TestTreeLoop(TierContract):
    @pytest.fixture(params=MODELS)
    def claim(self, request):
        return tiers.claim(request.param)

    @pytest.fixture
    def tier(self):
        return TreeLoopTier()
