"""One line after the other through a session: words become jobs and handles, files and errors."""

import contextlib
import os

import pandas as pd
import pytest

from aiaas_magics import errors, frames, handles, session, specs
from aiaas_magics.session import locator
from aiaas_magics.specs.jobs import Event
from aiaas_magics.specs.verbs import Kind
from aiaas_magics.testing.stages import Count, Noop


def table(rows=30):
    return pd.DataFrame({"a": range(rows), "y": [0.5 * i for i in range(rows)]})


def load(on, name="t", rows=30):
    return on.run("data", "load", {"source": table(rows), "as_": name})


# Every line ----------------------------------------------------------------------------------------
LINES = [
    ("data", "load", {"source": table(), "as_": "t"}, "t@1: 30 rows x 2 columns, 0 missing values"),
    ("data", "list", {}, "data: t@1"),
    ("data", "show", {"data": "t"}, "t@1: 30 rows x 2 columns, 0 missing values"),
    ("data", "catalogue", {}, "catalogue: iris, wine"),
    ("data", "check", {"data": "t", "target": "y"}, "t@1: 1 finding (1 high)"),
    ("prepare", "", {"data": "t", "as_": "p", "drop": ("a",)}, "p@1: 30 rows x 1 column"),
    ("train", "", {"data": "t", "target": "y", "algo": "ridge"}, "ridge@1: ridge, r2 1.000"),
    ("tune", "", {"data": "t", "target": "y", "algo": "ridge", "as_": "b", "cv": 2}, "b@1: ridge, best of 2"),
    ("evaluate", "", {"model": "ridge", "repeats": 100, "shuffles": 0}, "ridge@1: r2 1.000"),
    ("evaluate", "", {"model": "ridge", "data": table(), "repeats": 100}, "ridge@1: r2 1.000"),
    ("models", "list", {}, "models: ridge@1, b@1"),
    ("models", "show", {"model": "ridge"}, "ridge@1: ridge predicting y, r2 1.000"),
    ("models", "compare", {"models": ("ridge", "b")}, "ridge@1, b@1: r2 1.000 against"),
    ("models", "alias", {"model": "ridge", "alias": "production"}, "ridge@production is now ridge@1"),
    ("models", "history", {"model": "ridge@production"}, "aliases of ridge: ridge@production"),
    ("deploy", "", {"model": "ridge@production"}, "ridge-api: ridge@1, ready"),
    ("endpoints", "list", {}, "endpoints: ridge-api"),
    ("endpoints", "show", {"endpoint": "ridge-api"}, "ridge-api: ridge@1, ready"),
    ("endpoints", "logs", {"endpoint": "ridge-api"}, "the end of the log of ridge-api"),
    ("monitor", "", {"endpoint": "ridge-api"}, "ridge-api: 0 requests in the last hour, no alert"),
    ("deploy", "", {"model": "b", "to": "ridge-api", "canary": 10.0}, "ridge-api: ridge@1, b@1 canary 10 %, ready"),
    ("endpoints", "versions", {"endpoint": "ridge-api"}, "ridge-api: ridge@1 main 90 %, b@1 canary 10 %"),
    ("endpoints", "promote", {"endpoint": "ridge-api"}, "ridge-api: b@1 answers now (was ridge@1)"),
    ("endpoints", "rollback", {"endpoint": "ridge-api"}, "ridge-api: ridge@1 answers now (was b@1)"),
    ("deploy", "", {"model": "b", "to": "ridge-api", "shadow": True}, "ridge-api: ridge@1, b@1 shadow, ready"),
    ("endpoints", "drop", {"endpoint": "ridge-api"}, "ridge-api: b@1 (shadow) is gone, ridge@1 answers 100 %"),
    ("endpoints", "scale", {"endpoint": "ridge-api", "workers": 2}, "ridge-api has 2 workers now (was 1)"),
    ("endpoints", "stop", {"endpoint": "ridge-api"}, "ridge-api is stopped"),
    ("models", "unalias", {"model": "ridge", "alias": "production"}, "ridge@production means nothing"),
    ("models", "delete", {"model": "b"}, "deleted b"),
    ("jobs", "list", {}, "jobs: j"),
    ("jobs", "attach", {}, "ridge-api: ridge@1, stopped"),
    ("jobs", "logs", {}, "log of deploy ridge-api (succeeded)"),
    ("jobs", "stop", {}, "deploy ridge-api had ended already"),
    ("jobs", "cancel", {}, "deploy ridge-api had ended already"),
    ("data", "delete", {"data": "t"}, "deleted t"),
    ("", "", {}, "1 data, 1 model, 0 running endpoints"),
    ("endpoints", "remove", {"endpoint": "ridge-api"}, "ridge-api is removed"),
]  # fmt: skip


