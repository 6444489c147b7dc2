"""A notebook on a backend in memory, and what comes of one line of it."""

import contextlib
import os
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell

from aiaas_magics import errors, session
from aiaas_magics.session import Session
from aiaas_magics.testing.fake import FakeBackend

WIDTH = 200


class Desk:
    """Runs lines in a folder, and tells what each came to."""

    def __init__(self, folder):
        self.folder, self.backend = folder, FakeBackend()
        self.shell = InteractiveShell()
        self.names = self.shell.user_ns
        self.session = Session(self.backend)

    def outcome(self, line):
        """Return refused, said or fine, and the words that were said."""
        before = self.made()
        result = self.shell.run_cell(line)
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            text = result.result.card().text()
            assert len(text) < 50_000, "a card is read by people"
            told = [line.strip() for line in text.splitlines() if "warning:" in line]
            return ("said" if told else "fine"), " | ".join(told)
        assert isinstance(error, errors.AiaasError), repr(error)
        assert not isinstance(error, errors.InternalError), error.lines()
        lines = error.lines()
        assert len(lines) <= 3
        assert max(map(len, lines)) <= WIDTH
        assert self.made() == before, "something half made"
        return "refused", " | ".join(lines)

    def made(self):
        """Return what stands in the backend."""
        known = (self.backend.data, self.backend.models)
        names = {name: len(versions) for each in known for name, versions in each.items()}
        return names, [info.name for info in self.backend.endpoints]


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """Give a desk whose backend holds iris as flowers and a model of it as clf.

    It is nobody's current session between tests: who connects elsewhere closes the session that was.
    """
    made = Desk(tmp_path_factory.mktemp("desk"))
    with at(made):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.shell.run_cell("%load_ext aiaas_magics\n%config AIaaS.progress = False")
        made.session.watch = None
        for line in (
            "%aiaas_data load iris --as flowers",
            "%aiaas_train flowers --target species --algo logistic_regression --as clf",
        ):
            made.shell.run_cell(line).raise_error()
    yield made
    with at(made):
        made.shell.run_cell("%unload_ext aiaas_magics")
    made.backend.close()


@contextlib.contextmanager
def at(desk):
    """Sit down at a desk: its session is the current one, its folder the working directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk.folder)
        patch.delenv("AIAAS_CATALOGUE", raising=False)
        patch.setattr(session, "_current", [desk.session])
        patch.setattr(session, "_watch", [])
        yield


@pytest.fixture(autouse=True)
def _here(desk):
    assert os.environ.get("AIAAS_TRACEBACK") is None
    with at(desk):
        yield
