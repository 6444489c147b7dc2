"""Each notebook runs in a home of its own, as for a new reader, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

HOMES = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Point the kernel, which starts with a notebook's first cell, at the notebook's home."""
    stash = item.config.stash
    if HOMES not in stash:
        stash[HOMES] = tempfile.mkdtemp(prefix="aiaas-nb-")
    os.environ["AIAAS_HOME"] = str(Path(stash[HOMES]) / item.path.stem)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the homes."""
    if HOMES in session.config.stash:
        shutil.rmtree(session.config.stash[HOMES], ignore_errors=True)
