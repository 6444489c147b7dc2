"""What runs in a worker tells nobody of its use."""

import os
import subprocess
import sys

from aiaas_magics.execution.environment import worker_env


def test_onnx_runtime_writes_nothing_for_its_makers(tmp_path):
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    env = worker_env(env | {"TMPDIR": str(tmp_path)})
    subprocess.run([sys.executable, "-c", "import onnxruntime"], env=env, check=True)
    assert list(tmp_path.iterdir()) == []
