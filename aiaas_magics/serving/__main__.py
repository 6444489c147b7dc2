"""``python -m aiaas_magics.serving``: the master process of an endpoint."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from aiaas_magics import errors
from aiaas_magics.serving.master import Master, divert, listen, tell

TELL = 3
"""The file descriptor on which the starter listens; see ``execution.process``."""


def main() -> int:
    """Serve an endpoint until told to stop."""
    parser = argparse.ArgumentParser(prog="aiaas-serving")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--schema", default="warn")
    parser.add_argument("--share-port", action="store_true")
    words = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    try:
        listener = listen(words.port, share=words.share_port)
    except errors.AiaasError as error:
        tell(TELL, dict(errors.to_record(error)))
        return 1
    asked = ["--endpoint", words.endpoint, "--model", words.model, "--schema", words.schema]
    master = Master(words.home, asked, listener, words.workers)
    if not master.start():
        return 1
    if words.share_port:
        divert(listener)
    said = {"port": listener.getsockname()[1]}
    if tell(TELL, said) or _written_down(words.home, words.endpoint):
        master.run()
    else:
        master.end()
    return 0


def _written_down(home: Path, endpoint: str) -> bool:
    """Tell whether the home knows this process, though its starter was killed before it said so."""
    from aiaas_magics.store.home import Home

    opened = Home.open(home, stores=False)
    found = opened.endpoints.find(endpoint)
    opened.close()
    return found is not None and found.pid == os.getpid()


if __name__ == "__main__":
    sys.exit(main())
