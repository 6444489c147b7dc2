"""Cells of a notebook without its page."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

IMPORTS = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
"""


@pytest.fixture
def cells():
    """What runs cells in a shell of their own and returns what one of their names stands for."""
    shell = InteractiveShell()
    shell.run_cell(IMPORTS).raise_error()

    def run(*codes, name="it"):
        for code in codes:
            shell.run_cell(code, store_history=True).raise_error()
        return shell.user_ns[name]

    return run
