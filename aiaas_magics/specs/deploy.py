"""Deploy: a model behind an address that answers predictions."""

from __future__ import annotations

from typing import ClassVar

from aiaas_magics import errors
from aiaas_magics.specs import exporting
from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.exporting import ExportServerSpec
from aiaas_magics.specs.records import ServingLimits
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.schema import MODES, check_mode
from aiaas_magics.specs.serving import LOOPBACK, check_host
from aiaas_magics.specs.verbs import DETACH, Action, Kind, Option, Verb, grouped

__all__ = ["DEPLOY", "DeploySpec", "ExportServerSpec"]

MOST_WORKERS = 64
LEAST_MEMORY = 64 << 20
"""Bytes: an interpreter with numpy and a small model takes about as much."""
_USUAL = ServingLimits()


class OptimiseSpec(Spec, frozen=True, kw_only=True, tag="optimise"):
    """Find the fastest form of a model that is proven to answer as scikit-learn does, and keep it."""

    model: str


class DeploySpec(Spec, frozen=True, kw_only=True, tag="deploy"):
    """Serve a model version under a name, or beside the versions that an endpoint serves (``to``).

    ``port`` 0 is any free port. ``canary`` is a percentage; with ``to`` and neither ``canary`` nor ``shadow`` the version becomes
    the main one at once. ``timeout`` is in seconds, ``memory`` in bytes a worker.
    """

    MAKES: ClassVar[str] = "endpoint"

    model: str
    as_: str
    to: str | None = None
    canary: float | None = None
    shadow: bool = False
    port: int = 0
    workers: int = 1
    replace: bool = False
    schema: str = "warn"
    """What is done with rows unlike those the model learned from; see :mod:`aiaas_magics.specs.schema`."""
    host: str = LOOPBACK
    open_to_network: bool = False
    concurrency: int = _USUAL.concurrency
    timeout: float = _USUAL.timeout
    memory: int | None = None
    no_samples: bool = False

    def __post_init__(self) -> None:
        check_name(self.as_)
        check_mode(self.schema)
        if not 0 <= self.port <= 65535:
            raise errors.SpecError(
                f"--port {self.port} is no port", "0 (any free one) to 65535", "--port 8080"
            )
        check_workers(self.workers)
        check_host(self.host, open_to_network=self.open_to_network)
        _check_limits(self)
        _check_version(self)

    @property
    def limits(self) -> ServingLimits:
        """What a worker may be asked at once, and what it may use."""
        return ServingLimits(concurrency=self.concurrency, timeout=self.timeout, memory=self.memory)


def check_workers(count: int) -> None:
    """Check a number of serving processes. Raises `SpecError`."""
    if not 1 <= count <= MOST_WORKERS:
        raise errors.SpecError(
            f"--workers {count} is out of range", f"1 to {MOST_WORKERS}", "--workers 1"
        )


def _check_limits(spec: DeploySpec) -> None:
    if spec.concurrency < 1:
        raise errors.SpecError(
            f"--concurrency {spec.concurrency} is out of range", "1 or more", "--concurrency 64"
        )
    if spec.memory is not None and spec.memory < LEAST_MEMORY:
        raise errors.SpecError(
            "--memory is less than a worker needs to start",
            f"{LEAST_MEMORY >> 20} MiB at least",
            "--memory 1GB",
        )


OF_ENDPOINT = (
    "port", "workers", "replace", "schema", "host", "open_to_network", "concurrency", "timeout", "memory",
    "no_samples",
)  # fmt: skip
"""Fields that are an endpoint's and not a version's: they do not go with ``to``."""


