"""The log of an endpoint: a line a request, never too long, one file for all its processes."""

import contextlib
import fcntl
import logging
import os
import re

from aiaas_magics.serving import log as logs
from aiaas_magics.serving.log import Line, Log
from aiaas_magics.serving.noted import Noted
from aiaas_magics.specs.schema import Note

LINE = Line(1_700_000_000.25, "POST", "/predict", 200, 0.00125, 3, "clf@4")


@contextlib.contextmanager
def diverted(folder):
    """Let standard output and error of this process go to a file, as an endpoint's do."""
    path, kept = folder / "log", [os.dup(1), os.dup(2)]
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(opened, 1)
    os.dup2(opened, 2)
    os.close(opened)
    try:
        yield path
    finally:
        for number, before in enumerate(kept, 1):
            os.dup2(before, number)
            os.close(before)


def test_a_line_tells_when_what_and_how_long(tmp_path):
    with diverted(tmp_path) as file:
        log = Log.of(file)
        log.add(LINE)
        assert file.read_text() == ""
        log.flush()
        (line,) = file.read_text().splitlines()
        assert re.fullmatch(
            rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,250 {os.getpid()} POST '/predict' 200 1.25 ms 3 rows clf@4",
            line,
        )


def test_lines_are_written_in_their_order_and_once(tmp_path):
    with diverted(tmp_path) as file:
        log = Log.of(file)
        for i in range(50):
            log.add(LINE._replace(rows=i))
        log.flush()
        log.flush()
        assert re.findall(r"(\d+) rows", file.read_text()) == [str(i) for i in range(50)]


def test_a_path_forges_no_line(tmp_path):
    with diverted(tmp_path) as file:
        log = Log.of(file)
        log.add(LINE._replace(path="/x\n2026 forged" + "é" * 500, model=""))
        log.flush()
        assert len(file.read_text().splitlines()) == 1
        assert len(file.read_text()) < 600


def test_a_full_file_is_moved_aside_and_errors_follow(tmp_path):
    with diverted(tmp_path) as file:
        log = Log(file, full=300)
        for i in range(30):
            log.add(LINE._replace(rows=i))
            log.flush()
        os.write(2, b"a library's warning\n")
        old = file.with_name("log.1")
        assert file.read_text().endswith("a library's warning\n")
        assert file.stat().st_size < 600
        assert old.stat().st_size < 600
        assert re.findall(r"(\d+) rows", old.read_text() + file.read_text())[-5:] == [
            "25",
            "26",
            "27",
            "28",
            "29",
        ]


def test_a_process_follows_when_another_has_moved_the_file(tmp_path):
    with diverted(tmp_path) as file:
        log = Log(file)
        file.rename(file.with_name("log.1"))
        file.touch()
        log.add(LINE)
        log.flush()
        assert "clf@4" in file.read_text()


def test_two_processes_that_find_a_file_full_move_it_aside_once(tmp_path, monkeypatch):
    def other(number, flag):
        if flag == fcntl.LOCK_EX:  # while this one waits, the other has done it
            file.rename(file.with_name("log.1"))
            file.write_text("the other's line\n")

    with diverted(tmp_path) as file:
        os.write(2, b"x" * 400 + b" the old file\n")
        monkeypatch.setattr(logs.fcntl, "lockf", other)
        log = Log(file, full=300)
        log.add(LINE)
        log.flush()
        assert file.with_name("log.1").read_text().endswith("the old file\n")
        assert file.read_text().startswith("the other's line\n")
        assert "clf@4" in file.read_text()


def test_a_terminal_is_left_as_it_is(tmp_path):
    with diverted(tmp_path) as file:
        elsewhere = tmp_path / "other"
        log = Log.of(elsewhere)
        log.add(LINE)
        log.flush()
        assert "clf@4" in file.read_text()
        assert not elsewhere.exists()


def test_what_cannot_be_written_soon_enough_is_counted(tmp_path, monkeypatch):
    with diverted(tmp_path) as file:
        monkeypatch.setattr(logs, "WAITING", 2)
        log = Log.of(file)
        for _ in range(5):
            log.add(LINE)
        log.flush()
        assert file.read_text().count("clf@4") == 2
        assert "3 more requests" in file.read_text()


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path, monkeypatch):
    with diverted(tmp_path) as file:

        def full(*words):
            raise OSError(28, "No space left on device")

        log = Log.of(file)
        log.add(LINE)
        monkeypatch.setattr(os, "write", full)
        log.flush()
        monkeypatch.undo()
        log.add(LINE)
        log.flush()
        assert file.read_text().count("clf@4") == 1


def test_odd_rows_are_told_ever_more_rarely_and_without_their_values(caplog):
    noted = Noted()
    note = Note(
        column="income", problem='read as "secret"', rows=3, first=0, got="secret", expected=""
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(6):
            noted.add([note])
    assert [line.rpartition(", ")[2] for line in caplog.messages] == [
        "3 so far",
        "6 so far",
        "9 so far",
        "18 so far",
    ]
    assert "secret" not in caplog.text
