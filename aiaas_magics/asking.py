"""What a line asks: its words become a spec or a command, and what they name is sent along.

Adding a kind of word that is more than its value: a function in `WORDS`.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors, frames, saving, searches, specs
from aiaas_magics.cards import style
from aiaas_magics.sending import Sending
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON, Command, Spec
from aiaas_magics.specs.catalogue import CatalogueInfo, check_openml, is_openml
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.estimators import Estimator
from aiaas_magics.specs.models import check_trust
from aiaas_magics.specs.verbs import Action, Kind, Option

if TYPE_CHECKING:
    from aiaas_magics.session import Session

Values = dict[str, Any]
Made = type[Spec] | type[Command]


def ask(
    session: Session,
    verb: str,
    table: Action,
    values: Values,
    parameters: Mapping[str, JSON] | None,
) -> Spec | Command:
    """Return the spec or command a line stands for; tables and files it names are sent first.

    Raises
    ------
    AiaasError
        If a word names nothing, or the spec refuses a value.
    """
    known: dict[str, type[Spec | Command]] = {**specs.spec_types(), **specs.command_types()}
    makes = next((o.makes for o in table.options if o.makes and o.python in values), table.makes)
    cls = next(each for each in known.values() if each.__name__ == makes)
    for option in table.options:
        if option.alone and option.python in values:
            return searches.begun(session, verb, str(values[option.python]))
    fields: Values = {}
    for option in (*table.arguments, *table.options):
        if option.python in values:
            word = WORDS.get(option.kind, _as_it_is)
            fields |= word(session, option, values[option.python], cls, values)
    if "as_" in cls.__struct_fields__ and "as_" not in fields:
        fields["as_"] = _DEFAULT_NAMES[verb](values)
    if "shown" in cls.__struct_fields__:
        fields["shown"] = str(values.get("data word", ""))
    if table.parameters:
        fields["params"] = dict(parameters or {})
        _check_target(session, str(values["target"]), values["data"])
    made = cls(**{name: value for name, value in fields.items() if name in cls.__struct_fields__})
    if isinstance(made, DeploySpec):
        _check_deployed(session, made)
    if style.docs_mode() and isinstance(made, Spec):
        made.check_reproducible()
    return made


def _as_it_is(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    del session, cls, values
    return {option.python: word}


def _data(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    del values
    if option.stored and not isinstance(word, str):
        raise errors.UsageError(
            "a variable is no stored data", "stored data goes by its name", "%aiaas_data list"
        )
    if issubclass(cls, Command):
        return {option.python: word}
    if not isinstance(word, str):
        return {option.python: send_table(session, word)}
    if session.making(word.partition("@")[0]):
        return {option.python: word}  # the job waits for it
    return {option.python: session.data(word).ref}


def _source(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    del option, cls, values
    if not isinstance(word, str):
        return {"frame": send_table(session, word)}
    if WEB.match(word):
        raise errors.DataError(
            f"{word} is an address on the web",
            "files are read from here",
            f"df = pd.read_csv({word!r})",
        )
    if is_openml(word):
        check_openml(word)
        return {"catalogue": word}
    path = saving.path_of(word)
    if path.is_file():
        return {"file": send_file(session, path, word), "filename": path.name}
    known: list[Any] = session.backend.query("catalogue")
    entry = next((each for each in known if each.name == word), None)
    if entry is not None:
        return _entry(session, entry)
    _check_file(path, word)
    hint = errors.did_you_mean(word, (each.name for each in known))
    raise errors.NotFound(f"no table {word!r} in the catalogue", hint, "%aiaas_data catalogue")


def _entry(session: Session, entry: CatalogueInfo) -> Values:
    """Return the fields of a table of the catalogue; a file of an organisation's own is sent."""
    if entry.openml is not None:
        return {"catalogue": f"openml:{entry.openml}", "entry": entry.name}
    if entry.path is None:
        return {"catalogue": entry.name}
    path = saving.path_of(entry.path)
    shown = path.name if style.docs_mode() else str(path)
    if not path.is_file():
        raise errors.DataError(
            f"there is no file {shown}",
            f"{entry.origin} says that {entry.name} lies there",
            f"path = ... in {entry.origin}",
        )
    sent = send_file(session, path, shown)
    return {"file": sent, "filename": path.name, "entry": entry.name, **entry.reading}


