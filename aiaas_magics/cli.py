"""The terminal's door: ``aiaas demo | token | endpoints | stop``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from aiaas_magics import __version__, errors


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for an expected error, 2 for a wrong line."""
    words = parser().parse_args(argv)
    try:
        if words.command == "demo":
            from aiaas_magics.demo import demo

            return demo(keep=words.keep, home=words.home)
        return _manage(words)
    except errors.AiaasError as error:
        print("\n".join(error.lines()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="aiaas", description="From a table to a live endpoint.")
    top.add_argument("--version", action="version", version=f"aiaas_magics {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser("demo", help="the main job, step by step, in a minute")
    demo.add_argument("--keep", action="store_true", help="leave the endpoint running")
    token = commands.add_parser("token", help="print an endpoint's token")
    token.add_argument("name", help="the endpoint")
    stop = commands.add_parser("stop", help="end an endpoint")
    stop.add_argument("name", help="the endpoint")
    listed = commands.add_parser("endpoints", help="list the endpoints")
    for each in (demo, token, stop, listed):
        each.add_argument(
            "--home", help="the folder to work in (default: $AIAAS_HOME, else the usual one)"
        )
    return top


def _manage(words: argparse.Namespace) -> int:
    from aiaas_magics import session
    from aiaas_magics.specs.manage import StopEndpoint

    now = session.connect(words.home)
    try:
        if words.command == "token":
            print(now.endpoint(words.name).token)
        elif words.command == "stop":
            print(now.backend.apply(StopEndpoint(endpoint=words.name)).text)
        else:
            for info in now.backend.query("endpoints"):
                from aiaas_magics.cards.cards import endpoint_line

                print(endpoint_line(info))  # type: ignore[arg-type]
    finally:
        session.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
