"""Which backend this notebook uses, and how a line becomes what a user holds in hand.

`Session.run` is generic over the tables of the grammar: words become a spec or a command, it is submitted
or applied, and its result is wrapped. What differs from verb to verb stands in three small tables at the end:
how a result is wrapped, how a query is answered, what a name defaults to.
"""

from __future__ import annotations

import contextlib
import functools
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aiaas_magics import answers, errors, frames, handles, saving, searches, specs
from aiaas_magics.asking import ask
from aiaas_magics.backends.base import Backend, Nearby
from aiaas_magics.backends.following import follow
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle, JobHandle
from aiaas_magics.specs.base import JSON, Command, Spec
from aiaas_magics.specs.jobs import Event, Job, Limits
from aiaas_magics.specs.manage import DropVersion, Promote, Rollback, Scale
from aiaas_magics.specs.monitor import MonitorResult
from aiaas_magics.specs.quality import QualityResult
from aiaas_magics.specs.records import Applied, DataInfo, EndpointInfo, ModelInfo
from aiaas_magics.specs.results import (
    ComparisonResult,
    DataResult,
    EndpointResult,
    EvaluationResult,
    ExportResult,
    ImportResult,
    ModelExportResult,
    ModelResult,
    ServerExportResult,
)
from aiaas_magics.specs.verbs import Kind

if TYPE_CHECKING:
    import pandas as pd

Values = dict[str, Any]
BETWEEN = 1.0
"""Seconds between the interrupt that stops a job and the one that cancels it: two at once are one."""


class Watcher(Protocol):
    """Somebody who shows a job's events as they come."""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        ...

    def close(self) -> None:
        """Take the display away: the job has ended."""
        ...


