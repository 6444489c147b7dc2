"""What an endpoint is to serve: written by who owns the home, read by the serving processes.

A plan is the state that is wished for. Whoever changes it writes it whole and tells the endpoint's master, which passes
it on; a process that comes back after a crash reads the same plan.
"""

from __future__ import annotations

import ipaddress

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON, Record
from aiaas_magics.specs.records import ServingLimits, Signature

__all__ = [
    "FILE",
    "LOOPBACK",
    "ROLES",
    "Plan",
    "Report",
    "Served",
    "ServingLimits",
    "check_host",
    "report_file",
]

FILE = "plan.json"
"""A plan's name in the folder of its endpoint."""
LOOPBACK = "127.0.0.1"
ROLES = ("main", "canary", "shadow")


class Served(Record, frozen=True, kw_only=True, tag="served"):
    """One version of a model behind an endpoint.

    ``role`` is ``main``, ``canary`` (answers `percent` of the requests) or ``shadow`` (is asked as well, its answers are
    compared and never sent). ``folder`` and ``build`` hold the model and what its tier needs, absolute or relative to the
    plan; ``digest`` and ``build_digest`` are their addresses, checked before they are opened.
    """

    model: str
    role: str = "main"
    percent: float = 100.0
    folder: str
    digest: str
    build: str = ""
    build_digest: str = ""
    tier: str = "sklearn"
    task: str = ""
    target: str = ""
    signature: Signature
    example: dict[str, JSON] = {}

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise errors.SpecError(f"no role {self.role!r}", errors.did_you_mean(self.role, ROLES))

    @property
    def version(self) -> str:
        """The number after the ``@``."""
        return self.model.rpartition("@")[2]


class Plan(Record, frozen=True, kw_only=True, tag="plan"):
    """All an endpoint's processes need to know; exactly one version is ``main``."""

    endpoint: str
    revision: int = 1
    workers: int = 1
    schema: str = "warn"
    limits: ServingLimits = ServingLimits()
    versions: tuple[Served, ...]
    samples: bool = True
    """Whether rows are kept for monitoring."""
    hosts: tuple[str, ...] = ()
    """Names it may be asked by, besides those of loopback; ``*`` is any."""

    def __post_init__(self) -> None:
        if [each.role for each in self.versions].count("main") != 1:
            raise errors.SpecError("an endpoint has exactly one main version")
        if len({each.model for each in self.versions}) != len(self.versions):
            raise errors.SpecError("an endpoint serves a version once")

    @property
    def main(self) -> Served:
        """The version that answers whatever no other does."""
        return next(each for each in self.versions if each.role == "main")


class Report(Record, frozen=True, kw_only=True, tag="report"):
    """What a worker tells of itself, in a file of its slot: the plan it serves, or why it cannot serve that one."""

    pid: int
    revision: int
    error: str = ""


def report_file(slot: int) -> str:
    """Return the name of the file in which the worker of a slot tells of itself."""
    return f"worker-{slot}.json"


def check_host(host: str, *, open_to_network: bool) -> None:
    """Check an address to listen on: another than loopback needs the flag that says what it means.

    Raises
    ------
    SpecError
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise errors.SpecError(
            f"--host {host} is no address",
            "an address of this machine: 127.0.0.1 (this machine only), 0.0.0.0 or :: (all)",
            f"--host {LOOPBACK}",
        ) from error
    if address.is_loopback and open_to_network:
        raise errors.SpecError(
            f"--host {host} is not open to the network",
            "nobody but this machine reaches it",
            "--host 0.0.0.0 --open-to-network",
        )
    if not address.is_loopback and not open_to_network:
        raise errors.SpecError(
            f"--host {host} lets other machines ask",
            "who has the token may, and all is sent in the clear, the token too: put TLS in front",
            f"--host {host} --open-to-network",
        )
