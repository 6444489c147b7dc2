"""Each notebook runs in a home of its own, as for a new reader, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOMES = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Point the kernel, which starts with a notebook's first cell, at the notebook's home."""
    stash, before = item.config.stash, os.environ.get("AIAAS_HOME")
    if HOMES not in stash:
        stash[HOMES] = tempfile.mkdtemp(prefix="aiaas-nb-")
    os.environ["AIAAS_HOME"] = str(Path(stash[HOMES]) / item.path.stem)
    try:
        yield
    finally:  # the tests that follow have homes of their own
        if before is None:
            del os.environ["AIAAS_HOME"]
        else:
            os.environ["AIAAS_HOME"] = before


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the homes."""
    if HOMES in session.config.stash:
        shutil.rmtree(session.config.stash[HOMES], ignore_errors=True)
