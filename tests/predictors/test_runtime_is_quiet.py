"""ONNX Runtime tells nobody of its use."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "code",
    [
        "from aiaas_magics.predictors import onnx; onnx.runtime()",
        "from aiaas_magics.execution.environment import worker_env; import os\n"
        "os.environ.update(worker_env()); import onnxruntime",
    ],
    ids=["an endpoint", "a worker"],
)
def test_nothing_is_written_for_its_makers(code, tmp_path):
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], env=env | {"TMPDIR": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []
