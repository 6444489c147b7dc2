"""A context over a plain folder: what an engine needs, without a home, a job or a process.

Everything an engine told stands in lists (``told``), so that a test can look at it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from aiaas_magics import errors, frames
from aiaas_magics.engines.context import Watched
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON, Result, decode
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import DataInfo, EndpointInfo, ModelInfo, NewModel, Share
from aiaas_magics.specs.refs import parse
from aiaas_magics.specs.results import DataResult
from aiaas_magics.specs.serving import Plan
from aiaas_magics.store.blobs import Blobs

if TYPE_CHECKING:
    import pandas as pd


class Told(NamedTuple):
    """One thing an engine told: ``progress``, ``metric``, ``trial``, ``warning`` or ``log``."""

    type: str
    body: dict[str, JSON]


class LocalContext:
    """A :class:`aiaas_magics.engines.context.Context` over `folder`.

    Data, models and what is kept are known as long as the object lives; models are neither sealed nor checked,
    and an endpoint is only written down in ``endpoints``.

    Parameters
    ----------
    folder
        Holds the blobs, the model folders and the scratch folder; made where it is missing.
    cores
        What the engine may keep busy.
    stop_after
        ``stopping()`` answers True from this many calls on; None: never.
    """

    def __init__(self, folder: Path, *, cores: int = 1, stop_after: int | None = None) -> None:
        self.job: str | None = None
        self.user = "tester"
        self.cores = cores
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.blobs = Blobs(folder / "blobs")
        self.told: list[Told] = []
        self.endpoints: list[EndpointInfo] = []
        self.memory: dict[str, list[tuple[str, bytes]]] = {}
        self.answers: dict[str, Result] = {}
        self.alerts: list[tuple[str, dict[str, JSON]]] = []
        self._models_folder = folder / "models"
        self._watched_folder = folder / "watched"
        self._data: dict[str, list[DataInfo]] = {}
        self._models: dict[str, list[ModelInfo]] = {}
        self._stop_after = stop_after

    @property
    def begun(self) -> float:
        """The moment it is asked for: a job begins with its engine."""
        return time.monotonic()

    # telling ---------------------------------------------------------------------------------
    def progress(self, done: float, total: float, text: str = "") -> None:
        """Keep how far the engine says it is."""
        self.told.append(Told("progress", {"done": done, "total": total, "text": text}))

    def metric(self, name: str, value: float, step: int) -> None:
        """Keep one point of a curve."""
        self.told.append(Told("metric", {"name": name, "value": value, "step": step}))

    def trial(self, params: dict[str, JSON], score: float, std: float) -> None:
        """Keep a finished candidate."""
        self.told.append(Told("trial", {"params": params, "score": score, "std": std}))

    def warn(self, text: str, try_: str = "") -> None:
        """Keep a warning."""
        self.told.append(Told("warning", {"text": text, "try": try_}))

    def log(self, text: str) -> None:
        """Keep a line of the log."""
        self.told.append(Told("log", {"text": text}))

    def stopping(self) -> bool:
        """Answer True once it was asked `stop_after` times."""
        if self._stop_after is None:
            return False
        self._stop_after -= 1
        return self._stop_after < 0

    # data ------------------------------------------------------------------------------------
    def data(self, ref: str) -> DataInfo:
        """Return data saved with `save_data`. Raises `NotFound`."""
        return _find(self._data, ref, "data")

    def frame(self, address: str, *, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the table whose manifest lies at `address`."""
        return frames.read(address, self.blobs.path, columns=columns)

    def save_frame(self, frame: pd.DataFrame) -> str:
        """Store a table and return its manifest's address."""
        return frames.write(frame, self.blobs.put)

    def blob(self, address: str) -> Path:
        """Return the path of stored bytes. Raises `NotFound`."""
        return self.blobs.path(address)

    def save_blob(self, body: bytes | Path) -> str:
        """Store bytes and return their address."""
        return self.blobs.put(body if isinstance(body, Path) else [body])

    def save_data(self, name: str, result: DataResult) -> DataInfo:
        """Name a table; the same content and recipe again is the same version."""
        versions = self._data.setdefault(name, [])
        info = DataInfo(
            name=name,
            version=_next(versions),
            frame=result.frame,
            rows=result.rows,
            columns=result.columns,
            size=result.size,
            created=time.time(),
            source=result.source,
            base=result.base,
            steps=result.steps,
        )
        if versions and _content(versions[-1]) == _content(info):
            return versions[-1]
        versions.append(info)
        return info

    # models ----------------------------------------------------------------------------------
    def model(self, ref: str) -> tuple[ModelInfo, Path]:
        """Return a model saved with `save_model`, and its folder. Raises `NotFound`."""
        info = _find(self._models, ref, "model")
        return info, self._models_folder / info.name / str(info.version)

    def save_model(self, name: str, folder: Path, model: NewModel) -> ModelInfo:
        """Move the folder to its place and give it the next version."""
        versions = self._models.setdefault(name, [])
        info = ModelInfo(
            name=name,
            version=_next(versions),
            created=time.time(),
            digest="",
            **msgspec.structs.asdict(model),
        )
        shutil.move(folder, self._models_folder / name / str(info.version))
        versions.append(info)
        return info

    def build(self, model: ModelInfo) -> Path:
        """Return a folder that is the model's own; it is made by whoever builds."""
        return self._models_folder.parent / "builds" / f"{model.name}-{model.version}"

    # memory ----------------------------------------------------------------------------------
    def keep(self, key: str, body: bytes, *, at_once: bool = False) -> None:
        """Keep bytes in ``memory``."""
        del at_once
        self.memory.setdefault(key, []).append((self.job or "", body))

    def recall(self, key: str) -> list[tuple[str, bytes]]:
        """Return what was kept under a key."""
        return list(self.memory.get(key, ()))

    def answered(self, job: str) -> Result | None:
        """Return what stands in ``answers``, unless it is partial."""
        found = self.answers.get(job)
        return None if found is None or found.partial else found

    # endpoints -------------------------------------------------------------------------------
    def check_endpoint(self, spec: DeploySpec, model: ModelInfo) -> None:
        """Check what is asked by the rules of all backends."""
        taken = next((e for e in self.endpoints if e.name == spec.as_), None)
        self._endpoint(spec, model, {}, taken)

    def start_endpoint(
        self, spec: DeploySpec, model: ModelInfo, example: dict[str, JSON]
    ) -> EndpointInfo:
        """Write down what was asked, by the rules of all backends; no process starts."""
        taken = next((e for e in self.endpoints if e.name == spec.as_), None)
        info = self._endpoint(spec, model, example, taken)
        self.endpoints[:] = [*(e for e in self.endpoints if e.name != spec.as_), info]
        return info

    def watched(self, endpoint: str) -> Watched:
        """Return an endpoint written down in ``endpoints``, its folder ``watched/NAME``, and the alerts that are on."""
        info = next((e for e in self.endpoints if e.name == endpoint), None)
        if info is None:
            raise errors.NotFound(f"no endpoint {endpoint!r}")
        folder = self._watched_folder / endpoint
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "plan.json"
        plan = decode(path.read_bytes(), Plan) if path.is_file() else None
        on = {body["name"]: body["on"] for where, body in self.alerts if where == endpoint}
        return Watched(info, folder, plan, tuple(name for name, lasts in on.items() if lasts))

    def alert(self, endpoint: str, name: str, text: str, *, on: bool) -> None:
        """Keep an alert in ``alerts``."""
        self.alerts.append((endpoint, {"name": name, "text": text, "on": on}))

    def _endpoint(
        self,
        spec: DeploySpec,
        model: ModelInfo,
        example: dict[str, JSON],
        taken: EndpointInfo | None,
    ) -> EndpointInfo:
        share = Share(model=model.ref, since=time.time())
        if spec.to is not None:
            return self._beside(spec, model, share, taken)
        if taken is not None:
            rollout.check_replaced(taken, model.ref, replace=spec.replace)
        past = () if taken is None or taken.model == model.ref else rollout.served(taken)[:1]
        settings = spec.settings(taken)
        return EndpointInfo(
            name=spec.as_, model=model.ref, state="READY", url=f"http://127.0.0.1:{settings['port']}",
            target=model.target, example=example, versions=(share,), past=past, **settings,
        )  # fmt: skip

    def _beside(
        self, spec: DeploySpec, model: ModelInfo, share: Share, taken: EndpointInfo | None
    ) -> EndpointInfo:
        if taken is None:
            known = errors.did_you_mean(spec.as_, [e.name for e in self.endpoints])
            raise errors.NotFound(f"no endpoint {spec.as_!r}", known)
        main, _ = self.model(taken.model)
        rollout.check_fits(main.ref, main.signature, model.ref, model.signature)
        if spec.shadow or spec.canary is not None:
            role, percent = "shadow" if spec.shadow else "canary", spec.canary or 0.0
            return rollout.tried(taken, msgspec.structs.replace(share, role=role, percent=percent))
        return rollout.renewed(taken, share)


Info = TypeVar("Info", DataInfo, ModelInfo)


def _find(known: dict[str, list[Info]], ref: str, kind: str) -> Info:
    parsed = parse(ref)
    for info in reversed(known.get(parsed.name, []) if parsed.alias is None else []):
        if parsed.version in (None, info.version):
            return info
    raise errors.NotFound(f"no {kind} {ref!r}", errors.did_you_mean(parsed.name, known))


def _next(versions: Sequence[DataInfo | ModelInfo]) -> int:
    return versions[-1].version + 1 if versions else 1


def _content(info: DataInfo) -> tuple[JSON, ...]:
    roles = tuple((column.name, column.role) for column in info.columns)
    return info.frame, info.base, info.steps, roles
