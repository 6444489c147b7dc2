"""The terminal's door: ``aiaas demo | serve | token | endpoints``, and what is done to an endpoint: ``promote``, ``logs -f``, ``stop`` ..."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiaas_magics import __version__, errors, specs
from aiaas_magics.specs.converting import convert
from aiaas_magics.specs.verbs import Action, Kind, Option

if TYPE_CHECKING:
    from aiaas_magics.session import Session

SERVED = ("port", "host", "open-to-network", "workers", "schema", "concurrency", "timeout", "memory")  # fmt: skip
"""The options of %aiaas_deploy that mean the same in a terminal."""
PORT = 8080
HOME = "the folder to work in (default: $AIAAS_HOME, else the usual one)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for an expected error, 2 for a wrong line."""
    words = parser().parse_args(argv)
    try:
        if words.command == "demo":
            from aiaas_magics.demo import demo

            return demo(keep=words.keep, home=words.home)
        if words.command == "serve":
            return _serve(words)
        return _manage(words)
    except errors.AiaasError as error:
        print("\n".join(error.lines()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read has seen enough, ``| head`` say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line: what is done to endpoints stands in their table."""
    top = argparse.ArgumentParser(prog="aiaas", description="From a table to a live endpoint.")
    top.add_argument("--version", action="version", version=f"aiaas_magics {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser("demo", help="the main job, step by step, in a minute")
    demo.add_argument("--keep", action="store_true", help="leave the endpoint running")
    serve = commands.add_parser("serve", help="serve a model in this terminal until Ctrl-C")
    serve.add_argument("model", help="the model, name or name@version")
    for option in _options():
        _add(serve, option)
    token = commands.add_parser("token", help="print an endpoint's token")
    token.add_argument("name", help="the endpoint")
    listed = commands.add_parser("endpoints", help="list the endpoints")
    made = [demo, serve, token, listed]
    for action in _actions():
        made.append(command := commands.add_parser(action.name, help=action.summary))
        command.add_argument("name", help="the endpoint")
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

    given = {"port": PORT, **_given(words, _options())}
    name = foreground.default_name(words.model)
    return foreground.serve(DeploySpec(**{"model": words.model, "as_": name, **given}), words.home)


def _manage(words: argparse.Namespace) -> int:
    from aiaas_magics import session

    now = session.connect(words.home)
    try:
        if words.command == "token":
            print(now.endpoint(words.name).token)
        elif words.command == "endpoints":
            for info in now.backend.query("endpoints"):
                from aiaas_magics.cards.cards import endpoint_line

                print(endpoint_line(info))  # type: ignore[arg-type]
        elif words.command == "logs":
            _logs(now, words.name, follow=words.follow)
        else:
            action = next(each for each in _actions() if each.name == words.command)
            asked = {"endpoint": words.name, **_given(words, action.options)}
            done = now.run("endpoints", action.name, asked)
            print(repr(done) if action.makes else done.card().text())
    finally:
        session.close()
    return 0


def _logs(now: Session, name: str, *, follow: bool) -> None:
    """Print the end of an endpoint's log as it is, fit for a pipe; and what comes, if it is followed."""
    from aiaas_magics.backends.local import LocalBackend
    from aiaas_magics.execution import logs

    if not follow:
        sys.stdout.write(errors.visible(now.endpoint(name, log=True).log))
        return
    if not isinstance(now.backend, LocalBackend):
        raise errors.BackendUnavailable("a log is followed where the endpoint runs")
    with contextlib.suppress(KeyboardInterrupt):  # the usual end
        for text in logs.follow(now.backend.home, name):
            sys.stdout.write(errors.visible(text))
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
