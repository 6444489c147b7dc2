"""A fresh home for each test."""

import pytest

from aiaas_magics.store.home import Home


@pytest.fixture
def opened(tmp_path):
    home = Home.open(tmp_path / "home")
    yield home
    home.close()
