"""What goes wrong by our fault is written down in the home, for its owner alone."""

import stat
from types import SimpleNamespace

import pytest

from aiaas_magics import errors, session
from aiaas_magics.magics import lines


def test_a_bug_s_traceback_is_its_owner_s_alone(tmp_path, monkeypatch):
    def broken(*words):
        raise ZeroDivisionError("ours")

    backend = SimpleNamespace(folder=tmp_path, warm=print, locate=print)
    monkeypatch.setattr(session, "_current", [SimpleNamespace(backend=backend, run=broken)])
    shell = SimpleNamespace(user_ns={}, ev=None)
    for _ in range(2):
        with pytest.raises(errors.InternalError, match="ZeroDivisionError: ours"):
            lines.run(shell, "data", "list", None, None)
    log = tmp_path / "magics.log"
    assert log.read_text().count("ZeroDivisionError: ours") == 2
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
