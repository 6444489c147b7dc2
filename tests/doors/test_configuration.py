"""``%config AIaaS``: switches set before and after loading, in a real IPython."""

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from aiaas_magics import configuration, session
from aiaas_magics.cards import style
from aiaas_magics.configuration import AIaaS, attach
from aiaas_magics.widgets.progress import NotebookProgress
from aiaas_magics.widgets.terminal import TerminalProgress


@pytest.fixture
def shell(monkeypatch):
    shell = InteractiveShell.instance()
    others = [each for each in shell.configurables if not isinstance(each, AIaaS)]
    monkeypatch.setattr(shell, "configurables", others)
    callbacks = list(shell.events.callbacks["pre_run_cell"])
    yield shell
    shell.events.callbacks["pre_run_cell"][:] = callbacks
    shell.config.pop("AIaaS", None)
    style.set_docs_mode(False)


def in_force():
    return style.docs_mode(), bool(session._watch)


def test_loading_leaves_everything_to_the_first_cell(shell):
    attach(shell)
    assert in_force() == (False, False)
    shell.run_cell("1").raise_error()
    assert in_force() == (False, True)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("docs_mode", True, (True, False)),
        ("docs_mode", False, (False, True)),
        ("progress", False, (False, False)),
    ],
)
def test_a_switch_counts_whether_set_before_or_after_loading(shell, name, value, expected):
    shell.config.AIaaS[name] = value
    settings = attach(shell)
    assert getattr(settings, name) is value
    shell.run_cell("1").raise_error()
    assert in_force() == expected
    setattr(settings, name, not value)
    setattr(settings, name, value)
    assert in_force() == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("AIaaS.docs_mode = True", (True, False)),
        ("AIaaS.progress = False", (False, False)),
        ("AIaaS.progress = True", (False, True)),
    ],
)
@pytest.mark.parametrize("first", ["", "1"])
def test_the_line_of_a_cell_sets_a_switch(shell, line, expected, first):
    attach(shell)
    shell.run_cell(first).raise_error()
    shell.run_cell(f"%config {line}").raise_error()
    shell.run_cell("1").raise_error()
    assert in_force() == expected


def test_docs_mode_can_be_left_again(shell):
    attach(shell)
    shell.run_cell("%config AIaaS.docs_mode = True").raise_error()
    shell.run_cell("%config AIaaS.docs_mode = False").raise_error()
    assert in_force() == (False, True)


def test_the_switches_explain_themselves(shell, capsys):
    attach(shell)
    shell.run_cell("%config AIaaS").raise_error()
    said = capsys.readouterr().out
    assert "AIaaS.docs_mode=<Bool>" in said
    assert "AIaaS.progress=<Bool>" in said
    assert "the same on every machine" in said


def test_attaching_twice_is_once(shell):
    before = len(shell.events.callbacks["pre_run_cell"])
    assert attach(shell) is attach(shell)
    assert len(shell.configurables) == len({id(each) for each in shell.configurables})
    assert len(shell.events.callbacks["pre_run_cell"]) == before + 1


def test_the_first_cell_is_waited_for_once(shell):
    before = len(shell.events.callbacks["pre_run_cell"])
    attach(shell)
    shell.run_cell("1").raise_error()
    assert len(shell.events.callbacks["pre_run_cell"]) == before


@pytest.mark.parametrize(
    ("kernel", "display"), [(True, NotebookProgress), (False, TerminalProgress)]
)
def test_progress_is_shown_where_we_are(monkeypatch, kernel, display):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setattr(configuration, "_in_kernel", lambda: kernel)
    assert type(configuration._watcher()) is display


def test_a_terminal_has_no_kernel(shell):
    assert not configuration._in_kernel()