def test_every_line_is_carried_out_one_after_the_other(empty):
    for verb, action, values, words in LINES:
        grid = {"alpha": [0.0001, 0.001]} if verb == "tune" else {}
        assert repr(empty.run(verb, action, values, grid)).startswith(words)


def test_the_lines_above_are_all_there_are():
    known = {(verb, action.name) for verb in specs.VERBS for action in specs.verb(verb).actions}
    elsewhere = {
        ("connect", ""),
        ("predict", ""),
        ("data", "save"),
        ("models", "import"),
        ("models", "export"),
    }
    assert {(verb, action) for verb, action, *_ in LINES} == known - elsewhere


def test_an_action_nobody_knows_is_a_usage_error(empty):
    with pytest.raises(errors.UsageError, match="%aiaas_data has no action 'sav'"):
        empty.run("data", "sav", {})


def test_a_failed_job_s_error_is_the_line_s(empty):
    load(empty)
    with pytest.raises(errors.DataError, match="'z'") as caught:
        empty.run("train", "", {"data": "t", "target": "z", "algo": "ridge"})
    assert len(caught.value.lines()) <= 3


def test_a_result_nobody_wraps_is_a_note(empty):
    job = empty.backend.submit(Noop())
    handle, warnings = empty.follow(job)
    assert (repr(handle), warnings) == ("0 rows", [])
    assert handle.answer == empty.backend.result(job)


def test_a_detached_line_returns_at_once_and_is_waited_for(empty):
    values = {"source": table(), "as_": "t", "detach": True}
    handle = empty.run("data", "load", values)
    assert isinstance(handle, handles.JobHandle)
    assert repr(handle.wait()).startswith("t@1: 30 rows")


def test_data_still_in_the_making_may_be_named(empty, monkeypatch):
    load(empty)
    making = empty.backend.submit(Count(steps=10_000, seconds=0.01, as_="t"))
    asked = []
    monkeypatch.setattr(empty.backend, "submit", lambda spec, **_: asked.append(spec) or making)
    empty.run("prepare", "", {"data": "t", "as_": "p", "dropna": True, "detach": True})
    empty.backend.cancel(making)
    empty.run("prepare", "", {"data": "t", "as_": "p", "dropna": True, "detach": True})
    assert [spec.data for spec in asked] == ["t", "t@1"]


@pytest.mark.parametrize("data", ["unknown", "unknown@3"])
def test_data_nobody_makes_is_not_found(empty, data):
    with pytest.raises(errors.NotFound, match="unknown"):
        empty.run("prepare", "", {"data": data, "as_": "p", "dropna": True})


def test_limits_reach_the_backend(empty, monkeypatch):
    seen, submit = [], empty.backend.submit
    monkeypatch.setattr(
        empty.backend, "submit", lambda spec, *, limits: seen.append(limits) or submit(spec)
    )
    empty.run("data", "load", {"source": "iris", "memory": 10**9, "timeout": 60.0})
    assert (seen[0].memory, seen[0].seconds) == (10**9, 60.0)


# Names ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("cancer.csv", "cancer"),
        ("my data (2).csv", "my_data__2_"),
        ("2024.csv", "data_2024"),
        ("größe.csv", "gr__e"),
        ("_x.csv", "data__x"),
        ("a" * 100 + ".csv", "a" * 63),
    ],
)
def test_a_file_is_stored_under_its_own_name(empty, tmp_path, file, name):
    table(3).to_csv(tmp_path / file, index=False)
    assert empty.run("data", "load", {"source": str(tmp_path / file)}).ref == f"{name}@1"


def test_a_variable_needs_a_name(empty):
    with pytest.raises(errors.UsageError, match="needs a name") as caught:
        empty.run("data", "load", {"source": table()})
    assert caught.value.try_ == "--as my-table"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.DATA, ["t"]),
        (Kind.MODEL, ["ridge"]),
        (Kind.ENDPOINT, ["ridge-api"]),
        (Kind.STORED, ["t", "ridge", "ridge-api"]),
        (Kind.JOB, []),
    ],
)
def test_stored_names_are_told_once_each(empty, kind, names):
    load(empty), load(empty, rows=31)
    empty.run("train", "", {"data": "t", "target": "y", "algo": "ridge"})
    empty.run("deploy", "", {"model": "ridge"})
    assert empty.names(kind) == names


