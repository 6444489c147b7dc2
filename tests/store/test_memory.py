"""What jobs keep for later: in order, whole, bounded, and in homes that were made before there was any."""

import pytest

from aiaas_magics.store import database as db
from aiaas_magics.store.home import Home


def test_what_is_kept_comes_back_in_order_with_its_job(opened):
    opened.memory.append([("k", b"1"), ("other", b"x"), ("k", b"2")], "j1")
    opened.memory.append([("k", b"\x00\xff")], "j2")
    assert opened.memory.recall("k") == [("j1", b"1"), ("j1", b"2"), ("j2", b"\x00\xff")]
    assert opened.memory.recall("nothing") == []


def test_nothing_to_keep_is_no_commit(opened):
    opened.memory.append([], "j")
    with opened.database.read() as connection:
        assert connection.execute(db.memory.select()).all() == []


@pytest.mark.parametrize(("most", "left"), [(10_000, 4), (250, 2), (0, 0)])
def test_the_oldest_is_forgotten_first(opened, most, left):
    for number in range(4):
        opened.memory.append([("k", bytes([number]) * 100)], "j")
    assert opened.memory.trim(most) == 4 - left
    assert [body[0] for _, body in opened.memory.recall("k")] == [0, 1, 2, 3][4 - left :]


def test_a_spare_s_idle_second_forgets_what_is_too_much(opened, monkeypatch):
    opened.memory.append([("k", b"old")], "j")
    monkeypatch.setattr(opened.memory.trim.__func__, "__defaults__", (0,))
    opened.collect()
    assert opened.memory.recall("k") == []


def test_a_home_made_before_there_was_a_memory_opens_and_keeps(tmp_path):
    home = Home.open(tmp_path / "home")
    with home.database.write() as connection:
        db.memory.drop(connection)
        connection.exec_driver_sql("PRAGMA user_version=1")
    home.close()
    again = Home.open(tmp_path / "home")
    again.memory.append([("k", b"kept")], "j")
    assert again.memory.recall("k") == [("j", b"kept")]
    again.close()
