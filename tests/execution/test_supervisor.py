"""The supervisor's limits: what is over its time ends, and what goes on for ever answers first."""

import pytest

from aiaas_magics.execution import supervisor
from aiaas_magics.specs.jobs import Cause, Limits


@pytest.mark.parametrize(
    ("endless", "late", "stopping", "ended"),
    [
        (False, 1.0, False, [Cause.TIMEOUT]),
        (True, -1.0, False, []),
        (True, 1.0, True, []),
        (True, supervisor.LAST_LOOK + 1, True, [Cause.TIMEOUT]),
    ],
)
def test_a_watch_over_its_time_is_stopped_before_it_is_ended(
    monkeypatch, endless, late, stopping, ended
):
    watched = supervisor.Supervisor(None, "job", Limits(seconds=60.0))
    watched.endless, found = endless, []
    monkeypatch.setattr(watched, "_end", lambda error, cause: found.append(cause))
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: watched._begun + 60.0 + late)
    watched._check_limits()
    assert (watched.stopping(), found) == (stopping, ended)
