"""How a line that asks for no job is answered: lists, single records, logs, predictions.

Adding one: a function from a session and the line's values to a handle, and a row in `ANSWERS`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from aiaas_magics import comparing, errors, frames, handles, specs
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs import algorithms
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.jobs import Event, Job, JobState
from aiaas_magics.specs.records import ModelInfo
from aiaas_magics.specs.results import DataResult
from aiaas_magics.specs.verbs import Kind

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session

Values = dict[str, Any]
LINES = 1_000
"""Of a job's events, the most that its log shows: the last."""


def _data_list(session: Session, values: Values) -> Handle:
    del values
    records: list[Any] = session.backend.query("data")
    known: dict[str, Any] = {}
    if any(record.source.startswith("catalogue:") for record in records):
        with contextlib.suppress(errors.SpecError):  # a catalogue of one's own that cannot be read
            known = {f"catalogue:{r.name}": r for r in session.backend.query("catalogue")}  # type: ignore[attr-defined]
    rows = [
        (r.ref, r.rows, len(r.columns), style.size(r.size), r.source, *_origin(known.get(r.source)))
        for r in records
    ]
    columns = ("name", "rows", "columns", "size", "from", "task", "licence")
    return handles.Listing("data", columns, rows, records, "%aiaas_data show NAME")


def _origin(entry: Any) -> tuple[str, str]:
    return ("", "") if entry is None else (entry.task, entry.licence)


def _data_catalogue(session: Session, values: Values) -> Handle:
    word = str(values.get("word", "")).casefold()
    known: list[Any] = session.backend.query("catalogue")
    columns = (
        "name",
        "task",
        "target",
        "rows",
        "columns",
        "summary",
        "licence",
        "source",
        "origin",
    )
    told = [(r, tuple(getattr(r, column) for column in columns)) for r in known]
    chosen = [(r, row) for r, row in told if word in " ".join(map(str, row)).casefold()]
    if not chosen:
        raise errors.NotFound(
            f"nothing in the catalogue is about {values['word']!r}",
            errors.did_you_mean(word, (r.name for r in known)),
            f"openml:{values['word']} of openml.org, or %aiaas_data catalogue",
        )
    records, rows = [r for r, _ in chosen], [row for _, row in chosen]
    return handles.Listing(
        "catalogue", columns, rows, records, f"%aiaas_data load {records[0].name}"
    )


def _data_show(session: Session, values: Values) -> Handle:
    word = values["data"]
    if not isinstance(word, str):
        raise errors.UsageError(
            "a variable is shown by naming it",
            "%aiaas_data show shows stored data",
            "%aiaas_data load df --as my-table",
        )
    session.settle(word)
    info = session.data(word)
    result = DataResult(
        ref=info.ref, frame=info.frame, rows=info.rows, columns=info.columns, size=info.size, source=info.source,
        base=info.base, steps=info.steps,
    )  # fmt: skip
    return handles.Data(session, result)


def _models_list(session: Session, values: Values) -> Handle:
    del values
    records: list[Any] = session.backend.query("models")
    rows = [
        (
            r.ref,
            r.algo + (" (stopped early)" if r.partial else ""),
            r.target,
            *_first_score(r),
            ", ".join(r.aliases),
        )
        for r in records
    ]
    columns = ("name", "algorithm", "predicts", "metric", "held-out score", "aliases")
    return handles.Listing("models", columns, rows, records, "%aiaas_models show NAME")


def _first_score(info: ModelInfo) -> tuple[JSON, JSON]:
    return next(((name, style.measure(value)) for name, value in info.scores.items()), ("", ""))


def _models_show(session: Session, values: Values) -> Handle:
    session.settle(str(values["model"]))
    return handles.Registered(session, session.model(str(values["model"])))


def _models_history(session: Session, values: Values) -> Handle:
    name = session.model(str(values["model"])).name
    records: list[Any] = session.backend.query("aliases", {"model": name})
    rows = [
        (f"{r.model}@{r.alias}", _version(r.from_), _version(r.to), r.who, _when(r.time))
        for r in records
    ]
    return handles.Listing(
        f"aliases of {name}", ("alias", "from", "to", "who", "when"), rows, records
    )


