"""What the description allows, and what it does not, is asked of a live endpoint by a program that knows nothing else of it.

Valid requests are not all accepted, on purpose: texts may be no CSV, a tensor's data may not have its shape, and what is unlike
the rows learned from is refused where a request asks for that. No description can tell these.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

LEFT_OUT = "positive_data_acceptance,use_after_free,ensure_resource_availability"
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(1_600),
    pytest.mark.skipif("AIAAS_CLIENTS" not in os.environ, reason="AIAAS_CLIENTS names no folder"),
]


def asked(at, environment, folder, examples):
    """Return what schemathesis reports of an endpoint, and what it printed."""
    program = Path(environment("schemathesis")).with_name("schemathesis")
    words = [
        str(program), "--config-file", str(HERE / "schemathesis.toml"), "run", f"{at['url']}/openapi.json",
        "-H", f"Authorization: Bearer {at['token']}", "--checks", "all", "--exclude-checks", LEFT_OUT,
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1", "--continue-on-failure",
        "--request-timeout", "20", "--report", "json", "--report-dir", str(folder),
    ]  # fmt: skip
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env=env, cwd=folder, timeout=1_500
    )
    found = json.loads(next(folder.glob("json-*.json")).read_text())
    return found, "\n".join(line[:300] for line in done.stdout.splitlines()[:200])


def check(found, said):
    failures = [each["title"] for each in found["failures"]]
    assert (failures, found["errors"]) == ([], []), said
    assert found["complete"]
    assert found["operations"]["tested"] == found["operations"]["total"]


@pytest.mark.parametrize("name", ["numbers", "mixed"])
def test_an_endpoint_keeps_to_its_description(live, environment, tmp_path, name):
    check(*asked(live[name], environment, tmp_path, examples=5))


@pytest.mark.long
@pytest.mark.parametrize("name", ["numbers", "mixed"])
def test_an_endpoint_keeps_to_its_description_five_thousand_times(
    live, environment, tmp_path, name
):
    found, said = asked(live[name], environment, tmp_path, examples=450)
    check(found, said)
    assert found["test_cases"]["generated"] >= 5_000
