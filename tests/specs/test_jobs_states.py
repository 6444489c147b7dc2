"""The life of a job as a graph."""

from aiaas_magics.specs.jobs import FINAL, MOVES, JobState


def reachable(start):
    seen, todo = set(), [start]
    while todo:
        for state in MOVES[todo.pop()] - seen:
            seen.add(state)
            todo.append(state)
    return seen


def test_every_state_can_be_reached():
    assert reachable(JobState.QUEUED) == set(JobState) - {JobState.QUEUED}


def test_nothing_follows_a_final_state():
    assert all(not MOVES[state] for state in FINAL)
    assert all(state.final == (state in FINAL) for state in JobState)


def test_every_living_state_can_end():
    assert all(reachable(state) & FINAL for state in set(JobState) - FINAL)


def test_a_job_with_a_process_can_be_lost():
    alive = {JobState.STARTING, JobState.RUNNING, JobState.STOPPING, JobState.CANCELLING}
    assert all(JobState.LOST in MOVES[state] for state in alive)