def _check_version(spec: DeploySpec) -> None:
    """Check the words that say how a version stands beside others."""
    asked = "--shadow" if spec.shadow else "--canary"
    if spec.to is None and (spec.shadow or spec.canary is not None):
        raise errors.SpecError(
            f"{asked} needs an endpoint that answers already",
            "a canary and a shadow stand beside the version that answers",
            f"%aiaas_deploy {spec.model} --to ENDPOINT {asked}{'' if spec.shadow else ' 10%'}",
        )
    if spec.shadow and spec.canary is not None:
        raise errors.SpecError(
            "--canary and --shadow are alternatives",
            "a canary answers a part of the requests, a shadow none",
            "--canary 10%",
        )
    if spec.canary is not None and not 0 <= spec.canary <= 100:
        raise errors.SpecError(
            f"--canary {spec.canary:g} is no percentage", "0 to 100", "--canary 10%"
        )
    usual = {name: getattr(_BARE, name) for name in OF_ENDPOINT} if spec.to is not None else {}
    for name, value in usual.items():
        if getattr(spec, name) != value:
            word = name.replace("_", "-")
            raise errors.SpecError(
                f"--{word} is the endpoint's, not a version's",
                f"{spec.to} keeps what it was deployed with",
                f"%aiaas_endpoints scale {spec.to} --workers {spec.workers}"
                if name == "workers"
                else f"%aiaas_deploy {spec.model} --as {spec.to} --replace --{word}",
            )


_BARE = DeploySpec(model="m", as_="m")

DEPLOY = Verb(
    "deploy",
    "serve a model over HTTP",
    "Starts an endpoint on this machine that answers POST /predict and prints its address and a curl line; or adds a "
    "version to an endpoint: as a canary, which answers a part of the requests, as a shadow, whose answers are only "
    "compared, or at once as the main one. The model is converted to the fastest form that is proven to answer as "
    "scikit-learn does. A token is needed to ask; the line reads it from $AIAAS_TOKEN.",
    (
        Action(
            "",
            "serve a model",
            makes="DeploySpec",
            arguments=(
                Option("model", Kind.MODEL, "the model, name or name@version", required=True),
                exporting.FOLDER,
            ),
            options=(
                Option(
                    "as", Kind.NAME, "the new endpoint's name (default: MODEL-api)", unless="to"
                ),
                Option("port", Kind.INT, "port to listen on; 0 is any free one", 0),
                Option("workers", Kind.INT, "number of serving processes", 1),
                Option(
                    "replace",
                    Kind.FLAG,
                    "let an endpoint of that name serve this model instead; with --export, write over such a folder",
                    False,
                ),
                Option(
                    "schema",
                    Kind.CHOICE,
                    "rows unlike those learned from: answer and warn, fix what is sure, or refuse",
                    "warn",
                    choices=MODES,
                ),
                Option(
                    "no-samples",
                    Kind.FLAG,
                    "keep no rows that were asked about: %aiaas_monitor then counts only",
                    False,
                ),
                *grouped(
                    "beside the versions of an endpoint",
                    Option(
                        "to",
                        Kind.ENDPOINT,
                        "the endpoint this version is for; without --canary and --shadow it answers all at once",
                    ),
                    Option(
                        "canary",
                        Kind.PERCENT,
                        "let it answer this part of the requests, the same keys always",
                        metavar="10%",
                    ),
                    Option(
                        "shadow",
                        Kind.FLAG,
                        "ask it as well and compare; its answers are never sent",
                        False,
                    ),
                ),
                *grouped(
                    "who may ask",
                    Option(
                        "host",
                        Kind.TEXT,
                        "address to listen on; one that other machines reach needs the flag below",
                        LOOPBACK,
                    ),
                    Option(
                        "open-to-network",
                        Kind.FLAG,
                        "I know: other machines can ask, and token and data are sent in the clear",
                        False,
                    ),
                ),
                *grouped(
                    "limits of a worker",
                    Option(
                        "concurrency",
                        Kind.INT,
                        "requests that may wait for an answer; one more gets 429",
                        _USUAL.concurrency,
                    ),
                    Option(
                        "timeout",
                        Kind.DURATION,
                        "a request that takes longer gets 504",
                        _USUAL.timeout,
                        metavar="30s",
                    ),
                    Option(
                        "memory",
                        Kind.SIZE,
                        "a worker that holds more ends and is replaced",
                        metavar="2GB",
                    ),
                ),
                *exporting.EXPORT,
                *grouped("the job", DETACH),
            ),
            examples=(
                "%aiaas_deploy clf --as cancer-api",
                "%aiaas_deploy clf@4 --to cancer-api --canary 10%",
                "%aiaas_deploy clf@4 --to cancer-api --shadow",
                exporting.EXAMPLE,
            ),
        ),
    ),
)
