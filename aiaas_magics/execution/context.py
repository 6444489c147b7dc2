"""The engine's context in a worker: see :class:`aiaas_magics.engines.context.Context`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aiaas_magics import errors, frames
from aiaas_magics.engines.context import Watched
from aiaas_magics.execution.supervisor import Supervisor
from aiaas_magics.specs.base import JSON, Result
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.jobs import JobState
from aiaas_magics.specs.records import DataInfo, EndpointInfo, ModelInfo, NewModel
from aiaas_magics.specs.results import DataResult
from aiaas_magics.store.home import Home

if TYPE_CHECKING:
    import pandas as pd


class WorkerContext:
    """What a job may do, carried out on a home."""

    def __init__(self, home: Home, job: str, supervisor: Supervisor, user: str) -> None:
        self._home, self._supervisor = home, supervisor
        self.job: str | None = job
        self.user = user
        self.begun = time.monotonic()
        self.cores = (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
        self._first: tuple[float, float] | None = None

    @cached_property
    def scratch(self) -> Path:
        """An empty folder, gone with the job."""
        folder = self._home.job_folder(str(self.job)) / "scratch"
        folder.mkdir()
        return folder

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Tell how far the job is; the eta assumes that the rest goes as fast as what was seen."""
        now = time.monotonic()
        if self._first is None or done < self._first[1]:
            self._first = (now, done)
        since, before = self._first
        eta = (now - since) * (total - done) / (done - before) if done > before else None
        self._supervisor.tell("progress", {"done": done, "total": total, "eta": eta, "text": text})

    def metric(self, name: str, value: float, step: int) -> None:
        """Tell one point of a curve."""
        self._supervisor.tell("metric", {"name": name, "value": value, "step": step})

    def trial(self, params: dict[str, JSON], score: float, std: float) -> None:
        """Tell that a candidate is finished."""
        self._supervisor.tell("trial", {"params": params, "score": score, "std": std})

    def warn(self, text: str, try_: str = "") -> None:
        """Tell the user something that does not stop the job."""
        self._supervisor.tell("warning", {"text": text, "try": try_})

    def log(self, text: str) -> None:
        """Write a line to the job's log."""
        self._supervisor.tell("log", {"text": text, "level": "info"})

    def stopping(self) -> bool:
        """Whether the best so far is wanted."""
        return self._supervisor.stopping()

    def data(self, ref: str) -> DataInfo:
        """Return stored data by ref."""
        return self._home.datasets.find(ref)

    def frame(self, address: str, *, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the table whose manifest lies at `address`."""
        return frames.read(address, self._home.blobs.path, columns=columns)

    def save_frame(self, frame: pd.DataFrame) -> str:
        """Store a table and return its manifest's address."""
        return frames.write(frame, self._home.blobs.put)

    def blob(self, address: str) -> Path:
        """Return the path of stored bytes."""
        return self._home.blobs.path(address)

    def save_blob(self, body: bytes | Path) -> str:
        """Store bytes and return their address."""
        return self._home.blobs.put(body if isinstance(body, Path) else [body])

    def save_data(self, name: str, result: DataResult) -> DataInfo:
        """Give a table a name and a version."""
        return self._home.datasets.save(name, result, self.job)

    def model(self, ref: str) -> tuple[ModelInfo, Path]:
        """Return a model's record and folder."""
        info = self._home.registry.find(ref)
        return info, self._home.registry.folder(info.ref)

    def save_model(self, name: str, folder: Path, model: NewModel) -> ModelInfo:
        """Seal and register a model."""
        return self._home.registry.save(name, folder, model, job=self.job)

    def build(self, model: ModelInfo) -> Path:
        """Return where a model's builds lie, or are to lie."""
        return self._home.build_folder(model.digest)

    def keep(self, key: str, body: bytes, *, at_once: bool = False) -> None:
        """Keep bytes for jobs to come."""
        self._supervisor.keep(key, body, at_once=at_once)

    def recall(self, key: str) -> list[tuple[str, bytes]]:
        """Return what jobs kept under a key."""
        return self._home.memory.recall(key)

    def answered(self, job: str) -> Result | None:
        """Return what a job answered that succeeded whole."""
        try:
            record = self._home.runs.get(job)
        except errors.NotFound:
            return None
        whole = record.state is JobState.SUCCEEDED and not record.partial
        return self._home.runs.result(job) if whole else None

    def check_endpoint(self, spec: DeploySpec, model: ModelInfo) -> None:
        """Check that an endpoint may serve a version, before work is spent on it."""
        from aiaas_magics.execution import endpoints, rollouts

        if spec.to is not None:
            rollouts.check(self._home, spec, model)
        else:
            endpoints.check(self._home, spec, model)

    def start_endpoint(
        self, spec: DeploySpec, model: ModelInfo, example: dict[str, JSON]
    ) -> EndpointInfo:
        """Start an endpoint, or give one another version; it outlives this job."""
        from aiaas_magics.execution import endpoints, rollouts

        if spec.to is not None:
            return rollouts.add(self._home, spec, model, self.user)
        known = self._home.endpoints.find(spec.as_)
        started = endpoints.start(self._home, spec, model, example, self.user)
        for text, try_ in endpoints.lost(known, started):
            self.warn(text, try_)
        return started

    def watched(self, endpoint: str) -> Watched:
        """Return an endpoint and what it keeps of its requests."""
        from aiaas_magics.execution import watching

        return watching.watched(self._home, endpoint)

    def alert(self, endpoint: str, name: str, text: str, *, on: bool) -> None:
        """Tell that an alert has begun, or is over."""
        from aiaas_magics.execution import watching

        watching.alert(self._home, endpoint, name, text, on=on)
