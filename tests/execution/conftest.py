"""A local backend in a fresh home; whatever it started ends with the test."""

import pytest

from aiaas_magics.backends.local import LocalBackend


@pytest.fixture
def backend(tmp_path):
    opened = LocalBackend(tmp_path / "home")
    yield opened
    for job in opened.query("jobs"):
        opened.cancel(job.id)
    opened.close()
