"""Progress in a notebook and in a terminal: pure functions of events and time."""

import io
import re

import pytest

from aiaas_magics.specs.jobs import Event
from aiaas_magics.widgets import progress, terminal
from aiaas_magics.widgets.progress import NotebookProgress
from aiaas_magics.widgets.terminal import TerminalProgress, said


def event(kind, **body):
    return Event(seq=1, scope="job:j", time=0.0, type=kind, body=body)


def step(done=1, total=4, text="fold 1", eta=None):
    return event("progress", done=done, total=total, text=text, eta=eta)


STOPPING = event("state", to="STOPPING", **{"from": "RUNNING"})


class Clock:
    """Time that goes on when it is told to."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(terminal, "time", clock)
    return clock


class Place:
    """Where something is displayed."""

    def __init__(self):
        self.now = None

    def update(self, bundle, *, raw):
        assert raw
        self.now = bundle


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def shown(monkeypatch, place):
    """What is displayed."""
    boxes = []

    def display(box, *, display_id):
        assert display_id
        boxes.append(box)
        return place

    monkeypatch.setattr(progress, "display", display)
    yield boxes
    for box in boxes:
        box.close()


@pytest.fixture
def bar(clock, shown):
    """A display whose job has run for a second."""
    made = NotebookProgress()
    clock.now += 1
    yield made
    made.close()


def words(box):
    return re.sub("<[^>]*>", "", box.children[1].value)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"done": 1, "total": 4}, "25 % fold 1"),
        ({"done": 1, "total": 4, "eta": 12.34}, "25 % fold 1, about 12.3 s left"),
        ({"done": 1, "total": 4, "eta": 0.2}, "25 % fold 1"),
        ({"done": 1, "total": 4, "eta": 7260.0}, "25 % fold 1, about 2 h 1 min left"),
        ({"done": 0, "total": 4}, "fold 1"),
        ({"done": 3, "total": 0}, "fold 1"),
        ({"done": 0.5, "total": 1.0, "text": ""}, "50 %"),
    ],
)
def test_progress_in_words(body, text):
    assert said(step(**body)) == text


def test_a_short_job_shows_nothing(clock, shown):
    made = NotebookProgress()
    for _ in range(5):
        clock.now += 0.05
        made(step())
    made.close()
    assert shown == []


def test_a_bar_comes_fills_and_goes(bar, clock, shown, place):
    bar(step(done=1))
    box = shown[0]
    assert (box.children[0].value, words(box)) == (
        0.25, "25 % fold 1 · interrupt the kernel (■) to stop",
    )  # fmt: skip
    clock.now += 1
    bar(step(done=4))
    assert (box.children[0].value, len(shown)) == (1.0, 1)
    bar.close()
    assert box.comm is None
    assert place.now == {"text/html": "", "text/plain": ""}


@pytest.mark.parametrize(
    ("done", "total", "value"), [(5, 4, 1.0), (0, 4, 0.0), (0, 0, 0.0), (3, 0, 1.0)]
)
def test_a_bar_is_never_more_than_full(bar, shown, done, total, value):
    bar(step(done=done, total=total))
    assert shown[0].children[0].value == value


def test_events_that_come_at_once_are_drawn_once(bar, clock, shown):
    for done in (1, 2, 3):
        clock.now += 0.02
        bar(step(done=done))
    assert shown[0].children[0].value == 0.25


def test_what_a_job_says_is_no_markup(bar, shown):
    bar(step(text="<script>&"))
    assert "&lt;script&gt;&amp;" in shown[0].children[1].value


def test_a_stop_is_told_and_how_to_cancel(bar, clock, shown):
    bar(step())
    bar(STOPPING)
    assert words(shown[0]) == "stopping, keeping the best so far · interrupt again to cancel"
    clock.now += 1
    bar(step(done=2))
    assert words(shown[0]) == "50 % fold 1 · interrupt again to cancel"


def test_a_stop_before_the_bar_is_no_error(bar, shown):
    bar(STOPPING)
    assert shown == []
    bar(step())
    assert "interrupt again to cancel" in words(shown[0])


@pytest.mark.parametrize("kind", ["log", "warning", "metric", "artefact", "trial"])
def test_other_events_show_nothing(bar, shown, clock, kind):
    out = io.StringIO()
    lines = TerminalProgress(out)
    clock.now += 10
    for display in (bar, lines):
        display(event(kind, text="x"))
    assert (shown, out.getvalue()) == ([], "")


def test_a_terminal_gets_a_line_now_and_then(clock):
    out = io.StringIO()
    made = TerminalProgress(out)
    for done in range(60):
        made(step(done=done, total=80, text="step"))
        clock.now += 0.125
    made.close()
    assert out.getvalue() == "  10 % step\n  30 % step\n  50 % step\n  70 % step\n"


def test_a_terminal_s_lines_go_where_errors_go(clock, capsys):
    made = TerminalProgress()
    clock.now += 1
    made(step())
    assert capsys.readouterr() == ("", "  25 % fold 1\n")
