"""Endpoints as processes: started by a job, outliving it, known by pid and start time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.execution import plans, process
from aiaas_magics.execution.environment import worker_env
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import EndpointInfo, ModelInfo
from aiaas_magics.store.home import Home

READY_SECONDS = 60.0
"""An endpoint that does not answer by then is given up."""
DRAIN_SECONDS = 10.0
"""What an endpoint has to answer the requests in flight when it is stopped."""
RUNNING = ("STARTING", "READY")


def start(
    home: Home, spec: DeploySpec, model: ModelInfo, example: dict[str, JSON], who: str = ""
) -> EndpointInfo:
    """Start an endpoint and return when it answers; the same one there already is no change.

    The new processes answer, on the port of the old unless another is asked for, before those are
    asked to go. ``--replace`` allows another model. Of `spec` the model is not read: it is `model`.
    An endpoint that gets no port at first is forgotten.

    Raises
    ------
    NameTaken, PortInUse, EndpointError
    """
    name = spec.as_
    reap(home)
    with alone(home, name):
        settle(home, name)
        known = home.endpoints.find(name)
        before = known if known is not None and runs(known) else None
        if before is not None and _is_so(before, spec, model):
            return before
        if before is not None:
            rollout.check_replaced(before, model.ref, replace=spec.replace)
        info = _wished(home, spec, model, example, known, before)
        if before is None:
            home.endpoints.save(info)
        try:
            started = _launch(home, info, before)
        except errors.AiaasError as error:
            _take_back(home, info, before)
            if known is None and isinstance(error, errors.PortInUse):
                home.endpoints.forget(name)
                plans.forget(home, name)
            raise
        asked = {"command": "deploy", "who": who, "model": model.ref, "was": known and known.model}
        home.runs.tell_many([(f"endpoint:{name}", "audit", asked)])
    return started


def check(home: Home, spec: DeploySpec, model: ModelInfo) -> None:
    """Check that an endpoint may be started, as things are now. Raises `NameTaken`."""
    known = home.endpoints.find(spec.as_)
    if known is not None and runs(known):
        rollout.check_replaced(known, model.ref, replace=spec.replace)


def _is_so(before: EndpointInfo, spec: DeploySpec, model: ModelInfo) -> bool:
    """Tell whether an endpoint that runs is what is asked for."""
    wished = {"model": model.ref, **spec.settings(before)}
    return all(getattr(before, name) == value for name, value in wished.items())


def _wished(
    home: Home,
    spec: DeploySpec,
    model: ModelInfo,
    example: dict[str, JSON],
    known: EndpointInfo | None,
    before: EndpointInfo | None,
) -> EndpointInfo:
    """Return the record of the endpoint that is to start; settings and versions of the one before are remembered."""
    settings = spec.settings(known)
    if before is None and not spec.port and not _free(settings["host"], settings["port"]):
        settings["port"] = 0
    fresh = EndpointInfo(
        name=spec.as_, model=model.ref, state="STARTING", url="", created=time.time(), target=model.target,
        example=example, versions=(plans.share(home, model),), **settings,
    )  # fmt: skip
    if known is None:
        return fresh
    fresh = msgspec.structs.replace(fresh, revision=plans.next_revision(home, known))
    if known.model != model.ref:
        past = (*known.past, rollout.served(known)[0])[-rollout.MOST_PAST :]
        return msgspec.structs.replace(fresh, past=past, undone=known.undone)
    kept = known.versions if before is not None else fresh.versions
    return msgspec.structs.replace(
        fresh, past=known.past, undone=known.undone, versions=kept or fresh.versions
    )


def _free(host: str, port: int) -> bool:
    """Tell whether a port can be listened on, as things are now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as whoever listens there will
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def lost(known: EndpointInfo | None, now: EndpointInfo) -> Iterator[tuple[str, str]]:
    """Yield what a user of an endpoint misses since it was started anew, and the line that helps."""
    if known is None:
        return
    if known.url and known.url != now.url:
        yield f"{now.name} has moved to {now.url}: nothing of it answers at {known.url} now", ""
    there = {each.model for each in now.versions}
    for gone in known.versions[1:]:
        if gone.model not in there:
            part = f" --canary {gone.percent:g}%" if gone.role == "canary" else f" --{gone.role}"
            again = f"%aiaas_deploy {gone.model} --to {now.name}{part}"
            yield f"{gone.model}, its {gone.role}, is not served any more", again


def _take_back(home: Home, info: EndpointInfo, before: EndpointInfo | None) -> None:
    """Leave things as they were before a start that failed."""
    home.endpoints.update(info.name, frm=("STARTING",), state="FAILED")
    if before is not None:
        plans.mend(home, before)


def stop(home: Home, name: str, who: str) -> bool:
    """End an endpoint, the requests in flight answered; False if it did not run.

    One that is starting is ended when it has started.
    """
    home.endpoints.get(name)
    asked = {"command": "stop_endpoint", "who": who}
    with alone(home, name):
        settle(home, name)
        info = home.endpoints.get(name)
        home.runs.tell_many([(f"endpoint:{name}", "audit", asked)] if runs(info) else [])
        ended = _end(info)
        home.endpoints.update(name, frm=RUNNING, state="STOPPED")
    return ended


