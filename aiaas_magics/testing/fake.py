"""A backend in one process: no home, no worker, no database. For tests of what stands on the seam.

Jobs run in threads, on the engines there are; data and models live as long as the object.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from aiaas_magics import engines, errors
from aiaas_magics.backends.base import KINDS
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON, Command, Record, Result, Spec, encode, tag_of
from aiaas_magics.specs.jobs import MOVES, Event, Job, JobState, Limits
from aiaas_magics.specs.records import AliasInfo, Applied, EndpointInfo, ModelInfo, Usage
from aiaas_magics.testing.context import LocalContext


class _Gone(BaseException):
    """Ends the thread of a cancelled job."""


class _Context(LocalContext):
    """Tells the backend's log what an engine tells, and obeys its stop and cancel."""

    def __init__(self, backend: FakeBackend, job: str) -> None:
        super().__init__(backend.folder / job)
        self.blobs = backend.blobs
        self._data, self._models = backend.data, backend.models
        self.endpoints, self._models_folder = backend.endpoints, backend.folder / "models"
        self.job, self._backend = job, backend
        self.memory, self.answers = backend.memory, backend.results

    def model(self, ref: str) -> tuple[ModelInfo, Path]:
        """Return a model by any ref, also by an alias."""
        info: Any = self._backend.query("models", {"ref": ref})[0]
        return super().model(info.ref)

    def tell(self, kind: str, body: Mapping[str, JSON]) -> None:
        """Write an event; a cancelled job ends here."""
        if self._backend.state(str(self.job)) is JobState.CANCELLING:
            raise _Gone
        self._backend.log(f"job:{self.job}", kind, body)

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Tell how far the job is."""
        self.tell("progress", {"done": done, "total": total, "eta": None, "text": text})

    def log(self, text: str) -> None:
        """Write a line."""
        self.tell("log", {"text": text, "level": "info"})

    def warn(self, text: str, try_: str = "") -> None:
        """Tell a warning."""
        self.tell("warning", {"text": text, "try": try_})

    def metric(self, name: str, value: float, step: int) -> None:
        """Tell a point of a curve."""
        self.tell("metric", {"name": name, "value": value, "step": step})

    def trial(self, params: dict[str, JSON], score: float, std: float) -> None:
        """Tell a candidate."""
        self.tell("trial", {"params": params, "score": score, "std": std})

    def stopping(self) -> bool:
        """Whether the best so far is wanted."""
        return self._backend.state(str(self.job)) is JobState.STOPPING


class FakeBackend:
    """The eight verbs, in memory."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="aiaas-fake-")
        self.folder = Path(self._temporary.name)
        from aiaas_magics.store.blobs import Blobs

        self.blobs = Blobs(self.folder / "blobs")
        self.data: dict[str, Any] = {}
        self.models: dict[str, Any] = {}
        self.endpoints: list[EndpointInfo] = []
        self._aliases: list[AliasInfo] = []
        self._events: list[Event] = []
        self._jobs: dict[str, Job] = {}
        self.results: dict[str, Result] = {}
        self.memory: dict[str, list[tuple[str, bytes]]] = {}
        self._specs: dict[str, Spec] = {}
        self._keys: dict[str, str] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.RLock()

    # The eight verbs --------------------------------------------------------------------------
    def submit(self, spec: Spec, *, key: str | None = None, limits: Limits | None = None) -> str:
        """Run a job in a thread."""
        del limits
        self._check_free(spec)
        with self._lock:
            if key is not None and key in self._keys:
                return self._keys[key]
            name = f"j{len(self._jobs):011d}"
            self._keys[key or name] = name
            self._specs[name] = spec
            about = str(getattr(spec, "as_", "") or "")
            self._jobs[name] = Job(
                id=name,
                verb=tag_of(spec),
                state=JobState.QUEUED,
                about=about,
                created=time.time(),
                user="fake",
            )
            self.log(f"job:{name}", "state", {"from": None, "to": "QUEUED"})
        thread = threading.Thread(target=self._run, args=(name, spec), daemon=True)
        self._threads.append(thread)
        thread.start()
        return name

    def stop(self, job: str) -> None:
        """Ask for the best so far."""
        self._known(job)
        if not self._move(job, JobState.CANCELLED, JobState.QUEUED):
            self._move(job, JobState.STOPPING, JobState.RUNNING)

    def cancel(self, job: str) -> None:
        """End a job."""
        self._known(job)
        if not self._move(job, JobState.CANCELLED, JobState.QUEUED):
            self._move(job, JobState.CANCELLING, JobState.RUNNING, JobState.STOPPING)
        end = time.monotonic() + 1.0
        while self.state(job) is JobState.CANCELLING and time.monotonic() < end:
            time.sleep(0.005)

    def result(self, job: str) -> Result:
        """Return what a job answered, or raise what it raised."""
        record = self._known(job)
        if not record.state.final:
            raise errors.JobNotFinished(f"job {job} is {record.state.value}")
        if record.state is JobState.CANCELLED:
            raise errors.JobCancelled(f"job {job} was cancelled")
        if record.error is not None:
            raise errors.from_record(record.error)
        return self.results[job]

    def query(self, kind: str, where: Mapping[str, JSON] | None = None) -> list[Record]:
        """Return records of a kind."""
        if kind not in KINDS:
            raise errors.UsageError(f"no kind {kind!r}", errors.did_you_mean(kind, KINDS))
        wanted = dict(where or {})
        for of_the_log in ("log", "lines", "errors"):
            wanted.pop(of_the_log, None)
        asked = wanted.pop("spec", False)
        limit = wanted.pop("limit", None)
        ref = wanted.pop("ref", None)
        if ref is not None:
            return [self._find(kind, str(ref))]
        found = self._records(kind)
        for name in wanted:
            if found and not hasattr(found[0], name):
                raise errors.UsageError(f"no field {name!r}")
        matching = [r for r in found if all(getattr(r, n) == v for n, v in wanted.items())]
        if kind == "endpoints" and "name" in wanted and not matching:
            known = errors.did_you_mean(str(wanted["name"]), [e.name for e in self.endpoints])
            raise errors.NotFound(f"no endpoint {wanted['name']!r}", known)
        return [self._with_spec(each) if asked else each for each in matching[:limit]]

    def apply(self, command: Command) -> Applied:
        """Carry out a small change."""
        tag = tag_of(command)
        changes: dict[str, Callable[[Any], str]] = {
            "set_alias": self._set_alias,
            "delete_alias": self._delete_alias,
            "delete_data": lambda asked: self._delete("data", asked.data),
            "delete_model": lambda asked: self._delete("models", asked.model),
            "stop_endpoint": self._stop_endpoint,
            "remove_endpoint": self._remove_endpoint,
            **dict.fromkeys(("promote", "rollback", "drop_version", "scale"), self._change),
        }
        if tag not in changes:
            raise errors.UsageError(f"no command {tag!r} here")
        text = changes[tag](command)
        of = getattr(command, "endpoint", None)
        self.log(
            f"endpoint:{of}" if of else "home",
            "audit",
            {"command": tag, "who": "fake", **msgspec.to_builtins(command)},
        )
        return Applied(text=text)

    def events(self, scope: str, after: int = 0, *, limit: int = 1000) -> list[Event]:
        """Return events past `after`."""
        with self._lock:
            return [e for e in self._events[after:] if scope in ("home", e.scope)][:limit]

    def put(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes."""
        return self.blobs.put(body, ref=ref)

    def fetch(self, ref: str) -> Iterator[bytes]:
        """Yield bytes."""
        return self.blobs.fetch(ref)

    def close(self) -> None:
        """Wait for the jobs and forget everything."""
        for name in self._jobs:
            self.cancel(name)
        for thread in self._threads:
            thread.join(5)
        self._temporary.cleanup()

    # How ----------------------------------------------------------------------------------------
    def state(self, job: str) -> JobState:
        """Return a job's state."""
        return self._jobs[job].state

    def log(self, scope: str, kind: str, body: Mapping[str, JSON]) -> None:
        """Append an event."""
        with self._lock:
            number = len(self._events) + 1
            self._events.append(
                Event(seq=number, scope=scope, time=time.time(), type=kind, body=dict(body))
            )

    def _run(self, job: str, spec: Spec) -> None:
        if not self._move(job, JobState.STARTING, JobState.QUEUED):
            return
        self._move(job, JobState.RUNNING, JobState.STARTING)
        try:
            result = engines.find(tag_of(spec))(spec, _Context(self, job))
        except _Gone:
            self._move(job, JobState.CANCELLED, JobState.CANCELLING)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must end
            record = errors.to_record(error)
            self._move(job, JobState.FAILED, JobState.RUNNING, JobState.STOPPING, error=record)
        else:
            self.results[job] = result
            alive = (JobState.RUNNING, JobState.STOPPING)
            if not self._move(job, JobState.SUCCEEDED, *alive, partial=result.partial):
                self._move(job, JobState.CANCELLED, JobState.CANCELLING)

    def _move(self, job: str, to: JobState, *frm: JobState, **fields: Any) -> bool:
        with self._lock:
            before = self._jobs[job]
            if before.state not in frm or to not in MOVES[before.state]:
                return False
            self._jobs[job] = msgspec.structs.replace(before, state=to, **fields)
            self.log(f"job:{job}", "state", {"from": before.state.value, "to": to.value})
            return True

    def _check_free(self, spec: Spec) -> None:
        name = str(getattr(spec, "as_", ""))
        known = {
            "data": self.data,
            "model": self.models,
            "endpoint": [info.name for info in self.endpoints],
        }
        for kind, names in known.items() if spec.MAKES and name else ():
            for near in names:
                if near.lower() == name.lower() and (near, kind) != (name, spec.MAKES):
                    raise errors.NameTaken(f"the name {name!r} is taken: {near} is {kind}")

    def _known(self, job: str) -> Job:
        if job not in self._jobs:
            raise errors.NotFound(f"no job {job!r}", errors.did_you_mean(job, self._jobs))
        return self._jobs[job]

    def _find(self, kind: str, ref: str) -> Record:
        from aiaas_magics.specs.refs import parse

        parsed = parse(ref)
        versions = {"data": self.data, "models": self.models}[kind].get(parsed.name, [])
        number = parsed.version
        if parsed.alias is not None:
            number = self._means(parsed.name, parsed.alias) or -1
        for info in reversed(versions):
            if number is None or info.version == number:
                found: Record = info
                return found
        known = {"data": self.data, "models": self.models}[kind]
        raise errors.NotFound(f"no {kind} {ref!r}", errors.did_you_mean(parsed.name, known))

    def _means(self, model: str, alias: str) -> int | None:
        moves = [a.to for a in self._aliases if (a.model, a.alias) == (model, alias)]
        return moves[-1] if moves else None

    def _set_alias(self, asked: Any) -> str:
        info: Any = self._find("models", asked.model)
        self._move_alias(info.name, asked.alias, info.version)
        return f"{info.name}@{asked.alias} is now {info.ref}"

    def _delete_alias(self, asked: Any) -> str:
        if self._means(asked.model, asked.alias) is None:
            raise errors.NotFound(f"no alias {asked.model}@{asked.alias}")
        self._move_alias(asked.model, asked.alias, None)
        return f"{asked.model}@{asked.alias} means nothing now"

    def _with_spec(self, job: Any) -> Record:
        asked = msgspec.json.decode(encode(self._specs[job.id]))
        found: Record = msgspec.structs.replace(job, spec=asked)
        return found

    def _move_alias(self, model: str, alias: str, to: int | None) -> None:
        was = self._means(model, alias)
        moved = AliasInfo(
            model=model, alias=alias, time=time.time(), who="fake", from_=was, to=to
        )  # fmt: skip
        self._aliases.append(moved)

    def _delete(self, kind: str, ref: str) -> str:
        """Forget one version, or all of a name."""
        from aiaas_magics.specs.refs import parse

        found: Any = self._find(kind, ref)
        known = {"data": self.data, "models": self.models}[kind]
        whole = parse(ref).version is None
        known[found.name] = [] if whole else [i for i in known[found.name] if i is not found]
        if not known[found.name]:
            del known[found.name]
        return f"deleted {ref}"

    def _change(self, asked: Any) -> str:
        """Change an endpoint's versions or workers."""
        found: Any = self.query("endpoints", {"name": asked.endpoint})[0]
        if found.state != "READY":
            raise errors.Conflict(f"{found.name} does not run")
        after = rollout.edited(found, asked, time.time())
        self.endpoints[:] = [after if e is found else e for e in self.endpoints]
        return rollout.told(found, after)

    def _stop_endpoint(self, asked: Any) -> str:
        (info,) = self.query("endpoints", {"name": asked.endpoint})
        stopped = msgspec.structs.replace(info, state="STOPPED")
        self.endpoints[:] = [stopped if e is info else e for e in self.endpoints]  # type: ignore[misc]
        return f"{asked.endpoint} is stopped"

    def _remove_endpoint(self, asked: Any) -> str:
        (info,) = self.query("endpoints", {"name": asked.endpoint})
        if getattr(info, "state", "") == "READY":
            raise errors.Conflict(f"{asked.endpoint} runs")
        self.endpoints[:] = [each for each in self.endpoints if each is not info]
        return f"{asked.endpoint} is removed"

    def _records(self, kind: str) -> list[Any]:
        from aiaas_magics.specs.algorithms import CHOICES
        from aiaas_magics.specs.metrics import METRICS
        from aiaas_magics.store import catalogue

        usage = Usage(
            home="memory",
            data=len(self.data),
            models=len(self.models),
            endpoints=sum(e.state == "READY" for e in self.endpoints),
            jobs=len(self._jobs),
            bytes=0,
        )
        tables: dict[str, Iterable[Any]] = {
            "jobs": reversed(self._jobs.values()),
            "data": (info for versions in self.data.values() for info in reversed(versions)),
            "models": (info for versions in self.models.values() for info in reversed(versions)),
            "aliases": reversed(self._aliases),
            "endpoints": self.endpoints,
            "algorithms": CHOICES,
            "metrics": METRICS,
            "catalogue": catalogue.tables(self.folder) if kind == "catalogue" else (),
            "settings": (),
            "usage": [usage],
        }
        return list(tables[kind])
