"""The notebooks run in a home and a folder of their own, so that testing them leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

HOME = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Point kernels started later at a fresh home."""
    session.config.stash[HOME] = os.environ["AIAAS_HOME"] = tempfile.mkdtemp(prefix="aiaas-nb-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the home of the notebooks."""
    shutil.rmtree(session.config.stash[HOME], ignore_errors=True)
