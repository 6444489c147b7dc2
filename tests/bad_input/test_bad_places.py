"""Homes on disks that are full, read-only or gone: three lines, nothing half written, usable again after."""

import contextlib
import resource
import shutil
import signal

import pandas as pd
import pytest

from aiaas_magics import errors, frames
from aiaas_magics.engines import data
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.store.database import Database
from aiaas_magics.store.home import Home
from aiaas_magics.testing.context import LocalContext

TABLE = pd.DataFrame({"a": range(50_000)})


@contextlib.contextmanager
def full(bytes_left):
    """Let no file of this process grow beyond so many bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def home(tmp_path):
    opened = Home.open(tmp_path / "my home größe 😀")
    yield opened
    opened.close()


def kept(home):
    return [
        path for path in (home.path / "blobs").rglob("*") if path.is_file() and path.name != "lock"
    ]


@pytest.mark.parametrize("left", [0, 10, 4096, 100_000])
def test_a_table_that_does_not_fit_leaves_nothing_and_is_stored_later(home, left):
    with (
        full(left),
        pytest.raises(errors.BackendUnavailable, match="takes no more bytes") as caught,
    ):
        frames.write(TABLE, home.blobs.put)
    assert len(caught.value.lines()) == 3
    assert kept(home) == []
    assert frames.read(frames.write(TABLE, home.blobs.put), home.blobs.path).equals(TABLE)


def test_a_database_that_cannot_grow_says_so_and_is_whole_after(home):
    database = Database(home.path / "aiaas.db")
    with (
        full(0),
        pytest.raises(errors.BackendUnavailable) as caught,
        database.write() as connection,
    ):
        connection.exec_driver_sql("PRAGMA user_version=99")
    assert "cannot be used" in caught.value.what
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() != 99
    database.close()


def test_a_home_that_was_taken_away_says_so(home):
    shutil.rmtree(home.path)
    with pytest.raises(errors.BackendUnavailable) as caught:
        home.datasets.select()
    assert caught.value.hint == "its folder was moved or deleted"
    assert not home.path.exists()


def test_a_packed_file_that_does_not_fit_unpacked_leaves_nothing(tmp_path):
    import gzip

    context = LocalContext(tmp_path)
    address = context.save_blob(gzip.compress(b"a,b\n" + b"1,2\n" * 100_000))
    with full(10_000), pytest.raises(errors.DataError, match="cannot be unpacked"):
        data.run(DataSpec(as_="t", file=address, filename="t.csv.gz"), context)
    assert list(context.scratch.iterdir()) == []
    with pytest.raises(errors.NotFound):
        context.data("t")