def _models_compare(session: Session, values: Values) -> Handle:
    return handles.ComparedModels(comparing.compare(session, values["models"]))


def _version(number: int | None) -> str:
    return "nothing" if number is None else f"@{number}"


def _when(moment: float | None) -> str:
    if moment is None or style.docs_mode():
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def _endpoints_list(session: Session, values: Values) -> Handle:
    del values
    records: list[Any] = session.backend.query("endpoints")
    rows = [
        (
            r.name,
            r.model,
            r.state.lower(),
            "" if style.docs_mode() or r.state != "READY" else r.url,
            r.workers,
        )
        for r in records
    ]
    return handles.Listing(
        "endpoints",
        ("name", "serves", "state", "address", "workers"),
        rows,
        records,
        "%aiaas_endpoints show NAME",
    )


def _endpoints_show(session: Session, values: Values) -> Handle:
    session.settle(str(values["endpoint"]))
    return handles.Endpoint(session, session.endpoint(str(values["endpoint"])))


def _endpoints_logs(session: Session, values: Values) -> Handle:
    info = session.endpoint(str(values["endpoint"]), log=True)
    return handles.Note(f"the end of the log of {info.name}", "" if style.docs_mode() else info.log)


def _jobs_list(session: Session, values: Values) -> Handle:
    records = list(session.jobs(None if values.get("all") else {"limit": 20}))
    rows = [
        (
            j.id,
            j.verb,
            j.about,
            j.state.value.lower() + (" (partial)" if j.partial else ""),
            _when(j.created),
            _took(j),
        )
        for j in records
    ]
    if style.docs_mode():
        rows = [row[1:4] for row in rows]  # type: ignore[misc]
    columns = ("id", "verb", "makes", "state", "submitted", "took")
    return handles.Listing(
        "jobs", columns[1:4] if style.docs_mode() else columns, rows, records, "%aiaas_jobs logs"
    )


def _took(job: Job) -> str:
    if job.started is None:
        return ""
    return style.duration((job.finished or time.time()) - job.started)


def _job(session: Session, values: Values) -> Job:
    wanted = values.get("job")
    found = next(session.jobs({"id": wanted} if wanted else {"limit": 1}), None)
    if found is None:
        known = errors.did_you_mean(str(wanted), [job.id for job in session.jobs({"limit": 50})])
        raise errors.NotFound(
            f"no job {wanted!r}" if wanted else "there is no job yet",
            known if wanted else "",
            "%aiaas_jobs",
        )
    return found


def _jobs_attach(session: Session, values: Values) -> Handle:
    return session.follow(_job(session, values).id)[0]


def _jobs_logs(session: Session, values: Values) -> Handle:
    job = _job(session, values)
    told = set(_LOGGED) - ({"progress"} if style.docs_mode() else set())  # as often as time allows
    events = [event for event in _events(session, job.id) if event.type in told]
    hidden = len(events) - LINES
    lines = [f"... {style.plural(hidden, 'line')} before these"] if hidden > 0 else []
    lines += [_logged(event) for event in events[-LINES:]]
    lines += [job.error["what"]] if job.error else []
    if job.state in (JobState.FAILED, JobState.LOST) and not style.docs_mode():
        (with_log,) = session.jobs({"id": job.id, "log": True})
        lines += [with_log.log.strip()] if with_log.log else []
    return handles.Note(f"log of {_named(job)} ({job.state.value.lower()})", "\n".join(lines))


def _events(session: Session, job: str) -> Iterator[Event]:
    after = 0
    while news := session.backend.events(f"job:{job}", after):
        yield from news
        after = news[-1].seq


def _named(job: Job) -> str:
    return f"{job.verb} {job.about}".strip()


