"""An endpoint's log, followed."""

import pytest

from aiaas_magics import errors
from aiaas_magics.execution import endpoints, logs, process
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.store.home import Home


@pytest.fixture
def opened(home):
    found = Home.open(home)
    found.endpoints.save(
        EndpointInfo(name="api", model="clf@1", state="STOPPED", url="", port=1, workers=1)
    )
    yield found
    found.close()


@pytest.fixture
def following(opened, monkeypatch):
    """Follow the log; before each look the next of these is done, and then the endpoint has ended."""

    def follow(*steps):
        todo = iter(steps)

        def goes_on(home, name):
            step = next(todo, None)
            if step is not None:
                step()
            return step is not None

        monkeypatch.setattr(logs, "_goes_on", goes_on)
        monkeypatch.setattr(logs, "LOOK", 0.0)
        return "".join(logs.follow(opened, "api"))

    return follow


@pytest.fixture
def log(opened):
    return endpoints.log_path(opened, "api")


def add(path, body):
    def step():
        with path.open("ab") as file:
            file.write(body)

    return step


def test_what_is_there_and_what_comes_is_told_once(log, following):
    add(log, b"one\n")()
    assert following(add(log, b"two\n"), add(log, b"three\n")) == "one\ntwo\nthree\n"


def test_a_log_that_comes_later_is_told(log, following):
    assert following(lambda: None, add(log, b"one\n")) == "one\n"


def test_a_log_that_is_moved_aside_is_read_to_its_end_and_then_its_successor(log, following):
    def moved():
        add(log, b"two\n")()
        log.replace(log.with_name("log.1"))
        add(log, b"three\n")()

    add(log, b"one\n")()
    told = following(lambda: None, moved, lambda: None, add(log, b"four\n"))
    assert told == "one\ntwo\nthree\nfour\n"


def test_a_letter_that_comes_in_two_halves_is_one(log, following):
    both = "é\n".encode()
    add(log, b"one\n")()
    assert following(lambda: None, add(log, both[:1]), add(log, both[1:])) == "one\né\n"


def test_of_a_long_log_whole_lines_of_its_end_are_told(log, following):
    add(log, b"a line of twenty-one.\n" * process.LOG_TAIL)()
    lines = set(following().splitlines())
    assert lines == {"a line of twenty-one."}


def test_an_unknown_endpoint_is_told_before_anything_is_made(opened):
    with pytest.raises(errors.NotFound):
        next(logs.follow(opened, "apo"))
    assert not (opened.path / "endpoints" / "apo").exists()


def test_an_endpoint_goes_on_while_its_processes_do(opened):
    assert not logs._goes_on(opened, "api")
    opened.endpoints.update("api", state="READY", pid=None)
    assert not logs._goes_on(opened, "api")


def entry(second, text, pid=7):
    return f"2026-11-25 10:00:{second:02d},000 {pid} {text}\n"


GOOD = "POST '/predict' 200 0.41 ms 1 rows clf@1"


def test_entries_are_in_the_order_of_their_moments_and_whole(log, opened):
    late = entry(3, "error abc") + "Traceback\n  ValueError: oops\n"
    log.write_text(late + entry(1, GOOD) + entry(2, GOOD, pid=8))
    assert logs.end(opened, "api") + "\n" == entry(1, GOOD) + entry(2, GOOD, pid=8) + late
    assert logs.end(opened, "api", lines=1) + "\n" == late


def test_an_error_is_found_long_after_and_in_the_log_before(log, opened):
    many = "".join(entry(5, GOOD) for _ in range(5_000))
    log.with_name("log.1").write_text(entry(1, "error old") + many)
    log.write_text(
        entry(9, "POST '/v2' 504 30000.00 ms 1 rows clf@1") + entry(9, "Shutting down") + many
    )
    assert [line[26:] for line in logs.end(opened, "api", errors=True).splitlines()] == [
        "error old", "POST '/v2' 504 30000.00 ms 1 rows clf@1",
    ]  # fmt: skip


def test_an_entry_that_is_cut_is_not_shown(log, opened, monkeypatch):
    monkeypatch.setattr(logs, "LONGEST", 30)
    log.write_text(entry(1, "x" * 100) + entry(2, "y"))
    assert logs.end(opened, "api", lines=2) + "\n" == entry(2, "y")


def test_no_log_is_no_trouble(opened):
    assert logs.end(opened, "api", errors=True) == ""


def test_what_runs_is_not_removed_and_what_is_removed_leaves_nothing(log, opened, monkeypatch):
    log.write_text("x")
    monkeypatch.setattr(endpoints, "runs", lambda info: True)
    with pytest.raises(errors.Conflict, match="api runs"):
        endpoints.remove(opened, "api", "me")
    monkeypatch.undo()
    endpoints.remove(opened, "api", "me")
    assert not log.parent.exists()
    assert not opened.endpoints.token_path("api").exists()
    with pytest.raises(errors.NotFound):
        endpoints.remove(opened, "api", "me")
    assert opened.runs.events("endpoint:api", 0)[-1].body["command"] == "remove_endpoint"
