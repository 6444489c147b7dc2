"""Every test has a home of its own; nothing touches the user's."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Point $AIAAS_HOME at an empty folder and keep stray workers out of unit tests."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AIAAS_HOME", str(folder))
    return folder