def test_catalogue_names_and_columns_are_told(empty):
    load(empty)
    assert "iris" in empty.names(Kind.SOURCE)
    assert empty.columns("t") == ["a", "y"]


# Deleting ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("word", "left"), [("t", []), ("t@1", ["t@2"]), ("t@2", ["t@1"])])
def test_a_name_forgets_all_versions_and_a_version_one(empty, word, left):
    load(empty), load(empty, rows=31)
    empty.run("data", "delete", {"data": word})
    assert [info.ref for info in empty.backend.query("data")] == left


@pytest.mark.parametrize(("action", "more"), [("delete", {}), ("save", {"path": "t.csv"})])
def test_a_variable_is_neither_forgotten_nor_exported(empty, action, more):
    with pytest.raises(errors.UsageError, match="a variable is no stored data"):
        empty.run("data", action, {"data": table(), **more})
    assert empty.backend.query("jobs") == []


# Sources -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("word", "what", "hint"),
    [
        ("{tmp}/folder", "folder is a folder", "a table is one file"),
        ("{tmp}/none.csv", "there is no file", "looked in"),
        ("none.csv", "there is no file none.csv", "looked in"),
        ("/proc/self/mem", "/proc/self/mem cannot be read", "Input/output error"),
        ("~nobody-of-that-name/x.csv", "is no usable path", "home directory"),
        ("x" * 5000, "is no usable path", "File name too long"),
        ("https://a.b/c.csv", "is an address on the web", "files are read from here"),
        ("/dev/zero", "/dev/zero is a device", "one file"),
        ("{tmp}/pipe", "pipe is a named pipe", "one file"),
        ("{tmp}/circle", "circle is a link that leads nowhere", "one file"),
    ],
)
def test_a_source_that_is_no_file_says_so(empty, tmp_path, word, what, hint):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(errors.DataError) as caught:
        empty.run("data", "load", {"source": word.format(tmp=tmp_path), "as_": "t"})
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert max(map(len, caught.value.lines())) < 300


def test_no_path_is_told_in_docs_mode(empty, docs_mode):
    with pytest.raises(errors.DataError) as caught:
        empty.run("data", "load", {"source": "none.csv"})
    assert caught.value.hint == "looked in this folder"