_LOGGED: dict[str, Callable[[dict[str, Any]], str]] = {
    "state": lambda b: f"{b['from'] or ''} -> {b['to']}".strip(),
    "log": lambda b: str(b["text"]),
    "warning": lambda b: f"warning: {b['text']}",
    "artefact": lambda b: f"made {b['what']} {b['ref']}",
    "trial": lambda b: f"{b['params']}: {style.number(b['score'])} ± {style.number(b['std'], 2)}",
    "metric": lambda b: f"{b['name']} {b['step']}: {style.number(b['value'])}",
    "progress": lambda b: f"{b['done']:g} of {b['total']:g} {b['text']}",
}


def _logged(event: Event) -> str:
    stamp = "" if style.docs_mode() else time.strftime("%H:%M:%S ", time.localtime(event.time))
    return stamp + _LOGGED[event.type](event.body)


def _living(session: Session, values: Values) -> Job:
    """Return the job that is named, else the newest that has not ended, else the newest."""
    running = (job for job in session.jobs() if not job.state.final)
    found = None if values.get("job") else next(running, None)
    return found or _job(session, values)


def _jobs_stop(session: Session, values: Values) -> Handle:
    job = _living(session, values)
    session.backend.stop(job.id)
    if job.state.final:
        return handles.Note(f"{_named(job)} had ended already")
    return handles.Note(
        f"{_named(job)} is asked for its best so far", following="%aiaas_jobs attach"
    )


def _jobs_cancel(session: Session, values: Values) -> Handle:
    job = _living(session, values)
    session.backend.cancel(job.id)
    return handles.Note(
        f"{_named(job)} {'had ended already' if job.state.final else 'is cancelled'}"
    )


def counts(usage: Any) -> str:
    """Return what a home holds, in words."""
    words = [f"{usage.data} data", style.plural(usage.models, "model")]
    words += [style.plural(usage.endpoints, "running endpoint"), style.plural(usage.jobs, "job")]
    return ", ".join(words if style.docs_mode() else [*words, style.size(usage.bytes)])


def _overview(session: Session, values: Values) -> Handle:
    del values
    usage: Any = session.backend.query("usage")[0]
    rows = [
        (f"%aiaas_{name}" if name else "%aiaas", specs.verb(name).summary) for name in specs.VERBS
    ]
    next_ = (
        "%aiaas_data load iris"
        if not usage.data
        else "%aiaas_train DATA --target COLUMN --algo random_forest"
    )
    title = counts(usage) if style.docs_mode() else f"{counts(usage)} in {usage.home}"
    return handles.Listing(title, ("line", "what it does"), rows, [usage], next_)


def known(session: Session, kind: Kind, of: str = "") -> Handle:
    """Return the list behind ``--algo ?``, ``--metric ?`` and, of one algorithm, ``--algo ridge ?``."""
    if of:
        return _parameters(algorithms.find(of))
    records: list[Any] = session.backend.query("metrics" if kind is Kind.METRIC else "algorithms")
    if kind is Kind.METRIC:
        rows = [(r.name, r.task, r.summary) for r in records]
        return handles.Listing("metrics", ("name", "task", "what it says"), rows, records)
    found = [
        (r.name, " and ".join(r.tasks), r.summary, ", ".join(r.tried) or NOTHING) for r in records
    ]
    columns = ("name", "for", "what it is", "tune first")
    following = "%aiaas_train --algo random_forest ?"
    return handles.Listing("algorithms", columns, found, records, following)


NOTHING = "–"


def _parameters(algorithm: algorithms.Algorithm) -> Handle:
    """Return the parameters of an algorithm: what they mean, take, are, and which values are worth trying."""
    rows = [
        (
            p.name,
            p.help,
            p.allowed(),
            repr(p.default),
            p.search.shown() if p.search is not None else NOTHING,
        )
        for p in algorithm.parameters
    ]
    columns = ("parameter", "meaning", "values", "default", "worth trying")
    title = f"{algorithm.name}: {algorithm.summary}"
    return handles.Listing(title, columns, list(dict.fromkeys(rows)), [algorithm])


