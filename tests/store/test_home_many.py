"""Many processes, one home."""

import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from aiaas_magics import errors
from aiaas_magics.specs.data import ExportSpec
from aiaas_magics.store.home import Home

OPEN = """
import sys
from pathlib import Path
from aiaas_magics.store.home import Home
from aiaas_magics.specs.data import ExportSpec
home = Home.open(Path(sys.argv[1]))
home.runs.create(ExportSpec(data="d", format="csv"))
home.endpoints.token("api")
home.close()
"""
WRITE = """
import sys
from pathlib import Path
from aiaas_magics.store.home import Home
from aiaas_magics.specs.data import ExportSpec
home = Home.open(Path(sys.argv[1]))
for i in range(10_000):
    ref = home.blobs.put([bytes(1000), str((sys.argv[2], i)).encode()])
    home.runs.create(ExportSpec(data="d", format="csv"), key=ref)
    print(ref, flush=True)
"""


def test_what_a_home_opened_twice_writes_outlives_a_process_that_leaves(tmp_path):
    first, second = (Home.open(tmp_path / "home") for _ in range(2))
    subprocess.run([sys.executable, "-c", OPEN, str(tmp_path / "home")], check=True)
    job = first.runs.create(ExportSpec(data="d", format="csv"))
    look = f"{OPEN}\nhome = Home.open(Path(sys.argv[1])); home.runs.get(sys.argv[2]); home.close()"
    words = [sys.executable, "-c", look, str(tmp_path / "home"), job.id]
    assert subprocess.run(words, check=False).returncode == 0
    first.close()
    second.close()


def test_eight_processes_open_a_fresh_home_at_once(tmp_path):
    words = [sys.executable, "-c", OPEN, str(tmp_path / "home")]
    all_ = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(8)]
    said = [process.communicate(timeout=60)[1].decode() for process in all_]
    assert [process.returncode for process in all_] == [0] * 8, said
    home = Home.open(tmp_path / "home")
    assert len(home.runs.select()) == 8
    home.close()


def kill_a_writer(home, number, after):
    words = [sys.executable, "-c", WRITE, str(home), str(number)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        time.sleep(after)
        os.kill(writer.pid, signal.SIGKILL)
        return writer.stdout.read().decode().splitlines()


@pytest.mark.parametrize("count", [4, pytest.param(50, marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_when_writers_are_killed(tmp_path, count):
    path = tmp_path / "home"
    acknowledged = [line for i in range(count) for line in kill_a_writer(path, i, 0.003 * (i % 17))]
    home = Home.open(path)
    home.sweep()
    known = {ref for ref in acknowledged if ref.startswith("sha256:") and len(ref) == 71}
    assert all(home.blobs.has(ref) for ref in known)
    assert len(home.runs.select()) >= len(known)
    assert list((path / "blobs").glob(".*")) == []
    home.close()


def test_a_home_is_its_owner_s_alone(tmp_path):
    home = Home.open(tmp_path / "home")
    for folder in (home.path, home.path / "keys", home.path / "jobs"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    home.close()


def test_a_database_in_a_folder_that_all_may_read_is_its_owner_s_alone(tmp_path):
    tmp_path.chmod(0o755)
    home = Home.open(tmp_path)
    home.runs.create(ExportSpec(data="d", format="csv"))
    files = list(tmp_path.glob("aiaas.db*"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len(files) > 1
    home.close()


def test_a_newer_home_is_refused(tmp_path):
    home = Home.open(tmp_path / "home")
    with home.database.write() as connection:
        connection.exec_driver_sql("PRAGMA user_version=99")
    home.close()
    with pytest.raises(errors.BackendUnavailable, match="newer"):
        Home.open(tmp_path / "home")


@pytest.mark.parametrize("body", [b"not a database at all" * 100, b""])
def test_a_place_that_is_no_home_is_refused_or_made_one(tmp_path, body):
    (tmp_path / "aiaas.db").write_bytes(body)
    if body:
        with pytest.raises(errors.BackendUnavailable, match="cannot open"):
            Home.open(tmp_path)
    else:
        Home.open(tmp_path).close()


def test_a_file_is_no_home(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(errors.BackendUnavailable):
        Home.open(tmp_path / "file")