class Session:
    """A notebook's connection to a backend."""

    stops = True
    """An interrupt stops the job that is followed; otherwise it goes up, to who can end more."""

    def __init__(self, backend: Backend, *, watch: Callable[[], Watcher] | None = None) -> None:
        self.backend, self.watch = backend, watch
        self.submitted: list[str] = []

    def run(
        self,
        verb: str,
        action: str,
        values: Mapping[str, object],
        parameters: Mapping[str, JSON] | None = None,
    ) -> Handle:
        """Carry out one line and return its handle.

        Parameters
        ----------
        values
            Python names of arguments and options -> values of their kind; data is a DataFrame or text.
        parameters
            The algorithm's parameters, where the verb takes any.
        """
        self.warm()
        table = specs.verb(verb).action(action)
        if table is None:
            raise errors.UsageError(f"%aiaas_{verb} has no action {action!r}")
        given = {name: value for name, value in values.items() if value is not None}
        if isinstance(given.get("endpoint"), tuple):
            return self._each(verb, action, given)
        if not table.makes:
            return (
                _connect(given) if verb == "connect" else answers.ANSWERS[verb, action](self, given)
            )
        made = ask(self, verb, table, given, parameters)
        if isinstance(made, Command):
            for name in ("model", "endpoint"):
                self.settle(str(getattr(made, name, "")))
            done = self.backend.apply(made)
            return _CHANGED.get(type(made), _applied)(self, made, done)
        return self._submit(made, given)

    def _each(self, verb: str, action: str, given: Values) -> Handle:
        """Carry out a line for each of several endpoints, if all are there; what was done is told together."""
        names = list(dict.fromkeys(map(str, given["endpoint"])))
        for name in names:
            self.endpoint(name)
        done = [self.run(verb, action, {**given, "endpoint": name}) for name in names]
        return done[0] if len(done) == 1 else handles.Note("; ".join(map(repr, done)))

    def warm(self) -> None:
        """Let a backend that can have a process ready for the next job."""
        if isinstance(self.backend, Nearby):
            self.backend.warm()

    @property
    def home_words(self) -> str:
        """What a line in a terminal needs to find this home: nothing where it is the usual one."""
        from aiaas_magics.store.home import usual_home

        if not isinstance(self.backend, Nearby) or self.backend.folder == usual_home().absolute():
            return ""
        return f" --home {shlex.quote(str(self.backend.folder))}"

    def names(self, kind: Kind) -> list[str]:
        """Return the stored names a word of that kind can mean."""
        if kind is Kind.SEARCH:
            return searches.names(self)
        return list(
            dict.fromkeys(
                str(getattr(r, "name", ""))
                for each in _NAMED.get(kind, ())
                for r in self.backend.query(each)
            )
        )

    def columns(self, data: str) -> list[str]:
        """Return the column names of stored data."""
        info: Any = self.backend.query("data", {"ref": data})[0]
        return [column.name for column in info.columns]

    def jobs(self, where: Mapping[str, JSON] | None = None) -> Iterator[Job]:
        """Yield jobs, newest first."""
        for record in self.backend.query("jobs", where):
            if isinstance(record, Job):
                yield record

    def frame(self, ref: str, rows: int | None = None) -> pd.DataFrame:
        """Return stored data as a DataFrame of the user's own; it remembers where it came from."""
        info = self.data(ref)
        frame = self.read(info.frame, rows).copy()
        frame.attrs[frames.ATTR] = info.ref
        return frame

    def follow(self, job: str) -> tuple[Handle, list[str]]:
        """Follow a job to its end; the first interrupt stops it, a second one cancels it."""
        watcher = self.watch() if self.watch is not None else None
        warnings: list[str] = []
        after, interrupted = 0, 0.0
        try:
            while True:
                try:
                    for event in follow(self.backend, job, after):
                        after = event.seq
                        _note(event, warnings)
                        if watcher is not None:
                            watcher(event)
                    break
                except KeyboardInterrupt:
                    if not self.stops:
                        raise
                    with contextlib.suppress(KeyboardInterrupt):  # one more while this is obeyed
                        interrupted = self._interrupt(job, interrupted)
        finally:
            if watcher is not None:
                watcher.close()
        return _wrap(self, self.backend.result(job), warnings), warnings

    def _interrupt(self, job: str, before: float) -> float:
        now = time.monotonic()
        if not before:
            self.backend.stop(job)
            return now
        if now - before >= BETWEEN:
            self.backend.cancel(job)
        return before

    def run_spec(self, spec: Spec) -> Handle:
        """Carry out what no line of a notebook asks for by itself."""
        return self._submit(spec, {})

    def _submit(self, spec: Spec, values: Values) -> Handle:
        words = {name: values.get(name) for name in ("memory", "timeout")}
        own = spec.__struct_fields__  # of an endpoint, say, whose limits are not the job's
        limits = Limits(
            memory=None if "memory" in own else words["memory"],
            seconds=None if "timeout" in own else words["timeout"],
        )
        job = searches.submit(self, spec, limits)
        self.submitted.append(job)
        if values.get("detach"):
            return JobHandle(self, next(self.jobs({"id": job})), endless=spec.endless)
        try:
            handle, _ = self.follow(job)
        finally:
            self.warm()  # for the next line; while the job ran it would have taken its cores
        if isinstance(handle, handles.Monitoring) and "report" in values:
            body = handle.page().encode()
            path, replace = saving.path_of(values["report"]), bool(values.get("replace"))
            saving.save(lambda: [body], path, replace=replace)
        return _save(self, handle, values) if "path" in values else handle

    def holds(self, ref: str, table: object) -> bool:
        """Tell whether stored data consists of the very values of a table."""
        return frames.address(frames.as_table(table)) == self.data(ref).frame

    def settle(self, name: str) -> None:
        """Wait for what is still in the making under a name, as a job that names it would."""
        bare = name.partition("@")[0]
        for job in self.making(bare) if bare else ():
            self.follow(job)

    def making(self, name: str) -> list[str]:
        """Return the jobs that have not ended and are about a name."""
        return [job.id for job in self.jobs({"about": name}) if not job.state.final]

    def data(self, ref: str) -> DataInfo:
        """Return stored data. Raises `NotFound`."""
        found: Any = self.backend.query("data", {"ref": ref})[0]
        return found  # type: ignore[no-any-return]

    def model(self, ref: str) -> ModelInfo:
        """Return a registered model. Raises `NotFound`."""
        found: Any = self.backend.query("models", {"ref": ref})[0]
        return found  # type: ignore[no-any-return]

    def endpoint(self, name: str, **more: JSON) -> EndpointInfo:
        """Return an endpoint; its log with `log`, by `lines` and `errors` alone. Raises `NotFound`."""
        found: Any = self.backend.query("endpoints", {"name": name, **more})[0]
        return found  # type: ignore[no-any-return]

    def read(self, address: str, rows: int | None = None) -> pd.DataFrame:
        """Return the table at an address, or its first rows."""
        return frames.read(address, locator(self.backend), rows=rows)


