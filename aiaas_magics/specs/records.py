"""What ``Backend.query`` answers, kind by kind."""

from __future__ import annotations

import msgspec

from aiaas_magics.specs.base import JSON, Record
from aiaas_magics.specs.builds import Verdict
from aiaas_magics.specs.results import Column
from aiaas_magics.specs.schema import Expectation


class DataInfo(Record, frozen=True, kw_only=True, tag="data_info"):
    """A version of stored data."""

    name: str
    version: int
    frame: str
    rows: int
    columns: tuple[Column, ...]
    size: int
    created: float
    source: str = ""
    base: str | None = None
    steps: tuple[dict[str, JSON], ...] = ()
    job: str | None = None

    @property
    def ref(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


class Signature(Record, frozen=True, kw_only=True, tag="signature"):
    """What a model takes and gives.

    ``inputs`` are (column, type) pairs in the order of an array's columns; types are ``double``,
    ``long``, ``boolean``, ``string``, ``datetime``. ``required`` names the columns that must not be
    missing (null). ``expects`` tells what each column held in the training rows (:mod:`aiaas_magics.specs.schema`);
    of one that is not named, anything of its type is expected. ``zones`` gives the time zone of the dates that have one: a model sees the clock
    on that zone's walls.
    """

    inputs: tuple[tuple[str, str], ...]
    output: str
    classes: tuple[JSON, ...] = ()
    required: tuple[str, ...] = ()
    zones: dict[str, str] = {}
    expects: dict[str, Expectation] = {}


class Lineage(Record, frozen=True, kw_only=True, tag="lineage"):
    """What a model was made of: everything needed to make it again."""

    spec: dict[str, JSON]
    data: str
    """Address of the manifest of the rows it learned from (before the split)."""
    data_ref: str | None = None
    steps: tuple[dict[str, JSON], ...] = ()
    """The recipe carried out on them."""
    roles: dict[str, str] = {}
    """What kind each of their columns is."""
    libraries: dict[str, str] = {}
    python: str = ""
    seed: int = 0
    job: str | None = None
    user: str = ""


class NewModel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model before it has a version: fields as in `ModelInfo`."""

    task: str
    algo: str
    target: str
    signature: Signature
    lineage: Lineage
    params: dict[str, JSON] = {}
    scores: dict[str, float] = {}
    partial: bool = False


class ModelInfo(Record, frozen=True, kw_only=True, tag="model_info"):
    """A version of a model."""

    name: str
    version: int
    task: str
    algo: str
    target: str
    created: float
    signature: Signature
    lineage: Lineage
    digest: str
    """sha256 over the sealed files' digests."""
    aliases: tuple[str, ...] = ()
    size: int = 0
    scores: dict[str, float] = {}
    params: dict[str, JSON] = {}
    partial: bool = False
    """Its training was stopped early: it has fewer trees, iterations or candidates than asked for."""

    @property
    def ref(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


class AliasInfo(Record, frozen=True, kw_only=True, tag="alias_info"):
    """One move of an alias. The newest of each is in force; `to` None means removed."""

    model: str
    alias: str
    time: float
    who: str
    from_: int | None = None
    to: int | None = None


class ServingLimits(Record, frozen=True, kw_only=True, tag="serving_limits"):
    """What one worker of an endpoint may be asked at once, and what it may use.

    ``concurrency`` counts requests waiting for an answer; one more is told to come back (429). ``timeout`` is in seconds,
    ``memory`` and ``size`` (of a request's body) in bytes; None is no limit.
    """

    concurrency: int = 1024
    timeout: float = 30.0
    memory: int | None = None
    size: int = 16 << 20


class Share(Record, frozen=True, kw_only=True, tag="share"):
    """A version behind an endpoint and its share of the requests, in percent.

    ``role`` is ``main``, ``canary`` or ``shadow`` (:mod:`aiaas_magics.specs.serving`). ``tier`` says how it computes,
    ``verdict`` how that was proven equal to scikit-learn; ``since`` is when it took its role.
    """

    model: str
    role: str = "main"
    percent: float = 100.0
    tier: str = "sklearn"
    verdict: Verdict | None = None
    since: float = 0.0


ENDED = ("STOPPED", "LOST", "FAILED")
"""States of an endpoint that answers nobody."""


class EndpointInfo(Record, frozen=True, kw_only=True, tag="endpoint_info"):
    """An endpoint; state is one of STARTING, READY, STOPPED, FAILED, LOST."""

    name: str
    model: str
    state: str
    url: str
    port: int
    workers: int
    pid: int | None = None
    pid_started: float | None = None
    """The process's start time, to tell it from a later one with the same number."""
    created: float = 0.0
    target: str = ""
    example: dict[str, JSON] = {}
    schema: str = "warn"
    """What is done with rows unlike those its model learned from."""
    versions: tuple[Share, ...] = ()
    """What it serves; the main version, which is `model`, first."""
    past: tuple[Share, ...] = ()
    """The main versions before this one, oldest first: what a rollback goes back through."""
    undone: tuple[Share, ...] = ()
    """The main versions that rollbacks went back from."""
    revision: int = 1
    """Of its plan: grows with every change."""
    host: str = "127.0.0.1"
    limits: ServingLimits = ServingLimits()
    samples: bool = True
    """Whether rows are kept for monitoring."""
    token: str | None = None
    """Only for the home's owner, and never shown."""
    log: str = ""
    """The end of its log, where asked for."""
    before: EndpointInfo | None = None
    """The one whose place it takes, until that has gone."""

    def __rich_repr__(self) -> list[tuple[str, JSON]]:
        return [shown for shown in super().__rich_repr__() if shown[0] != "token"]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"EndpointInfo({shown})"


class Setting(Record, frozen=True, kw_only=True, tag="setting"):
    """A setting of the home."""

    name: str
    value: JSON
    help: str = ""


class Usage(Record, frozen=True, kw_only=True, tag="usage"):
    """What a home holds, in counts and bytes."""

    home: str
    data: int
    models: int
    endpoints: int
    jobs: int
    bytes: int


class Applied(Record, frozen=True, kw_only=True, tag="applied"):
    """What a command changed, in one line."""

    text: str
    changed: bool = True
