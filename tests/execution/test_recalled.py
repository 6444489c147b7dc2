"""A job that ends before its worker has come leaves no worker on its way."""

import pytest

from aiaas_magics.execution import process
from aiaas_magics.specs.jobs import JobState
from aiaas_magics.testing.stages import Count


@pytest.mark.parametrize("how", ["stop", "cancel"])
@pytest.mark.parametrize("warm", [False, True])
def test_the_worker_of_a_job_that_will_not_start_is_called_back(backend, how, warm):
    if warm:
        backend.warm()
    job = backend.submit(Count(steps=1000))
    pid, _ = backend._launched[job]
    assert backend.home.runs.get(job).state is JobState.QUEUED
    getattr(backend, how)(job)
    assert backend.home.runs.get(job).state is JobState.CANCELLED
    assert process.started(pid) is None
