"""The terminal's door: ``aiaas demo | serve | token | endpoints``, and what is done to an endpoint: ``promote``, ``logs -f``, ``stop`` ..."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiaas_magics import __version__, errors, specs
from aiaas_magics.specs.converting import convert
from aiaas_magics.specs.verbs import Action, Kind, Option

if TYPE_CHECKING:
    from aiaas_magics.session import Session

SERVED = ("port", "host", "open-to-network", "workers", "schema", "concurrency", "timeout", "memory")  # fmt: skip
"""The options of %aiaas_deploy that mean the same in a terminal."""
COMMANDS = ("demo", "serve", "token", "endpoints")
"""Beside what can be done to an endpoint."""
PORT = 8080
SERVE = (
    "Serve a model until Ctrl-C. Requests bear the token in $AIAAS_TOKEN; where there is none, a new one is made and printed. "
    "The endpoint is this process alone: it stands in no list, keeps no rows, and nothing monitors it (%%aiaas_deploy makes one "
    "that does)."
)
HOME = "the folder to work in (default: $AIAAS_HOME, else the usual one)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for an expected error, 2 for a wrong line."""
    given = list(sys.argv[1:] if argv is None else argv)
    top = parser()
    _check_command(top, given)
    words = top.parse_args(given)
    try:
        if words.command == "demo":
            from aiaas_magics.demo import demo

            return demo(keep=words.keep, home=words.home)
        if words.command == "serve":
            return _serve(words)
        return _manage(words)
    except errors.AiaasError as error:
        print(in_a_terminal("\n".join(error.lines())), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read has seen enough, ``| head`` say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def in_a_terminal(text: str) -> str:
    """Return a text with the lines for endpoints as they are typed in a terminal; other magics stay, they are a notebook's."""
    known = "|".join(action.name for action in _actions())
    text = re.sub(rf"%aiaas_endpoints (?={known})", "aiaas ", text)
    return re.sub(r"%aiaas_endpoints\b(?! \w)", "aiaas endpoints", text)


def _check_command(top: argparse.ArgumentParser, given: Sequence[str]) -> None:
    """End with the nearest command where the first word is none."""
    known = [*COMMANDS, *(action.name for action in _actions())]
    if given and not given[0].startswith("-") and given[0] not in known:
        top.error(f"there is no command {given[0]!r}: {errors.did_you_mean(given[0], known)}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line: what is done to endpoints stands in their table."""
    top = argparse.ArgumentParser(prog="aiaas", description="From a table to a live endpoint.")
    top.add_argument("--version", action="version", version=f"aiaas_magics {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser("demo", help="the main job, step by step, in a minute")
    demo.add_argument("--keep", action="store_true", help="leave the endpoint running")
    told = "serve a model in this terminal until Ctrl-C, with the token in $AIAAS_TOKEN"
    serve = commands.add_parser("serve", help=told, description=SERVE)
    serve.add_argument("model", help="the model, name or name@version")
    for option in _options():
        _add(serve, option)
    token = commands.add_parser("token", help="print an endpoint's token")
    token.add_argument("name", help="the endpoint")
    listed = commands.add_parser("endpoints", help="list the endpoints")
    made = [demo, serve, token, listed]
    for action in _actions():
        made.append(command := commands.add_parser(action.name, help=action.summary))
        several = "+" if action.arguments[0].many else None
        command.add_argument("name", nargs=several, help=action.arguments[0].help)
        for option in action.options:
            _add(command, option)
        if action.name == "logs":
            told = "go on with what is written, until the endpoint ends or Ctrl-C"
            command.add_argument("-f", "--follow", action="store_true", help=told)
    for each in made:
        each.add_argument("--home", help=HOME)
    return top


def _actions() -> list[Action]:
    """Return what can be done to an endpoint."""
    return [action for action in specs.verb("endpoints").actions if action.arguments]


def _options() -> list[Option]:
    action = specs.verb("deploy").actions[0]
    return [option for option in action.options if option.name in SERVED]


def _add(command: argparse.ArgumentParser, option: Option) -> None:
    name = f"--{option.name}"
    shown = option.help.replace("%", "%%")
    if option.kind is Kind.FLAG:
        command.add_argument(name, action="store_true", help=shown)
        return
    default = PORT if option.name == "port" else option.default
    usual = "" if default is None or option.required else f" (default: {default})"
    metavar = "|".join(option.choices) or option.metavar or option.kind.name
    command.add_argument(name, required=option.required, metavar=metavar, help=shown + usual)


def _given(words: argparse.Namespace, options: Sequence[Option]) -> dict[str, object]:
    """Return the options that were given, by Python name, as their kinds have them."""
    found = {option: getattr(words, option.name.replace("-", "_")) for option in options}
    return {
        option.python: convert(option, value)
        for option, value in found.items()
        if value is not None and value is not False
    }


def _serve(words: argparse.Namespace) -> int:
    from aiaas_magics import foreground
    from aiaas_magics.specs.deploy import DeploySpec

    _check_home(words.home)
    given = {"port": PORT, **_given(words, _options())}
    name = foreground.default_name(words.model)
    return foreground.serve(DeploySpec(**{"model": words.model, "as_": name, **given}), words.home)


def _manage(words: argparse.Namespace) -> int:
    from aiaas_magics import session

    _check_home(words.home)
    now = session.connect(words.home)
    try:
        if words.command == "token":
            print(now.endpoint(words.name).token)
        elif words.command == "endpoints":
            _list(now)
        else:
            action = next(each for each in _actions() if each.name == words.command)
            asked = _given(words, action.options)
            if action.name == "logs":
                _logs(now, words.name, asked, follow=words.follow)
            else:
                name = tuple(words.name) if action.arguments[0].many else words.name
                done = now.run("endpoints", action.name, {"endpoint": name, **asked})
                print(in_a_terminal(repr(done) if action.makes else done.card().text()))
    finally:
        session.close()
    sys.stdout.flush()  # here a reader that has gone is nothing, at the exit a traceback
    return 0


def _check_home(given: str | None) -> None:
    """Refuse a home that is not there: looking makes none, and a name may be mistyped."""
    from aiaas_magics.store.home import usual_home

    path = Path(given) if given else usual_home()
    if not path.exists():
        hint = "--home or $AIAAS_HOME names it; %aiaas_connect in a notebook tells which it uses"
        raise errors.NotFound(f"there is no home {path}", hint, "aiaas endpoints --home FOLDER")


def _list(now: Session) -> None:
    from aiaas_magics.cards.cards import endpoint_line

    known = now.backend.query("endpoints")
    for info in known:
        print(endpoint_line(info))  # type: ignore[arg-type]
    if not known:  # told apart, so that a pipe gets no line
        print("there is no endpoint yet: %aiaas_deploy in a notebook makes one", file=sys.stderr)


def _logs(now: Session, name: str, asked: Mapping[str, Any], *, follow: bool) -> None:
    """Print the end of an endpoint's log as it is, fit for a pipe; and what comes, if it is followed."""
    from aiaas_magics.backends.local import LocalBackend
    from aiaas_magics.execution import logs

    if not follow:
        text = now.endpoint(name, log=True, **asked).log
        sys.stdout.write(errors.visible(f"{text}\n" if text else ""))
        return
    if not isinstance(now.backend, LocalBackend):
        raise errors.BackendUnavailable("a log is followed where the endpoint runs")
    with contextlib.suppress(KeyboardInterrupt):  # the usual end
        for text in logs.follow(now.backend.home, name):
            sys.stdout.write(errors.visible(text))
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
