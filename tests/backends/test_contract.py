"""Both backends keep the contract."""

import pytest

from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.testing.backend import BackendContract
from aiaas_magics.testing.fake import FakeBackend


class TestFake(BackendContract):
    @pytest.fixture
    def backend(self):
        backend = FakeBackend()
        yield backend
        backend.close()


class TestLocal(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path):
        backend = LocalBackend(tmp_path / "home", spare=False)
        yield backend
        for job in backend.query("jobs"):
            backend.cancel(job.id)
        backend.close()