def _predict(session: Session, values: Values) -> Handle:
    from aiaas_magics.serving import client

    session.settle(str(values["endpoint"]))
    info = session.endpoint(str(values["endpoint"]))
    if info.state != "READY":
        hint = {
            "STOPPED": "it was stopped",
            "LOST": "its process is gone",
            "FAILED": "it did not start",
        }
        raise errors.EndpointError(
            f"{info.name} does not run",
            hint.get(info.state, "it is starting"),
            f"%aiaas_deploy {info.model} --as {info.name}",
        )
    model = session.model(info.model)
    schema = values.get("schema")
    frame = _rows(session, values["data"], values.get("rows"), model, schema)
    said = client.predict(
        info.url,
        info.token or "",
        frames.records(frame),
        timeout=float(values.get("timeout", 30.0)),
        proba=True,
        schema=schema,
    )
    answer = frame.reset_index(drop=True)
    made = {"prediction": said["y_pred"]}
    if "y_proba" in said:
        made["probability"] = [max(row) for row in said["y_proba"]]
    taken = [name for name in made if name in answer.columns]
    answer = answer.rename(columns={name: f"{name} (input)" for name in taken}).assign(**made)
    return handles.Prediction(info.name, info.target, answer, said.get("warnings", ()))


def _rows(
    session: Session, word: object, rows: int | None, model: ModelInfo, schema: str | None
) -> pd.DataFrame:
    """Return the raw rows a model is asked about: of prepared data those it was prepared from.

    Where what is sure is to be fixed, a column that may have gaps can be absent.
    """
    from aiaas_magics.engines import recipe

    if rows is not None and rows < 1:
        raise errors.UsageError(f"--rows {rows} is no number of rows", "at least one", "--rows 5")
    if isinstance(word, str):
        session.settle(word)
        info = session.data(word)
        frame = recipe.rows(session.read(info.base or info.frame), recipe.steps_of(info.steps))
    else:
        frame = frames.as_table(word)
        _check_raw(session, frame)
        frame = frame.set_axis(frames.column_names(frame), axis=1)
    needed = model.signature.required if schema == "fix" else ()
    names = [
        n
        for n, _ in model.signature.inputs
        if not (schema == "fix" and n not in needed and n not in frame)
    ]
    for name in names:
        if name not in frame.columns:
            raise errors.DataError(
                f"no column {name!r}",
                errors.did_you_mean(name, frame.columns),
                f"%aiaas_models show {model.ref}",
            )
    chosen: pd.DataFrame = frame[names].head(rows) if rows is not None else frame[names]
    return chosen


def _check_raw(session: Session, frame: pd.DataFrame) -> None:
    ref = frame.attrs.get(frames.ATTR)
    try:
        prepared = ref is not None and bool(session.data(ref).steps)
    except errors.NotFound:  # forgotten, or of another home
        prepared = False
    if prepared:
        raise errors.DataError(
            f"this table is {ref}, which is prepared already",
            "the model prepares its rows by itself: give it raw ones",
            f"ref:{str(ref).partition('@')[0]}",
        )


ANSWERS: dict[tuple[str, str], Callable[[Session, Values], Handle]] = {
    ("", ""): _overview,
    ("data", "list"): _data_list,
    ("data", "catalogue"): _data_catalogue,
    ("data", "show"): _data_show,
    ("models", "list"): _models_list,
    ("models", "show"): _models_show,
    ("models", "history"): _models_history,
    ("models", "compare"): _models_compare,
    ("endpoints", "list"): _endpoints_list,
    ("endpoints", "show"): _endpoints_show,
    ("endpoints", "logs"): _endpoints_logs,
    ("jobs", "list"): _jobs_list,
    ("jobs", "attach"): _jobs_attach,
    ("jobs", "logs"): _jobs_logs,
    ("jobs", "stop"): _jobs_stop,
    ("jobs", "cancel"): _jobs_cancel,
    ("predict", ""): _predict,
}