def locator(backend: Backend) -> Callable[[str], Path]:
    """Return a function from addresses to files; bytes of another machine are fetched to a temporary one.

    Fetched files go with the function; tables mapped from them stay.
    """
    import shutil
    import tempfile
    import weakref

    if isinstance(backend, Nearby):
        return backend.locate

    folder = Path(tempfile.mkdtemp(prefix="aiaas-"))

    def fetch(ref: str) -> Path:
        path = folder / ref.replace(":", "-")
        if not path.exists():
            with path.open("wb") as file:
                file.writelines(backend.fetch(ref))
        return path

    weakref.finalize(fetch, shutil.rmtree, folder, ignore_errors=True)
    return fetch


_current: list[Session] = []


def current() -> Session:
    """Return this process's session; the usual home is opened at first use."""
    return _current[0] if _current else connect()


def connect(home: str | None = None) -> Session:
    """Open a home and make it this process's; the one before is closed, its jobs go on."""
    import atexit

    from aiaas_magics.backends.local import LocalBackend

    opened = Session(
        LocalBackend(Path(home) if home else None), watch=_watch[0] if _watch else None
    )
    close()
    _current.append(opened)
    atexit.register(opened.backend.close)
    return opened


def close() -> None:
    """Close this process's session, if one is open."""
    while _current:
        _current.pop().backend.close()


_watch: list[Callable[[], Watcher]] = []


def watch_with(factory: Callable[[], Watcher] | None) -> None:
    """Let a door show the progress of jobs; None shows none."""
    _watch[:] = [factory] if factory is not None else []
    for session in _current:
        session.watch = factory


def _note(event: Event, warnings: list[str]) -> None:
    if event.type == "warning":
        hint = f": {event.body['try']}" if event.body.get("try") else ""
        text = f"{event.body['text']}{hint}"
        warnings += [text] if text not in warnings else []


# What differs from verb to verb -----------------------------------------------------------------

_NAMED: dict[Kind, tuple[str, ...]] = {
    Kind.DATA: ("data",),
    Kind.SOURCE: ("catalogue",),
    Kind.MODEL: ("models",),
    Kind.MODELS: ("models",),
    Kind.ENDPOINT: ("endpoints",),
    Kind.STORED: ("data", "models", "endpoints"),
}


def _wrap(session: Session, result: object, warnings: list[str]) -> Handle:
    if isinstance(result, EndpointResult):
        found = session.endpoint(result.name)
        return handles.Endpoint(session, found, warnings, added=result.added, kept=result.kept)
    wrapper: Any = _HANDLES.get(type(result))
    if wrapper is None:
        return handles.Note(f"done: {type(result).__name__}", answer=result)
    wrapped: Handle = wrapper(session, result, warnings)
    return wrapped


def _export(session: Session, result: Any, warnings: list[str]) -> Handle:
    del session, warnings
    return handles.Note(style.plural(result.rows, "row"), answer=result)


_HANDLES: dict[type, Callable[..., Handle]] = {
    DataResult: handles.Data,
    ModelResult: handles.Model,
    EvaluationResult: handles.Evaluation,
    ComparisonResult: handles.Comparison,
    QualityResult: handles.Quality,
    MonitorResult: handles.Monitoring,
    ExportResult: _export,
    ImportResult: handles.Imported,
    ModelExportResult: handles.ModelFile,
    ServerExportResult: handles.ServerFolder,
}


def _applied(session: Session, command: Any, done: Applied) -> Handle:
    del session, command
    return handles.applied(done)


def _endpoint(session: Session, command: Any, done: Applied) -> Handle:
    return handles.Endpoint(session, session.endpoint(command.endpoint), done=done.text)


_CHANGED: dict[type[Command], Callable[[Session, Any, Applied], Handle]] = dict.fromkeys(
    (Promote, Rollback, DropVersion, Scale), _endpoint
)
"""How what a command changed is wrapped; others say what they did."""


def _save(session: Session, handle: Handle, values: Values) -> Handle:
    result: Any = getattr(handle, "answer", None)
    path = saving.path_of(values["path"])
    fetch = functools.partial(session.backend.fetch, result.file)
    replace = bool(values.get("replace"))
    if result.format in saving.FOLDERS and path.suffix.lower() != ".zip":
        saving.save_folder(fetch, path, replace=replace, kind=result.format)
    else:
        saving.save(fetch, path, replace=replace)
    if isinstance(handle, handles.ModelFile | handles.ServerFolder):
        return handle.at(str(values["path"]))
    return handles.exported(result, str(values["data"]), str(values["path"]))


def _connect(values: Values) -> Handle:
    opened = connect(values.get("home"))
    opened.warm()
    usage: Any = opened.backend.query("usage")[0]
    where = "the home" if style.docs_mode() else f"home {usage.home}"
    return handles.Note(f"{where}: {answers.counts(usage)}", following="%aiaas")
