"""An endpoint's row as the plan that its processes carry out.

The row in the database is the truth; ``endpoints/<name>/plan.json`` follows it. A change writes the plan first and the row
when all workers serve it: where whoever made the change died in between, the plan is written again from the row.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import time
from pathlib import Path

import msgspec

from aiaas_magics import errors
from aiaas_magics.execution import process
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import decode, encode
from aiaas_magics.specs.builds import FILE as VERDICT
from aiaas_magics.specs.builds import Verdict
from aiaas_magics.specs.records import EndpointInfo, ModelInfo, Share
from aiaas_magics.specs.serving import FILE, Plan, Report, Served, report_file
from aiaas_magics.store.home import Home

TAKEN_UP = 60.0
"""Seconds all workers have to serve a changed plan: they load what is new beside what they serve."""
LOOK = 0.01


def folder(home: Home, name: str) -> Path:
    """Return an endpoint's folder, made at first use."""
    found = home.path / "endpoints" / name
    found.mkdir(exist_ok=True)
    return found


def share(home: Home, model: ModelInfo, role: str = "main", percent: float = 100.0) -> Share:
    """Return the record of a version that is to be served, with what its build tells."""
    verdict = _verdict(home, model)
    return Share(
        model=model.ref, role=role, percent=percent, since=time.time(),
        tier="sklearn" if verdict is None else verdict.tier,
        verdict=verdict,
    )  # fmt: skip


def of(home: Home, info: EndpointInfo) -> Plan:
    """Return the plan of an endpoint's row.

    Raises
    ------
    NotFound, SealError
        If a model is gone, or is not what was registered.
    """
    return Plan(
        endpoint=info.name, revision=info.revision, workers=info.workers, schema=info.schema,
        limits=info.limits, versions=tuple(_served(home, each) for each in rollout.served(info)),
        samples=info.samples, hosts=() if is_loopback(info.host) else ("*",),
    )  # fmt: skip


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine only."""
    return ipaddress.ip_address(host).is_loopback


def url(host: str, port: int) -> str:
    """Return the address at which this machine reaches an endpoint."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"


def write(home: Home, info: EndpointInfo) -> Plan:
    """Write an endpoint's plan and return it."""
    made = of(home, info)
    draft = folder(home, info.name) / f".{FILE}.{os.getpid()}"
    draft.write_bytes(encode(made))
    draft.replace(draft.with_name(FILE))
    return made


def next_revision(home: Home, info: EndpointInfo) -> int:
    """Return a number above all that any worker of the endpoint was told."""
    return max(info.revision, _revision(home, info.name)) + 1


def carry_out(home: Home, info: EndpointInfo) -> Plan:
    """Write a running endpoint's changed plan and return when all its workers serve it.

    Raises
    ------
    EndpointError
        If one cannot, or they take too long.
    """
    made = write(home, info)
    _hint(info)
    end = time.monotonic() + TAKEN_UP
    while time.monotonic() < end:
        current = _followed(home, info)
        failed = next((each.error for each in current if each.error), "")
        if failed:
            raise errors.EndpointError(
                f"{info.name} stays as it was: a worker could not follow",
                failed,
                f"%aiaas_endpoints logs {info.name}",
            )
        if len(current) == info.workers:
            return made
        if not process.alive(info.pid, info.pid_started):
            raise errors.EndpointError(
                f"{info.name} has ended meanwhile",
                "its processes are gone",
                f"%aiaas_endpoints logs {info.name}",
            )
        time.sleep(LOOK)
    raise errors.EndpointError(
        f"{info.name} stays as it was: its workers did not follow",
        f"{TAKEN_UP:.0f} s are what they have",
        f"%aiaas_endpoints logs {info.name}",
    )


def forget(home: Home, name: str) -> None:
    """Remove the plan of an endpoint that never ran."""
    (folder(home, name) / FILE).unlink(missing_ok=True)


def behind(home: Home, info: EndpointInfo) -> bool:
    """Tell whether an endpoint's plan is not the one of its row: a change ended half way."""
    return info.state == "READY" and _revision(home, info.name) not in (0, info.revision)


def mend(home: Home, info: EndpointInfo) -> None:
    """Let the plan of a running endpoint follow its row again, where a change ended half way."""
    if not behind(home, info):
        return
    fresh = msgspec.structs.replace(info, revision=next_revision(home, info))
    with contextlib.suppress(errors.AiaasError):  # a model that is gone: it is served as it is
        write(home, fresh)
        home.endpoints.update(info.name, revision=fresh.revision)
        _hint(fresh)


def _hint(info: EndpointInfo) -> None:
    """Tell the master that there is a new plan; it looks for itself, so that a lost hint is only late."""
    if info.pid is not None and process.alive(info.pid, info.pid_started):
        with contextlib.suppress(ProcessLookupError):
            os.kill(info.pid, signal.SIGHUP)


def _followed(home: Home, info: EndpointInfo) -> list[Report]:
    """Return what the workers told that have seen a plan of this revision or a later one."""
    found = []
    for slot in range(info.workers):
        with contextlib.suppress(OSError, errors.AiaasError):  # not told yet
            path = folder(home, info.name) / report_file(slot)
            found.append(decode(path.read_bytes(), Report))
    return [each for each in found if each.revision >= info.revision]


def _revision(home: Home, name: str) -> int:
    try:
        return decode((folder(home, name) / FILE).read_bytes(), Plan).revision
    except (OSError, errors.AiaasError):
        return 0


def _served(home: Home, share: Share) -> Served:
    model = home.registry.find(share.model)
    verdict = _verdict(home, model)
    return Served(
        model=model.ref, role=share.role, percent=share.percent,
        folder=str(home.registry.folder(model.ref)), digest=model.digest,
        build="" if verdict is None else str(_build(home, model) / verdict.folder),
        build_digest="" if verdict is None else verdict.build,
        tier="sklearn" if verdict is None else verdict.tier,
        task=model.task, target=model.target, signature=model.signature,
        example={"X_test": home.registry.example(model.ref)},
    )  # fmt: skip


def _build(home: Home, model: ModelInfo) -> Path:
    return home.build_folder(model.digest)


def _verdict(home: Home, model: ModelInfo) -> Verdict | None:
    """Return the gate's verdict on a model; None where it was never built."""
    try:
        return msgspec.json.decode((_build(home, model) / VERDICT).read_bytes(), type=Verdict)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
