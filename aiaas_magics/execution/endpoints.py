"""Endpoints as processes: started by a job, outliving it, known by pid and start time."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.execution import process
from aiaas_magics.execution.environment import worker_env
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import EndpointInfo, ModelInfo
from aiaas_magics.store.home import Home

READY_SECONDS = 60.0
"""An endpoint that does not answer by then is given up."""
DRAIN_SECONDS = 10.0
"""What an endpoint has to answer the requests in flight when it is stopped."""
LOG_TAIL = 8_000
"""Characters of a log that are shown."""
RUNNING = ("STARTING", "READY")


def start(
    home: Home,
    name: str,
    model: ModelInfo,
    *,
    port: int,
    workers: int,
    replace: bool,
    example: dict[str, JSON],
) -> EndpointInfo:
    """Start an endpoint and return when it answers; the same model there already is no change.

    With `replace`, the new processes listen on the port of the old before those are asked to go.

    Raises
    ------
    NameTaken, PortInUse, EndpointError
    """
    before = _before(home, name)
    if before is not None and before.state == "READY":
        if before.model == model.ref:
            return before
        if not replace:
            raise errors.NameTaken(
                f"the endpoint {name!r} serves {before.model}",
                "an endpoint serves one model",
                f"%aiaas_deploy {model.ref} --as {name} --replace",
            )
        port = before.port
    info = EndpointInfo(
        name=name, model=model.ref, state="STARTING", url="", port=port, workers=workers,
        created=time.time(), target=model.target, example=example,
    )  # fmt: skip
    if before is None or before.state != "READY":
        home.endpoints.save(info)
    try:
        ready = _spawn(home, info, share=before is not None and before.state == "READY")
    except errors.AiaasError:
        home.endpoints.update(name, frm=("STARTING",), state="FAILED")
        raise
    saved = home.endpoints.save(ready)
    if before is not None and before.state == "READY":
        _end(before)
    return saved


def stop(home: Home, name: str, who: str) -> bool:
    """End an endpoint, the requests in flight answered; False if it did not run."""
    info = home.endpoints.get(name)
    home.runs.tell_many([(f"endpoint:{name}", "audit", {"command": "stop_endpoint", "who": who})])
    ended = _end(info)
    home.endpoints.update(name, frm=RUNNING, state="STOPPED")
    return ended


def log(home: Home, name: str) -> str:
    """Return the end of an endpoint's log."""
    path = _log_path(home, name)
    return path.read_text(errors="replace")[-LOG_TAIL:] if path.exists() else ""


def reap(home: Home) -> None:
    """Mark endpoints whose process is gone as LOST."""
    for info in home.endpoints.select():
        if info.state == "READY" and not process.alive(info.pid, info.pid_started):
            home.endpoints.update(info.name, frm=("READY",), state="LOST")


def _before(home: Home, name: str) -> EndpointInfo | None:
    reap(home)
    return next((info for info in home.endpoints.select() if info.name == name), None)


def _log_path(home: Home, name: str) -> Path:
    folder = home.path / "endpoints" / name
    folder.mkdir(exist_ok=True)
    return folder / "log"


def _spawn(home: Home, info: EndpointInfo, *, share: bool) -> EndpointInfo:
    read, write = os.pipe()
    words = ["aiaas_magics.serving", "--home", str(home.path), "--endpoint", info.name]
    words += ["--model", info.model, "--port", str(info.port), "--workers", str(info.workers)]
    words += ["--share-port"] if share else []
    try:
        pid = process.spawn(words, worker_env(), log=_log_path(home, info.name), tell=write)
    finally:
        os.close(write)
    try:
        said = _listen(read)
    finally:
        os.close(read)
    if "port" not in said:
        process.kill_group(pid, process.started(pid))
        process.reap_child(pid)
        raise _not_started(home, info.name, said)
    return msgspec.structs.replace(
        info, state="READY", port=said["port"], url=f"http://127.0.0.1:{said['port']}",
        pid=pid, pid_started=process.started(pid),
    )  # fmt: skip


def _listen(pipe: int) -> dict[str, Any]:
    if not select.select([pipe], [], [], READY_SECONDS)[0]:
        return {}
    body = os.read(pipe, 65536)
    found: dict[str, Any] = json.loads(body) if body else {}
    return found


def _not_started(home: Home, name: str, said: dict[str, Any]) -> errors.AiaasError:
    if "error" in said:
        return errors.from_record(said)
    last = log(home, name).strip().rpartition("\n")[2]
    return errors.EndpointError(
        f"the endpoint {name!r} did not start",
        last or "its log is empty",
        f"%aiaas_endpoints logs {name}",
    )


def _end(info: EndpointInfo) -> bool:
    pid = info.pid
    if pid is None or not process.alive(pid, info.pid_started):
        return False
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + DRAIN_SECONDS + 2
    while process.alive(pid, info.pid_started) and time.monotonic() < end:
        process.reap_child(pid)
        time.sleep(0.02)
    process.kill_group(pid, info.pid_started)
    process.reap_child(pid)
    return True
