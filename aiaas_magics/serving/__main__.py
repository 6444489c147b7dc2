"""``python -m aiaas_magics.serving --plan FOLDER``: the master process of an endpoint."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from aiaas_magics import errors
from aiaas_magics.serving import plan
from aiaas_magics.serving.listening import divert, listen, tell
from aiaas_magics.serving.master import Master
from aiaas_magics.specs.serving import check_host

TELL = 3
"""The file descriptor on which the starter listens; see ``execution.process``."""


def main() -> int:
    """Serve an endpoint until told to stop."""
    words = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    try:
        check_host(words.host, open_to_network=words.open_to_network)
        listener = listen(words.port, share=words.share_port, host=words.host)
        master = Master(words.plan, words.token, listener, foreground=words.foreground)
        master.start()
    except errors.AiaasError as error:
        return _refused(error, foreground=words.foreground)
    if words.share_port:
        divert(listener)
    said = {"port": listener.getsockname()[1]}
    if words.foreground or tell(TELL, said) or _written_down(words.home, words.plan):
        master.run()
    else:
        master.end()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aiaas-serving")
    parser.add_argument("--plan", required=True, type=Path, help="the folder of plan.json")
    parser.add_argument("--token", type=Path, help="a file with the token (default: $AIAAS_TOKEN)")
    parser.add_argument("--home", type=Path, help="the home that knows of this process")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--open-to-network",
        action="store_true",
        help="with a --host that other machines reach: they can ask, token and data are sent in the clear",
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--share-port", action="store_true", help="with the one it takes over from")
    parser.add_argument("--foreground", action="store_true", help="nobody waits to be told")
    return parser


def _refused(error: errors.AiaasError, *, foreground: bool) -> int:
    """Say why nothing starts: to the starter, or on the terminal."""
    if foreground:
        sys.stderr.write("\n".join([*error.lines(), ""]))
    else:
        tell(TELL, dict(errors.to_record(error)))
    return 1


def _written_down(home: Path | None, folder: Path) -> bool:
    """Tell whether the home knows this process, though its starter was killed before it said so."""
    if home is None:
        return False
    from aiaas_magics.store.home import Home

    opened = Home.open(home, stores=False)
    found = opened.endpoints.find(plan.read(folder).endpoint)
    opened.close()
    return found is not None and found.pid == os.getpid()


if __name__ == "__main__":
    sys.exit(main())