def test_a_word_of_the_catalogue_is_meant_also_beside_a_folder_of_that_name(
    empty, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").mkdir()
    assert empty.run("data", "load", {"source": "iris"}).shape == (150, 5)


def test_an_unknown_word_of_the_catalogue_is_not_found(empty):
    with pytest.raises(errors.NotFound) as caught:
        empty.run("data", "load", {"source": "irish"})
    assert "iris" in caught.value.hint


def test_a_home_folder_s_file_is_found(empty, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    table(3).to_csv(tmp_path / "t.csv", index=False)
    assert empty.run("data", "load", {"source": "~/t.csv"}).shape == (3, 2)


# Saving --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "read"),
    [("t.csv", pd.read_csv), ("t.parquet", pd.read_parquet), ("T.CSV", pd.read_csv)],
)
def test_data_is_saved_as_it_is(empty, tmp_path, name, read):
    load(empty)
    note = empty.run("data", "save", {"data": "t", "path": str(tmp_path / name)})
    pd.testing.assert_frame_equal(read(tmp_path / name), table(), check_dtype=False)
    assert repr(note) == f"t: 30 rows written to {tmp_path / name}"


@pytest.mark.parametrize("path", ["{home}/t.csv", "~/t.csv"])
def test_nothing_is_written_over_without_being_told(empty, tmp_path, monkeypatch, path):
    monkeypatch.setenv("HOME", str(tmp_path))
    load(empty)
    (tmp_path / "t.csv").write_text("mine")
    values = {"data": "t", "path": path.format(home=tmp_path)}
    with pytest.raises(errors.NameTaken, match=r"t\.csv exists"):
        empty.run("data", "save", values)
    assert (tmp_path / "t.csv").read_text() == "mine"
    empty.run("data", "save", {**values, "replace": True})
    assert (tmp_path / "t.csv").read_text().startswith("a,y")


@pytest.mark.parametrize("name", ["t.xlsx", "t", ".csv"])
def test_the_ending_says_how_to_write(empty, tmp_path, name):
    load(empty)
    with pytest.raises(errors.UsageError, match=r"neither \.csv nor \.parquet"):
        empty.run("data", "save", {"data": "t", "path": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("path", "words"),
    [("none/t.csv", "there is no folder"), ("folder.csv", "cannot be written")],
)
def test_a_place_that_cannot_be_written_says_so(empty, tmp_path, path, words):
    load(empty)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(errors.DataError, match=words):
        empty.run("data", "save", {"data": "t", "path": str(tmp_path / path), "replace": True})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.csv"]


@pytest.mark.parametrize(
    "error", [errors.BackendUnavailable("gone"), OSError("full"), KeyboardInterrupt()]
)
def test_nothing_is_half_written(empty, tmp_path, monkeypatch, error):
    def broken(ref):
        yield b"half"
        raise error

    load(empty)
    (tmp_path / "t.csv").write_text("mine")
    monkeypatch.setattr(empty.backend, "fetch", broken)
    with pytest.raises((errors.AiaasError, KeyboardInterrupt)):
        empty.run("data", "save", {"data": "t", "path": str(tmp_path / "t.csv"), "replace": True})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"t.csv": "mine"}


def broken_link(*words):
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("came", [True, False])
def test_what_came_while_it_was_sent_is_not_written_over(empty, tmp_path, monkeypatch, came, links):
    fetch, path = empty.backend.fetch, tmp_path / "t.csv"

    def meanwhile(ref):
        if came:
            path.write_text("theirs")
        return fetch(ref)

    load(empty)
    monkeypatch.setattr(empty.backend, "fetch", meanwhile)
    if not links:
        monkeypatch.setattr(os, "link", broken_link)
    with pytest.raises(errors.NameTaken) if came else contextlib.nullcontext():
        empty.run("data", "save", {"data": "t", "path": str(path)})
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text().startswith("theirs" if came else "a,y")


def test_a_planted_link_is_not_followed(empty, tmp_path):
    load(empty)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".t.csv.part").symlink_to("mine")
    empty.run("data", "save", {"data": "t", "path": str(tmp_path / "t.csv")})
    assert (tmp_path / "mine").read_text() == "mine"


# Following -----------------------------------------------------------------------------------------
class Watching:
    """Keeps the events it is shown; interrupts at those that are told to."""

    def __init__(self, *interrupts):
        self.events, self.closed, self._interrupts = [], 0, list(interrupts)

    def __call__(self, event):
        self.events.append(event)
        if event.type == "progress" and self._interrupts:
            self._interrupts.pop(0)()
            raise KeyboardInterrupt

    def close(self):
        self.closed += 1


