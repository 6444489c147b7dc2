"""The terminal's door: what it prints where, and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aiaas_magics
from aiaas_magics import cli, session, specs
from aiaas_magics.execution import logs
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.store.home import Home

AIAAS = ([sys.executable, "-m", "aiaas_magics"], [str(Path(sys.executable).with_name("aiaas"))])


@pytest.fixture
def stored(home):
    """Put an endpoint that was stopped into the home."""
    opened = Home.open(home)
    info = EndpointInfo(name="api", model="clf@1", state="STOPPED", url="", port=0, workers=1)
    token = opened.endpoints.save(info).token
    opened.close()
    return token


@pytest.mark.parametrize("command", AIAAS, ids=["module", "entry point"])
def test_both_ways_in_say_their_version(command):
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"aiaas_magics {aiaas_magics.__version__}\n"


@pytest.mark.parametrize(
    "words", [[], ["dmeo"], ["token"], ["stop"], ["demo", "--kep"], ["endpoints", "api"]]
)
def test_a_wrong_line_ends_with_2_and_the_usage(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: aiaas")


@pytest.mark.parametrize("command", ["token", "stop"])
def test_an_unknown_endpoint_is_three_lines_on_stderr(stored, command, capsys):
    assert cli.main([command, "apo"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "NotFound: no endpoint 'apo'",
        "  hint: did you mean 'api'?",
        "  try:  aiaas endpoints",
    ]


def test_the_token_alone_is_printed(stored, capsys):
    assert cli.main(["token", "api"]) == 0
    assert capsys.readouterr() == (stored + "\n", "")


def test_endpoints_are_listed_without_their_tokens(stored, capsys):
    assert cli.main(["endpoints"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("api: clf@1, stopped")
    assert stored not in out


def test_stopping_what_does_not_run_says_so(stored, capsys):
    assert cli.main(["stop", "api"]) == 0
    assert capsys.readouterr().out == "api was not running\n"
    assert cli.main(["versions", "api"]) == 0
    assert "stop endpoint" not in capsys.readouterr().out


def test_several_are_stopped_at_once(stored, capsys):
    assert cli.main(["stop", "api", "api"]) == 0
    assert capsys.readouterr().out == "api was not running\n"
    assert cli.main(["stop", "api", "apo"]) == 1


def test_a_stopped_endpoint_is_shown_with_the_line_that_brings_it_back(stored, capsys):
    assert cli.main(["show", "api"]) == 0
    assert capsys.readouterr().out.endswith("next: %aiaas_deploy clf@1 --as api\n")


def test_another_home_is_another_home(stored, tmp_path, capsys):
    Home.open(tmp_path / "other").close()
    assert cli.main(["endpoints", "--home", str(tmp_path / "other")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("there is no endpoint yet")


@pytest.mark.parametrize("words", [["endpoints"], ["stop", "api"], ["serve", "clf"]])
def test_looking_makes_no_home(words, tmp_path, capsys):
    assert cli.main([*words, "--home", str(tmp_path / "hmoe")]) == 1
    assert capsys.readouterr().err.startswith(f"NotFound: there is no home {tmp_path / 'hmoe'}")
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_command_is_told_the_nearest(capsys):
    with pytest.raises(SystemExit):
        cli.main(["serv", "clf"])
    assert "there is no command 'serv': did you mean 'serve'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "here"),
    [
        ("try: %aiaas_endpoints stop api", "try: aiaas stop api"),
        ("%aiaas_endpoints", "aiaas endpoints"),
        ("%aiaas_endpoints promote api --version m@2", "aiaas promote api --version m@2"),
        ("%aiaas_deploy m --as api", "%aiaas_deploy m --as api"),
        ("%aiaas_endpoints new api", "%aiaas_endpoints new api"),
    ],
)
def test_lines_for_endpoints_are_a_terminal_s(told, here):
    assert cli.in_a_terminal(told) == here


def test_the_help_of_serve_names_the_token(capsys):
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])
    assert "$AIAAS_TOKEN" in capsys.readouterr().out


def test_a_reader_that_has_gone_leaves_no_traceback(stored, home):
    read, write = os.pipe()
    os.close(read)
    words = [*AIAAS[0], "show", "api"]
    env = {**os.environ, "AIAAS_HOME": str(home)}
    done = subprocess.run(
        words, stdout=write, stderr=subprocess.PIPE, text=True, env=env, check=False
    )
    os.close(write)
    assert done.stderr == ""


def test_a_home_that_cannot_be_is_three_lines(capsys):
    assert cli.main(["endpoints", "--home", "/dev/null"]) == 1
    assert capsys.readouterr().err.startswith("BackendUnavailable: cannot open the home")


def test_no_session_stays_open(stored):
    cli.main(["endpoints"])
    cli.main(["token", "apo"])
    assert session._current == []


# what is done to endpoints ---------------------------------------------------------------------------
ACTIONS = [action.name for action in specs.verb("endpoints").actions if action.arguments]


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_a_notebook_does_to_an_endpoint_a_terminal_does(action):
    needed = ["--workers", "2"] if action == "scale" else []
    words = cli.parser().parse_args([action, "api", *needed, "--home", "h"])
    several = action in ("stop", "remove")
    assert words.name == (["api"] if several else "api")
    assert (words.command, words.home) == (action, "h")


@pytest.mark.parametrize(
    "words", [["promote", "api"], ["rollback", "api"], ["scale", "api", "--workers", "2"]]
)
def test_an_endpoint_that_does_not_run_is_not_changed(stored, words, capsys):
    assert cli.main(words) == 1
    assert capsys.readouterr().err.splitlines() == [
        "Conflict: api does not run",
        "  hint: it is stopped",
        "  try:  %aiaas_deploy clf@1 --as api",
    ]


@pytest.mark.parametrize("words", [["scale", "api"], ["promote"], ["rollback", "api", "x"]])
def test_a_wrong_line_about_an_endpoint_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: aiaas")


def test_a_number_that_is_none_is_three_lines(stored, capsys):
    assert cli.main(["scale", "api", "--workers", "two"]) == 1
    assert "UsageError: --workers two is not a whole number" in capsys.readouterr().err


def test_a_log_is_printed_as_it_is(stored, home, capsys):
    folder = home / "endpoints" / "api"
    folder.mkdir()
    (folder / "log").write_text("one\n\x1b[31mtwo\n")
    assert cli.main(["logs", "api"]) == 0
    assert capsys.readouterr().out == "one\n\\x1b[31mtwo\n"


def test_the_log_of_an_endpoint_that_ended_is_followed_to_its_end(stored, home, capsys):
    folder = home / "endpoints" / "api"
    folder.mkdir()
    (folder / "log").write_text("one\n")
    assert cli.main(["logs", "api", "-f"]) == 0
    assert capsys.readouterr() == ("one\n", "")


def test_an_interrupt_ends_the_following_and_is_no_failure(stored, monkeypatch, capsys):
    def interrupted(home, name):
        yield "one\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(logs, "follow", interrupted)
    assert cli.main(["logs", "api", "--follow"]) == 0
    assert capsys.readouterr() == ("one\n", "")


def test_following_what_is_not_there_is_three_lines(stored, capsys):
    assert cli.main(["logs", "apo", "-f"]) == 1
    assert capsys.readouterr().err.startswith("NotFound: no endpoint 'apo'")


def test_only_what_went_wrong_is_printed(stored, home, capsys):
    folder = home / "endpoints" / "api"
    folder.mkdir()
    stamp = "2026-11-25 10:00:00,000 7"
    (folder / "log").write_text(f"{stamp} POST '/predict' 200 1 ms\n{stamp} error abc\nTraceback\n")
    assert cli.main(["logs", "api", "--errors"]) == 0
    assert capsys.readouterr().out == f"{stamp} error abc\nTraceback\n"


def test_a_stopped_endpoint_is_removed(stored, capsys):
    assert cli.main(["remove", "api"]) == 0
    assert cli.main(["endpoints"]) == 0
    assert capsys.readouterr().out == "api is removed, with its log and what it counted\n"


def test_versions_are_shown_as_a_table(stored, capsys):
    assert cli.main(["versions", "api"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("versions of api")
    assert "clf@1" in out
