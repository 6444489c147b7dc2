"""What an engine may do besides computing: read data, tell how far it is, keep what it made.

An engine is a function ``run(spec, context) -> Result``. It neither knows its job nor where the
home lies; the worker gives it a context, and so does a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aiaas_magics.specs.base import JSON, Result
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import DataInfo, EndpointInfo, ModelInfo, NewModel
from aiaas_magics.specs.results import DataResult
from aiaas_magics.specs.serving import Plan

if TYPE_CHECKING:
    import pandas as pd


class Watched(NamedTuple):
    """An endpoint, and what is known of its requests."""

    info: EndpointInfo
    folder: Path
    """Holds what its workers count: see :mod:`aiaas_magics.gauges`."""
    plan: Plan | None
    """What it serves; None: it never got so far."""
    alerts: tuple[str, ...]
    """Names of the alerts that have begun and are not over."""


class Context(Protocol):
    """The engine's view of the job it runs in and of the home it works for."""

    job: str | None
    user: str
    cores: int
    """How many native threads or processes the job may keep busy."""

    @property
    def begun(self) -> float:
        """When the job began, in ``time.monotonic()``: a budget of time counts from there."""
        ...

    @property
    def scratch(self) -> Path:
        """An empty folder, gone with the job."""
        ...

    # telling ---------------------------------------------------------------------------------
    def progress(self, done: float, total: float, text: str = "") -> None:
        """Tell how far the job is; the eta is derived from it. Cheap: may be called often."""
        ...

    def metric(self, name: str, value: float, step: int) -> None:
        """Tell one point of a curve."""
        ...

    def trial(self, params: dict[str, JSON], score: float, std: float) -> None:
        """Tell that a candidate is finished."""
        ...

    def warn(self, text: str, try_: str = "") -> None:
        """Tell the user something that does not stop the job."""
        ...

    def log(self, text: str) -> None:
        """Write a line to the job's log."""
        ...

    def stopping(self) -> bool:
        """Whether the user wants the best so far: engines that can, finish early with ``partial``."""
        ...

    # data ------------------------------------------------------------------------------------
    def data(self, ref: str) -> DataInfo:
        """Return stored data by ref (``clean``, ``clean@2``). Raises `NotFound`."""
        ...

    def frame(self, address: str, *, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the table whose manifest lies at `address`; its arrays may be read-only."""
        ...

    def save_frame(self, frame: pd.DataFrame) -> str:
        """Store a table by content and return its manifest's address."""
        ...

    def blob(self, address: str) -> Path:
        """Return the path of stored bytes, to be read only. Raises `NotFound`."""
        ...

    def save_blob(self, body: bytes | Path) -> str:
        """Store bytes by content and return their address."""
        ...

    def save_data(self, name: str, result: DataResult) -> DataInfo:
        """Give a table a name and a version; the same content under the same name is the same version."""
        ...

    # models ----------------------------------------------------------------------------------
    def model(self, ref: str) -> tuple[ModelInfo, Path]:
        """Return a model's record and its folder, seal checked. Raises `NotFound`, `SealError`."""
        ...

    def save_model(self, name: str, folder: Path, model: NewModel) -> ModelInfo:
        """Seal and register the finished folder (it is moved) as the next version of `name`."""
        ...

    # memory ----------------------------------------------------------------------------------
    def keep(self, key: str, body: bytes, *, at_once: bool = False) -> None:
        """Keep bytes under a key for jobs to come, also if this one is killed.

        They are there within a tenth of a second, which costs next to nothing; or `at_once`, when this returns.
        """
        ...

    def recall(self, key: str) -> list[tuple[str, bytes]]:
        """Return what jobs kept under a key, oldest first, each with its job; the oldest may be forgotten."""
        ...

    def answered(self, job: str) -> Result | None:
        """Return what an earlier job answered; None if it did not succeed whole."""
        ...

    def build(self, model: ModelInfo) -> Path:
        """Return where a model's builds lie, or are to lie: see :mod:`aiaas_magics.engines.optimising.building`."""
        ...

    # endpoints -------------------------------------------------------------------------------
    def check_endpoint(self, spec: DeploySpec, model: ModelInfo) -> None:
        """Check that `start_endpoint` may be asked for this, as things are now; nothing is done.

        Raises `NameTaken`, `NotFound`, `Conflict`, `SpecError`.
        """
        ...

    def start_endpoint(
        self, spec: DeploySpec, model: ModelInfo, example: dict[str, JSON]
    ) -> EndpointInfo:
        """Start the endpoint's processes, or give one that runs another version; return when it answers.

        Raises `NameTaken`, `PortInUse`, `EndpointError`; of an endpoint that runs also `NotFound`, `Conflict`.
        """
        ...

    def watched(self, endpoint: str) -> Watched:
        """Return an endpoint and what it keeps of its requests. Raises `NotFound`."""
        ...

    def alert(self, endpoint: str, name: str, text: str, *, on: bool) -> None:
        """Tell, where events of the endpoint are told, that an alert has begun, or is over."""
        ...
