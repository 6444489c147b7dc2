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
