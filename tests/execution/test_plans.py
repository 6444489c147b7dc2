"""What is told of a plan that cannot be carried out."""

import os

import psutil
import pytest

from aiaas_magics import errors
from aiaas_magics.execution import plans
from aiaas_magics.specs.records import EndpointInfo


@pytest.fixture
def carried(monkeypatch):
    """Carry out a plan that no worker follows, of a master that lives or not."""

    def carry(pid):
        monkeypatch.setattr(plans, "TAKEN_UP", 0.01)
        monkeypatch.setattr(plans, "write", lambda home, info: None)
        monkeypatch.setattr(plans, "_followed", lambda home, info: [])
        monkeypatch.setattr(plans, "_hint", lambda info: None)
        started = None if pid is None else psutil.Process(pid).create_time()
        info = EndpointInfo(
            name="api", model="m@1", state="READY", url="", port=1, workers=1, pid=pid, pid_started=started
        )  # fmt: skip
        with pytest.raises(errors.EndpointError) as refused:
            plans.carry_out(None, info)
        return refused.value

    return carry


def test_workers_that_take_too_long_are_told_from_those_that_are_gone(carried):
    assert carried(os.getpid()).what == "api stays as it was: its workers did not follow"
    assert carried(None).what == "api has ended meanwhile"
