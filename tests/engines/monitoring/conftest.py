"""A model, its reference, and rows like those it learned from."""

import pytest

from aiaas_magics.testing.context import LocalContext


@pytest.fixture
def context(tmp_path):
    return LocalContext(tmp_path / "context")
