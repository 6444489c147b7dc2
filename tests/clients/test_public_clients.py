"""The public clients of the protocols, from environments of their own, against live endpoints.

``bash tests/clients/environments.sh FOLDER`` makes the environments; ``AIAAS_CLIENTS=FOLDER pytest -m clients`` asks.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = {"triton": "with_tritonclient.py", "kserve": "with_kserve.py", "mlflow": "with_mlflow.py"}
CHECKS = [
    (client, name)
    for client, script in SCRIPTS.items()
    for name in re.findall(r"^def (check_\w+)", (HERE / script).read_text(), re.MULTILINE)
]

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(300),
    pytest.mark.skipif("AIAAS_CLIENTS" not in os.environ, reason="AIAAS_CLIENTS names no folder"),
]


@pytest.fixture(scope="module")
def outcomes(live, environment, tmp_path_factory):
    """Return what became of a client's checks; its script runs once."""
    known = {}

    def ask(client):
        if client not in known:
            words = [environment(client), str(HERE / SCRIPTS[client])]
            env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp(client))}
            done = subprocess.run(
                words, input=json.dumps(live), capture_output=True, text=True, check=False, env=env
            )
            assert done.returncode == 0, done.stderr[-3000:]
            known[client] = json.loads(done.stdout.splitlines()[-1])
        return known[client]

    return ask


@pytest.mark.parametrize(("client", "name"), CHECKS)
def test_a_public_client_is_served(outcomes, client, name):
    if traceback := outcomes(client)[name]:
        pytest.fail(traceback, pytrace=False)