def remove(home: Home, name: str, who: str) -> None:
    """Forget an endpoint that does not run: its row and token, its log and what it counted; its name is free.

    Raises
    ------
    NotFound
    Conflict
        If it runs.
    """
    reap(home)
    home.endpoints.get(name)
    with alone(home, name):
        settle(home, name)
        if runs(home.endpoints.get(name)):
            raise errors.Conflict(
                f"{name} runs",
                "what answers is stopped first",
                f"%aiaas_endpoints stop {name}",
            )
        asked = {"command": "remove_endpoint", "who": who}
        home.runs.tell_many([(f"endpoint:{name}", "audit", asked)])
        home.endpoints.forget(name)
        shutil.rmtree(plans.folder(home, name), ignore_errors=True)


def reap(home: Home) -> None:
    """Mark endpoints whose process is gone as LOST, and as FAILED those whose starter is.

    A change of places whose starter is gone is brought to its end.
    """
    for info in home.endpoints.select():
        if info.before is None and not _gone(info) and not plans.behind(home, info):
            continue
        with alone(home, info.name, wait=False) as mine:
            if not mine:
                continue
            settle(home, info.name)
            if _gone(home.endpoints.get(info.name)):
                home.endpoints.update(info.name, frm=("READY",), state="LOST")
                home.endpoints.update(info.name, frm=("STARTING",), state="FAILED")


def runs(info: EndpointInfo) -> bool:
    """Tell whether an endpoint's processes are there."""
    return info.state == "READY" and not _gone(info)


def _gone(info: EndpointInfo) -> bool:
    if info.state == "READY":
        return not process.alive(info.pid, info.pid_started)
    return info.state == "STARTING"  # unless somebody holds its lock


def settle(home: Home, name: str) -> None:
    """Of two that change places leave the new one if it lives, and let the other go; mend a half-made change."""
    info = home.endpoints.find(name)
    before = None if info is None else info.before
    if info is not None and before is None and runs(info):
        plans.mend(home, info)
    if info is None or before is None:
        return
    if _gone(info) and not _gone(before):
        plans.mend(home, home.endpoints.save(before))
        return
    _end(before)
    home.endpoints.update(name, before=None)


@contextlib.contextmanager
def alone(home: Home, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Be the only one who changes an endpoint; False if another does and `wait` is.

    The lock goes with its process, so that a starter which is killed leaves none.
    """
    with (plans.folder(home, name) / "lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def log_path(home: Home, name: str) -> Path:
    """Return the file that all processes of an endpoint write to."""
    return plans.folder(home, name) / "log"


def _launch(home: Home, info: EndpointInfo, before: EndpointInfo | None) -> EndpointInfo:
    """Start the processes, write down that they run, and tell them that somebody knows of them.

    Then only is the one before asked to go. Both stand in the row until it has: see `settle`.
    """
    plans.write(home, info)
    words = ["aiaas_magics.serving", "--plan", str(plans.folder(home, info.name))]
    words += ["--token", str(home.endpoints.token_path(info.name)), "--home", str(home.path)]
    words += ["--host", info.host, "--port", str(info.port)]
    shared = before is not None and (before.host, before.port) == (info.host, info.port)
    words += ["--share-port"] if shared else []
    words += [] if plans.is_loopback(info.host) else ["--open-to-network"]
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            path = log_path(home, info.name)
            begin = path.stat().st_size if path.exists() else 0
            pid = process.spawn(words, worker_env(), log=path, tell=theirs.fileno())
        said = _listen(ours)
        if "port" not in said:
            process.kill_group(pid, process.started(pid))
            process.reap_child(pid)
            raise _not_started(info.name, said, process.tail(path, begin))
        saved = home.endpoints.save(
            msgspec.structs.replace(
                info, state="READY", port=said["port"], url=plans.url(info.host, said["port"]),
                pid=pid, pid_started=process.started(pid), before=before,
            )
        )  # fmt: skip
        with contextlib.suppress(OSError):  # it died just now, which the next look finds out
            ours.sendall(b"k")
    settle(home, info.name)
    return msgspec.structs.replace(saved, before=None)


def _listen(starting: socket.socket) -> dict[str, Any]:
    starting.settimeout(READY_SECONDS)
    try:
        body = starting.recv(65536)
    except TimeoutError:
        return {"hint": f"it has not answered within {READY_SECONDS:g} s"}
    except OSError:  # it hung up in the middle
        return {}
    found: dict[str, Any] = json.loads(body) if body else {}
    return found


def _not_started(name: str, said: dict[str, Any], log: str) -> errors.AiaasError:
    """Return why nothing answers: what the process said of itself, and the last line it wrote."""
    if said.get("error", "EndpointError") != "EndpointError":
        return errors.from_record(said)
    lines = [line for line in log.splitlines() if line.strip() and not OF_THE_MASTER.search(line)]
    last = lines[-1].strip() if lines else "it wrote nothing"
    return errors.EndpointError(
        f"the endpoint {name!r} did not start",
        f"{said.get('hint') or 'its process ended'}: {last}",
        f"%aiaas_endpoints logs {name}",
    )


OF_THE_MASTER = re.compile(r" not started: | ms \d+ rows")
"""Lines that tell nothing new: the master's own, and those of requests to the one before."""


def _ask_to_go(info: EndpointInfo) -> bool:
    if info.pid is None or not process.alive(info.pid, info.pid_started):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(info.pid, signal.SIGTERM)
    return True


def _end(info: EndpointInfo) -> bool:
    pid = info.pid
    if pid is None or not _ask_to_go(info):
        return False
    end = time.monotonic() + DRAIN_SECONDS + 2
    while process.alive(pid, info.pid_started) and time.monotonic() < end:
        process.reap_child(pid)
        time.sleep(0.02)
    process.kill_group(pid, info.pid_started)
    process.reap_child(pid)
    return True
