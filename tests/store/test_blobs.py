"""Bytes by content."""

import errno
import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.store.blobs import Blobs


def address(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


@given(chunks=st.lists(st.binary()))
def test_what_is_put_is_fetched(tmp_path_factory, chunks):
    blobs = Blobs(tmp_path_factory.mktemp("b"))
    ref = blobs.put(chunks)
    assert ref == address(b"".join(chunks))
    assert b"".join(blobs.fetch(ref)) == b"".join(chunks)


def test_a_file_is_put_and_read_only(tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    (tmp_path / "f").write_bytes(b"abc")
    ref = blobs.put(tmp_path / "f")
    assert stat.S_IMODE(blobs.path(ref).stat().st_mode) == 0o444
    assert blobs.size() == 3


def test_known_bytes_are_not_read(tmp_path):
    blobs = Blobs(tmp_path)
    ref = blobs.put([b"abc"])

    def never():
        raise AssertionError("read")
        yield b""

    assert blobs.put(never(), ref=ref) == ref


def test_bytes_that_are_not_what_they_claim_are_refused(tmp_path):
    blobs = Blobs(tmp_path)
    with pytest.raises(errors.DataError):
        blobs.put([b"abc"], ref=address(b"abd"))
    assert list(tmp_path.rglob("*.*")) == []
    assert not blobs.has(address(b"abc"))


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def broken():
        yield b"abc"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Blobs(tmp_path).put(broken())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ref", ["sha256:" + "0" * 64, "../../etc/passwd", "sha256:../../x", ""])
def test_nothing_is_fetched_from_elsewhere(tmp_path, ref):
    with pytest.raises(errors.NotFound):
        Blobs(tmp_path).fetch(ref)


def test_sweep_takes_dead_writers_files_only(tmp_path):
    blobs = Blobs(tmp_path)
    (tmp_path / f".{os.getpid()}-aa").write_bytes(b"being written")
    (tmp_path / ".999999999-bb").write_bytes(b"left behind")
    assert blobs.sweep() == 1
    assert [p.name for p in tmp_path.iterdir()] == [f".{os.getpid()}-aa"]


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs = Blobs(tmp_path)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(errors.BackendUnavailable, match="takes no more bytes"):
        blobs.put([b"x"])
    assert [path for path in tmp_path.rglob("*") if path.name != "lock"] == []


def test_a_file_that_cannot_be_kept_is_not_left_open(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    blobs = Blobs(tmp_path / "blobs")
    shutil.rmtree(blobs.folder)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError) as caught:
        blobs.put(tmp_path / "file")
    assert len(list(Path("/proc/self/fd").iterdir())) == before, caught.value
