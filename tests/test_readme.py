"""The README's examples run, and answer what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiaas_magics import session

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples():
    """Return (code, expected text or None) for every ``ipython`` block and the ``text`` block after it."""
    blocks = BLOCK.findall(README.read_text("utf-8"))
    after = [*blocks[1:], ("", "")]
    return [
        (code, following[1].rstrip() if following[0] == "output" else None)
        for (language, code), following in zip(blocks, after, strict=True)
        if language == "ipython"
    ]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """An IPython shell in an empty folder, its outputs the same on every machine."""
    from IPython.core.interactiveshell import InteractiveShell

    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIAAS_HOME", str(folder / "home"))
        patch.chdir(folder)
        session.close()  # of whatever test came before
        shell = InteractiveShell.instance()
        shell.run_cell("%load_ext aiaas_magics\n%config AIaaS.docs_mode = True").raise_error()
        yield shell
        shell.run_cell("%aiaas_endpoints stop flower-api")
        shell.run_cell("%config AIaaS.docs_mode = False\n%unload_ext aiaas_magics")
        session.close()


def test_the_examples_run_in_order_and_answer_what_is_printed(shell, capsys):
    assert examples(), "the README has no example"
    for code, expected in examples():
        shell.run_cell(code).raise_error()
        if expected is not None:
            printed = re.sub(r"^Out\[\d*\]: ", "", capsys.readouterr().out, flags=re.MULTILINE)
            assert printed.strip() == expected.strip(), code
        capsys.readouterr()


def test_the_two_commands_stand_in_the_readme():
    text = README.read_text("utf-8")
    assert "pip install . && aiaas demo" in text
    assert "pip install '.[test]' && pytest" in text


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)", README.read_text("utf-8")))
def test_links_lead_somewhere(link):
    assert (README.parent / link).exists()
