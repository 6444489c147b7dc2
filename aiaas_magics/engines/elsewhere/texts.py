"""The texts around a server in a folder."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence

from aiaas_magics.specs.results import ServerExportResult

START = """\
#!/bin/sh
# Starts the server: on this machine only, or with --host 0.0.0.0 --open-to-network for all who reach it (see README.md).
set -eu
cd "$(dirname "$0")"
: "${{AIAAS_TOKEN:?is to hold the token that requests must bear, say: export AIAAS_TOKEN=\\$(openssl rand -hex 32)}}"
say() {{ echo "start.sh: $*" >&2; exit 1; }}
[ "${{#AIAAS_TOKEN}}" -ge 16 ] || say "AIAAS_TOKEN is too short to be safe; say: export AIAAS_TOKEN=\\$(openssl rand -hex 32)"
PYTHON="${{PYTHON:-python3}}"
"$PYTHON" -c 'import sys, importlib.util as u; sys.exit(sys.version_info < (3, 11) or None in map(u.find_spec, ("msgspec", "numpy", "uvicorn")))' 2>/dev/null ||
  say "$PYTHON is no Python with the packages of requirements.txt: python{python} -m venv venv && venv/bin/pip install -r requirements.txt && PYTHON=venv/bin/python sh start.sh"
export PYTHONPATH="$PWD/server" PYTHONUNBUFFERED=1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
exec "$PYTHON" -P -m aiaas_magics.serving --foreground --plan "$PWD" --port "${{PORT:-{port}}}" "$@"
"""

DOCKERFILE = """\
FROM python:{python}-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt && useradd --uid 10001 server && chown server /app
COPY --chown=10001 . .
USER 10001
EXPOSE {port}
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '{port}') + '/health/ready', timeout=2)"]
# Other machines can ask: who has the token may, and all is sent in the clear, the token too, unless TLS stands in front.
CMD ["sh", "start.sh", "--host", "0.0.0.0", "--open-to-network"]
"""

IGNORED = """\
Dockerfile
README.md
**/__pycache__
"""

README = """\
# {endpoint}: {model} behind HTTP

{verdict}

## As a container

    docker build -t {image} .
    export AIAAS_TOKEN=$(openssl rand -hex 32)
    docker run --rm -e AIAAS_TOKEN -p 127.0.0.1:{port}:{port} {image}

In the container the server answers whoever reaches its port; `-p 127.0.0.1:...` keeps it to this machine. Without that,
other machines can ask it: who has the token may, and all is sent in the clear, the token too. Put TLS in front.

## Without one

    python{python} -m venv venv && venv/bin/pip install -r requirements.txt
    export AIAAS_TOKEN=$(openssl rand -hex 32)
    PYTHON=venv/bin/python sh start.sh

It answers on this machine only, on port {port} or on `$PORT`. SIGTERM ends it when what it is answering is answered.

## Asking

    curl -s http://127.0.0.1:{port}/predict -H "Authorization: Bearer $AIAAS_TOKEN" \\
      -H 'Content-Type: application/json' -d '{body}'

`/docs` is a page to try it on, `/openapi.json` tells all it takes, `/metrics` is for Prometheus, `/health/live` and
`/health/ready` are for whoever keeps it running.

## What lies here

| file | what it is |
|---|---|
| `plan.json` | what is served: the model, its columns, limits, the number of workers |
| {parts} | what its tier ({tier}) runs, checked by its digest at every start |
| `server/` | the part of aiaas_magics that answers: no notebook in it |
| `requirements.txt` | the packages it was proven with |
"""


def around(result: ServerExportResult, parts: Sequence[str]) -> dict[str, str]:
    """Return the texts of a server in a folder, by file name; `parts` are the folders of its model."""
    known = {
        "endpoint": result.endpoint, "image": result.endpoint.lower(), "model": result.model, "tier": result.tier,
        "port": result.port, "verdict": result.verdict or f"It runs as {result.tier}.",
        "python": ".".join(platform.python_version_tuple()[:2]),
        "parts": ", ".join(f"`{part}/`" for part in parts), "body": json.dumps(result.example, ensure_ascii=False).replace("'", "'\\''"),
    }  # fmt: skip
    return {
        "start.sh": START.format(**known),
        "Dockerfile": DOCKERFILE.format(**known),
        ".dockerignore": IGNORED,
        "README.md": README.format(**known),
        "requirements.txt": "".join(f"{line}\n" for line in result.packages),
    }
