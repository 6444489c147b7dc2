"""A context over a folder for every engine test."""

import pytest

from aiaas_magics.testing.context import LocalContext


@pytest.fixture
def context(tmp_path):
    return LocalContext(tmp_path / "context")
