"""A notebook without its page: an IPython shell on a home of its own, and a look at what the home holds."""

import contextlib
import sqlite3

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell

from aiaas_magics import errors

TABLES = {
    "data": "name, version",
    "models": "name, version",
    "aliases": "model, alias, id",
    "endpoints": "name, name",
}
TOLD = ("aiaas.db", "migrate.lock", "lock", "log", "spare.log")
"""Files that keep order or tell what happened: they may change where nothing is made."""


class Notebook:
    """Runs cells in a folder with a home."""

    def __init__(self, folder):
        self.folder, self.home = folder, folder / "home"
        self.shell = InteractiveShell()
        self.names = self.shell.user_ns

    def run(self, code):
        result = self.shell.run_cell(code)
        result.raise_error()
        return result.result

    def snapshot(self):
        """Return the home's things, aliases and files; bytes by content, and what is remembered of a model, left out."""
        with contextlib.closing(sqlite3.connect(self.home / "aiaas.db")) as database:
            rows = {t: sorted(database.execute(f"select {c} from {t}")) for t, c in TABLES.items()}
        files = [p for p in self.home.rglob("*") if p.is_file() and not p.name.startswith(TOLD)]
        found = {str(p.relative_to(self.home)): p.stat().st_size for p in files}
        return rows, {
            k: v for k, v in found.items() if k.split("/")[0] not in ("blobs", "builds", "open")
        }


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """Give a shell in an empty folder; whatever it started ends with the module."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        opened = Notebook(folder)
        opened.run("%load_ext aiaas_magics\n%config AIaaS.progress = False")
        opened.run("%aiaas_connect home")
        yield opened
        opened.run("%unload_ext aiaas_magics")
    _end(working_in(opened.home))


@pytest.fixture
def refused(notebook, capsys):
    """Run a cell that must fail: shown as the error's own lines and nothing else."""

    def run(code):
        capsys.readouterr()
        error = notebook.shell.run_cell(code).error_in_exec
        shown = capsys.readouterr().out.strip("\n").split("\n")
        assert isinstance(error, errors.AiaasError), repr(error)
        assert shown == error.lines()
        return error

    return run


def working_in(folder):
    """Return the living processes whose command line names a folder."""
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if any(str(folder) in word for word in p.info["cmdline"] or ())]


def _end(processes):
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)
