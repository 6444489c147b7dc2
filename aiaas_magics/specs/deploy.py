"""Deploy: a model behind an address that answers predictions."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs import exporting
from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.exporting import ExportServerSpec
from aiaas_magics.specs.records import EndpointInfo, ServingLimits
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
    the main one at once. ``timeout`` is in seconds, ``memory`` in bytes a worker. None is what the endpoint of that name had,
    and the usual where there is none: see `settings`.
    """

    MAKES: ClassVar[str] = "endpoint"

    model: str
    as_: str
    to: str | None = None
    canary: float | None = None
    shadow: bool = False
    port: int = 0
    workers: int | None = None
    replace: bool = False
    schema: str | None = None
    """What is done with rows unlike those the model learned from; see :mod:`aiaas_magics.specs.schema`."""
    host: str | None = None
    open_to_network: bool = False
    concurrency: int | None = None
    timeout: float | None = None
    memory: int | None = None
    no_samples: bool | None = None

    def __post_init__(self) -> None:
        check_name(self.as_)
        check_mode(self.schema or "warn")
        if not 0 <= self.port <= 65535:
            raise errors.SpecError(
                f"--port {self.port} is no port", "0 (any free one) to 65535", "--port 8080"
            )
        check_workers(1 if self.workers is None else self.workers)
        check_host(self.host or LOOPBACK, open_to_network=self.open_to_network)
        _check_limits(self)
        _check_version(self)

    def settings(self, known: EndpointInfo | None = None) -> dict[str, Any]:
        """Return fields of the endpoint's record: as they are asked for, else as `known` has them, else the usual."""
        had = known or EndpointInfo(name="", model="", state="", url="", port=0, workers=1)
        limits = {name: getattr(self, name) for name in ("concurrency", "timeout", "memory")}
        asked = {"workers": self.workers, "schema": self.schema, "host": self.host}
        found = {n: getattr(had, n) if value is None else value for n, value in asked.items()}
        given = {name: value for name, value in limits.items() if value is not None}
        return found | {
            "port": self.port or had.port,
            "limits": msgspec.structs.replace(had.limits, **given),
            "samples": had.samples if self.no_samples is None else not self.no_samples,
        }

    def kept(self, info: EndpointInfo) -> list[str]:
        """Return in words what is unusual about an endpoint and was not asked for: it had that before."""
        asked = {name for name in OF_ENDPOINT if getattr(self, name) != getattr(_BARE, name)}
        words = unusual(info) | ({"workers": f"{info.workers} workers"} if info.workers > 1 else {})
        return [] if self.to else [told for name, told in words.items() if name not in asked]


def unusual(info: EndpointInfo) -> dict[str, str]:
    """Return in words what an endpoint does otherwise than others, by the option that asks for it."""
    limits, found = info.limits, {}
    if info.schema != "warn":
        found["schema"] = f"schema {info.schema}"
    if not info.samples:
        found["no_samples"] = "no rows kept"
    if limits.timeout != _USUAL.timeout:
        found["timeout"] = f"timeout {limits.timeout:g} s"
    if limits.concurrency != _USUAL.concurrency:
        found["concurrency"] = f"{limits.concurrency} at once a worker"
    if limits.memory is not None:
        found["memory"] = f"{limits.memory / 1e6:,.0f} MB a worker"
    return found


def check_workers(count: int) -> None:
    """Check a number of serving processes. Raises `SpecError`."""
    if not 1 <= count <= MOST_WORKERS:
        raise errors.SpecError(
            f"--workers {count} is out of range", f"1 to {MOST_WORKERS}", "--workers 1"
        )


def _check_limits(spec: DeploySpec) -> None:
    if spec.concurrency is not None and spec.concurrency < 1:
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
    "scikit-learn does. A token is needed to ask; the line reads it from $AIAAS_TOKEN. An endpoint that is deployed again "
    "keeps its port where that is free, and what it was given, where nothing else is asked for.",
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
                Option("workers", Kind.INT, "number of serving processes; usually 1"),
                Option(
                    "replace",
                    Kind.FLAG,
                    "let an endpoint of that name serve this model instead; with --export, write over such a folder",
                    False,
                ),
                Option(
                    "schema",
                    Kind.CHOICE,
                    "rows unlike those learned from: answer and warn (as usual), fix what is sure, or refuse",
                    choices=MODES,
                ),
                Option(
                    "no-samples",
                    Kind.FLAG,
                    "keep no rows that were asked about: %aiaas_monitor then counts only (--no-samples=false: keep them again)",
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
                        f"address to listen on, usually {LOOPBACK}; one that other machines reach needs the flag below",
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
                        f"requests that may wait for an answer, usually {_USUAL.concurrency}; one more gets 429",
                    ),
                    Option(
                        "timeout",
                        Kind.DURATION,
                        f"a request that takes longer gets 504; usually {_USUAL.timeout:g} s",
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