WEB = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")


def _check_file(path: Path, word: str) -> None:
    """Refuse a word that means something in the file system, or looks like it, and is no file."""
    found = next((name for knows, name in _NO_FILES if knows(path)), None)
    if found == "folder":
        raise errors.DataError(f"{word} is a folder", "a table is one file", f"{word}/table.csv")
    if found is not None:
        raise errors.DataError(
            f"{word} is {found}", "a table is one file", f"!ls -l {shlex.quote(word)}"
        )
    if path.suffix or "/" in word:
        where = "this folder" if style.docs_mode() else str(Path.cwd())
        raise errors.DataError(f"there is no file {word}", f"looked in {where}", "%ls")


_NO_FILES: tuple[tuple[Callable[[Path], bool], str], ...] = (
    (Path.is_dir, "folder"),
    (Path.is_fifo, "a named pipe"),
    (Path.is_socket, "a socket"),
    (lambda path: path.is_char_device() or path.is_block_device(), "a device"),
    (Path.is_symlink, "a link that leads nowhere"),
)


def _model(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    """Look for a model before a job begins; one in the making is waited for by the job, and an endpoint knows its own."""
    own = issubclass(cls, Command) or "endpoint" in values
    if not own and not session.making(str(word).partition("@")[0]):
        session.model(str(word))
    return {option.python: word}


def _check_deployed(session: Session, spec: DeploySpec) -> None:
    """Refuse before a job begins what an endpoint that runs does not allow: another model under its name, or no such endpoint."""
    if session.making(spec.as_) or session.making(spec.model.partition("@")[0]):
        return
    if spec.to is not None:
        session.endpoint(spec.to)
        return
    known: list[Any] = session.backend.query("endpoints")
    for info in known:
        if info.name == spec.as_ and info.state == "READY":
            rollout.check_replaced(info, session.model(spec.model).ref, replace=spec.replace)


def _path(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    del session
    path, replace = saving.path_of(word), bool(values.get("replace"))
    if values.get("detach"):
        raise errors.UsageError(
            f"--{option.name} and --detach do not go together",
            "a job that goes on by itself writes no file of yours",
            f"leave out --{option.name}",
        )
    endings: dict[str, str] = getattr(cls, "ENDINGS", {})
    found = values.get("format") or saving.format_of(path, endings)
    saving.check_free(path, replace=replace)
    if not path.parent.is_dir():
        parent = str(path.parent)
        raise errors.DataError(
            f"there is no folder {parent if not style.docs_mode() else path.parent.name}",
            "a file is written into a folder that is there",
            f"!mkdir -p {shlex.quote(parent)}",
        )
    return {option.python: word, "format": found}


def _folder(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    del session, cls
    saving.check_free(saving.path_of(word), replace=bool(values.get("replace")))
    return {option.python: word}


def _file(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    del cls
    path = saving.path_of(word)
    if path.is_dir():
        raise errors.DataError(f"{word} is a folder", "a model is one file", f"{word}/model.skops")
    if not path.is_file():
        where = "this folder" if style.docs_mode() else str(Path.cwd())
        raise errors.DataError(f"there is no file {word}", f"looked in {where}", "%ls")
    check_trust(path.name, trust_pickle=bool(values.get("trust_pickle")))  # before a byte is sent
    return {option.python: send_file(session, path, word), "filename": path.name}


def _code(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    from aiaas_magics.capturing import cells

    del session, cls, values
    return {option.python: cells.code_of(word)}


def _endpoint(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    """Look for an endpoint before a job begins; one in the making is waited for."""
    del values
    if not issubclass(cls, Command):
        session.settle(str(word))
        session.endpoint(str(word))
    return {option.python: word}


def _estimator(session: Session, option: Option, word: Any, cls: Made, values: Values) -> Values:
    from aiaas_magics.capturing import estimators

    del cls, values
    found = estimators.capture(word)
    sent = Estimator(**(found._asdict() | {"body": session.backend.put([found.body])}))
    return {option.python: sent, "algo": found.name, "task": found.task}


def _default_estimator(values: Mapping[str, Any]) -> str:
    from aiaas_magics.capturing import estimators

    return str(values["algo"]) if "algo" in values else estimators.default_name(values["estimator"])


WORDS: dict[Kind, Callable[[Session, Option, Any, Made, Values], Values]] = {
    Kind.DATA: _data,
    Kind.SOURCE: _source,
    Kind.PATH: _path,
    Kind.FOLDER: _folder,
    Kind.MODEL: _model,
    Kind.ENDPOINT: _endpoint,
    Kind.CODE: _code,
    Kind.ESTIMATOR: _estimator,
    Kind.FILE: _file,
}
"""Kind of a word -> the fields of the spec it becomes."""


def send_table(session: Session, word: object) -> str:
    """Send a table of the notebook's and return its address."""
    table = frames.as_table(word)
    if not all(table.shape):
        missing = "columns" if table.shape[0] else "rows"
        raise errors.DataError(
            f"the table has no {missing}", "a table has at least one row and one column", "df.shape"
        )
    with _sending(session, int(table.memory_usage(index=False).sum())) as put:
        return frames.write(table, put)


def send_file(session: Session, path: Path, shown: str) -> str:
    """Send a file's bytes and return their address.

    Raises
    ------
    DataError
        If it cannot be read; it is called `shown`.
    """
    try:
        with _sending(session, path.stat().st_size) as put:
            return put(path)
    except OSError as error:
        raise errors.DataError(
            f"{shown} cannot be read", error.strerror or "", f"!ls -l {shlex.quote(shown)}"
        ) from error


@contextlib.contextmanager
def _sending(session: Session, total: int) -> Iterator[frames.Put]:
    """Give a `Backend.put` that tells how far it is."""
    watcher = session.watch() if session.watch is not None else None
    if watcher is None:
        yield session.backend.put
        return
    try:
        yield Sending(session.backend, total, watcher)
    finally:
        watcher.close()


def _check_target(session: Session, target: str, word: object) -> None:
    """Refuse a target that is not there before a job is asked; what is in the making may have it."""
    if not isinstance(word, str):
        columns, where = [str(name) for name in frames.as_table(word).columns], "the table"
    elif session.making(word.partition("@")[0]) or session.data(word).base is not None:
        return  # of prepared data the raw columns count
    else:
        columns, where = session.columns(word), session.data(word).ref
    if target not in columns:
        near = errors.nearest(target, columns)
        raise errors.DataError(
            f"no column {target!r} in {where}",
            errors.did_you_mean(target, columns),
            f"--target {near}" if near else f"%aiaas_data show {word}",
        )


def _stem(values: Mapping[str, Any]) -> str:
    source = values.get("source", values.get("file"))
    if not isinstance(source, str):
        raise errors.UsageError(
            "a DataFrame needs a name to be stored under", "--as names it", "--as my-table"
        )
    stem = "".join(
        c if (c.isalnum() and c.isascii()) or c in "-_" else "_" for c in Path(source).stem
    )
    kind = "model" if "file" in values else "data"
    return (stem if stem[:1].isalpha() else f"{kind}_{stem}")[:63]


_DEFAULT_NAMES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "data": _stem,
    "prepare": lambda _: "",  # of a preview; what is to be stored must be named
    "models": _stem,
    "train": _default_estimator,
    "tune": _default_estimator,
    "deploy": lambda values: values.get("to") or str(values["model"]).partition("@")[0] + "-api",
}
