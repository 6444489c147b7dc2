"""What a worker inherits, and how many threads its libraries may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aiaas_magics.specs.base import JSON

THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    # Waiting threads that spin for ever make two fits on the same cores 70 times slower (108 s against
    # 1.5 s; HistGradientBoosting, 300,000 x 20, 4 threads, 4 cores); threads that never spin make one fit
    # 3 times slower (4.5 s). 2,000 turns keep one fit at 1.2 times and two at 4 times.
    "GOMP_SPINCOUNT": "2000",
}
"""Must stand before numpy is imported. An engine raises the number of threads for one large fit."""
QUIET = {"ORT_DISABLE_TELEMETRY": "1"}
"""Libraries that would tell their makers of their use do not: ONNX Runtime begins when it is imported."""


def worker_env(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a worker whose submitter has `base`."""
    inherited = dict(os.environ if base is None else base)
    inherited.pop("PYTHONSTARTUP", None)
    return inherited | THREADS | QUIET


def describe() -> dict[str, JSON]:
    """Return what a worker needs to know of the process that submits: folder and import path."""
    return {"cwd": str(Path.cwd()), "sys_path": list(sys.path)}


def adopt(setup: Mapping[str, JSON], env: Mapping[str, str] | None) -> None:
    """Take over a submitter's environment, folder and import path."""
    if env is not None:
        fresh = worker_env(env)
        for gone in set(os.environ) - set(fresh):
            del os.environ[gone]
        os.environ.update(fresh)
    folder = setup.get("cwd")
    if folder and Path(folder).is_dir():
        os.chdir(folder)
    sys.path[:] = [
        *setup.get("sys_path", ()),
        *(p for p in sys.path if p not in setup.get("sys_path", ())),
    ]