@pytest.fixture
def clock(monkeypatch):
    """Time that goes on when it is told to."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(session, "time", clock)
    return clock


def interrupted(on, clock, *seconds):
    """Follow a long job, interrupt it at its first progress and after each of these seconds."""

    def after(wait):
        return lambda: setattr(clock, "now", clock.now + wait)

    watcher = Watching(*map(after, (0, *seconds)))
    on.watch = lambda: watcher
    slow_to_stop = Count(steps=10_000, seconds=0.01)
    job = on.backend.submit(slow_to_stop)
    try:
        return on.follow(job)[0], watcher
    except errors.AiaasError as error:
        return error, watcher


def test_the_first_interrupt_stops(empty, clock):
    handle, watcher = interrupted(empty, clock)
    assert handle.answer.partial
    told = [e.body["to"] for e in watcher.events if e.type == "state"]
    assert told[-2:] == ["STOPPING", "SUCCEEDED"]


def deaf(monkeypatch, backend):
    """Let jobs go on after a stop, so that a second interrupt finds them; tell who was called."""
    calls, cancel = [], backend.cancel
    monkeypatch.setattr(backend, "stop", lambda job: calls.append("stop"))
    monkeypatch.setattr(backend, "cancel", lambda job: calls.append("cancel") or cancel(job))
    return calls


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [
        ((1.0,), ["stop", "cancel"]),
        ((5.0,), ["stop", "cancel"]),
        ((0.5, 0.6), ["stop", "cancel"]),
        ((0.2, 0.2, 0.9), ["stop", "cancel"]),
    ],
)
def test_a_second_interrupt_a_second_later_cancels(empty, clock, monkeypatch, seconds, calls):
    called = deaf(monkeypatch, empty.backend)
    error, watcher = interrupted(empty, clock, *seconds)
    assert isinstance(error, errors.JobCancelled)
    assert called == calls
    assert watcher.closed == 1


def test_two_interrupts_at_once_are_one(empty, clock, monkeypatch):
    called = deaf(monkeypatch, empty.backend)
    error, _ = interrupted(empty, clock, 0.5, 10.0)
    assert called == ["stop", "cancel"]
    assert isinstance(error, errors.JobCancelled)


def test_an_interrupt_while_one_is_obeyed_does_not_escape(empty, clock, monkeypatch):
    calls, stop = [], empty.backend.stop

    def interrupted_once(job):
        calls.append("stop")
        if len(calls) == 1:
            raise KeyboardInterrupt
        stop(job)

    monkeypatch.setattr(empty.backend, "stop", interrupted_once)
    handle, _ = interrupted(empty, clock, 0.0)
    assert calls == ["stop", "stop"]
    assert handle.answer.partial


def test_every_event_is_shown_once_also_after_an_interrupt(empty, clock):
    _, watcher = interrupted(empty, clock)
    seen = [event.seq for event in watcher.events]
    assert seen == sorted(set(seen))
    assert seen == [e.seq for e in empty.backend.events("home") if e.scope.startswith("job:")]


def test_the_watcher_is_closed_when_the_job_fails(empty):
    watchers = []
    empty.watch = lambda: watchers.append(Watching()) or watchers[-1]
    load(empty)
    with pytest.raises(errors.AiaasError):
        empty.run("train", "", {"data": "t", "target": "y", "algo": "ridge", "features": ("z",)})
    assert [watcher.closed for watcher in watchers] == [1, 1, 1]


@pytest.mark.parametrize("word", ["t", "a table"])
def test_a_target_that_is_not_there_is_refused_before_a_job_is_asked(empty, word):
    load(empty)
    count = len(empty.backend.query("jobs"))
    data = word if word == "t" else table()
    with pytest.raises(errors.DataError, match="no column 'yy'") as caught:
        empty.run("train", "", {"data": data, "target": "yy", "algo": "ridge"})
    assert "known: " in caught.value.hint or "did you mean" in caught.value.hint
    assert len(empty.backend.query("jobs")) == count


def test_a_session_knows_whether_it_holds_a_table(empty):
    load(empty)
    assert empty.holds("t", empty.frame("t"))
    assert not empty.holds("t", empty.frame("t").iloc[1:])


def test_the_newest_that_runs_is_stopped_where_no_job_is_named(empty):
    load(empty)
    late = empty.backend.submit(Count(steps=500))
    load(empty)
    assert "is cancelled" in empty.run("jobs", "cancel", {}).line()
    assert empty.backend.query("jobs", {"id": late})[0].state.final


@pytest.mark.parametrize("source", ["table.csv", "a table"])
def test_what_is_sent_is_told(empty, tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": range(200_000), "b": ["x", "y"] * 100_000})
    frame.to_csv("table.csv", index=False)
    watchers = []
    empty.watch = lambda: watchers.append(Watching()) or watchers[-1]
    given = source if source.endswith(".csv") else frame
    empty.run("data", "load", {"source": given, "as_": "t"})
    told = [event.body for event in watchers[0].events]
    assert {event.type for event in watchers[0].events} == {"progress"}
    assert [b["done"] for b in told] == sorted(b["done"] for b in told)
    assert told[-1]["text"].startswith("sending, ")


def test_what_is_in_the_making_is_waited_for(empty):
    load(empty)
    asked = {"data": "t", "target": "y", "algo": "ridge", "as_": "late", "detach": True}
    empty.run("train", "", asked)
    assert empty.run("models", "show", {"model": "late"}).ref == "late@1"


def test_a_warning_told_twice_stands_in_the_card_once(empty, monkeypatch):
    events = empty.backend.events

    def told(scope, after=0, **more):
        found = events(scope, after, **more)
        warning = {"text": "few <rows>", "try": "--test 0"}
        extra = [
            Event(seq=e.seq, scope=e.scope, time=0.0, type="warning", body=warning) for e in found
        ]
        return [x for pair in zip(extra, found, strict=True) for x in pair]

    monkeypatch.setattr(empty.backend, "events", told)
    assert load(empty).card().html().count("few &lt;rows&gt;: --test 0") == 1
    newest = next(empty.jobs()).id
    assert empty.follow(newest)[1] == ["few <rows>: --test 0"]


def test_a_warning_without_a_proposal_is_its_text():
    warnings = []
    session._note(
        Event(seq=1, scope="s", time=0.0, type="warning", body={"text": "few", "try": ""}), warnings
    )
    assert warnings == ["few"]


def nearby(backend, warm=lambda: None):
    """Let a backend be one of this machine."""
    backend.locate, backend.warm = backend.blobs.path, warm


def test_a_backend_that_can_is_warmed_before_and_after_a_job(empty):
    calls = []
    nearby(empty.backend, lambda: calls.append(len(empty.backend.query("jobs"))))
    load(empty)
    assert calls == [0, 1]


# Bytes ---------------------------------------------------------------------------------------------
def test_bytes_of_another_machine_are_fetched_and_go_again(empty, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    address = frames.write(table(), empty.backend.put)
    read = empty.read(address)
    assert list(tmp_path.iterdir()) == []
    pd.testing.assert_frame_equal(read, table())


def test_an_address_is_fetched_once(empty, monkeypatch):
    fetched, fetch = [], empty.backend.fetch
    monkeypatch.setattr(empty.backend, "fetch", lambda ref: fetched.append(ref) or fetch(ref))
    locate = locator(empty.backend)
    ref = empty.backend.put([b"ab", b"c"])
    assert locate(ref) == locate(ref)
    assert locate(ref).read_bytes() == b"abc"
    assert fetched == [ref]


def test_a_backend_that_knows_the_place_is_asked(empty):
    nearby(empty.backend)
    assert locator(empty.backend) == empty.backend.blobs.path


@pytest.mark.parametrize(
    ("usual", "words"), [("", ""), ("elsewhere", " --home {folder}"), (None, "")]
)
def test_a_terminal_is_told_where_an_unusual_home_is(empty, monkeypatch, usual, words):
    folder = empty.backend.folder
    monkeypatch.setenv("AIAAS_HOME", str(folder / usual) if usual is not None else "/x")
    if usual is not None:
        nearby(empty.backend)
    expected = words.format(folder=folder)
    assert empty.home_words == expected


# Connecting ----------------------------------------------------------------------------------------
@pytest.fixture
def no_spare(monkeypatch):
    monkeypatch.setenv("AIAAS_SPARE", "0")
    yield
    session.close()


@pytest.mark.usefixtures("no_spare")
def test_a_home_is_opened_at_first_use_and_kept(home):
    assert not home.exists()
    opened = session.current()
    assert session.current() is opened
    assert opened.backend.home.path == home


@pytest.mark.usefixtures("no_spare")
def test_a_line_changes_the_home(empty, tmp_path):
    first = session.current()
    note = empty.run("connect", "", {"home": str(tmp_path / "other")})
    assert repr(note).startswith(f"home {tmp_path / 'other'}: 0 data, 0 models")
    assert session.current() is not first
    assert session.current().backend.home.path == tmp_path / "other"


@pytest.mark.usefixtures("no_spare", "docs_mode")
def test_in_docs_mode_the_home_has_no_path(empty, tmp_path):
    note = empty.run("connect", "", {"home": str(tmp_path / "other")})
    assert str(tmp_path) not in repr(note) + note.card().html()


@pytest.mark.usefixtures("no_spare")
def test_a_home_that_cannot_be_opened_leaves_the_one_before(tmp_path):
    first = session.current()
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.BackendUnavailable):
        session.connect(str(tmp_path / "file"))
    assert session.current() is first
    assert first.backend.query("data") == []


@pytest.mark.usefixtures("no_spare")
def test_closing_twice_is_once():
    opened = session.current()
    session.close()
    session.close()
    opened.backend.close()
    assert session._current == []


@pytest.mark.usefixtures("no_spare")
def test_who_watches_watches_open_and_later_sessions(tmp_path):
    opened = session.current()
    session.watch_with(Watching)
    assert opened.watch is session.connect(str(tmp_path / "other")).watch is Watching
    session.watch_with(None)
    assert session.current().watch is None
