"""What a magic does: words to a call, names to variables, the call to the session."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from aiaas_magics import errors, session, specs
from aiaas_magics.backends.base import Nearby
from aiaas_magics.handles import Note
from aiaas_magics.magics import grammar, manual, names
from aiaas_magics.specs import calls
from aiaas_magics.specs.verbs import Kind

LOG = logging.getLogger("aiaas.magics")


def run(
    shell: Any, name: str, line: str, body: str | None, local: Mapping[str, Any] | None
) -> object:
    """Carry out one magic and return its handle.

    Raises
    ------
    AiaasError
        Three lines; whatever else goes wrong is an `InternalError` that says where it is written.
    """
    try:
        return _run(shell, name, line, body, local)
    except errors.AiaasError:
        raise
    except Exception as error:
        if os.environ.get("AIAAS_TRACEBACK"):
            raise
        raise _internal(error) from error


def _run(
    shell: Any, name: str, line: str, body: str | None, local: Mapping[str, Any] | None
) -> object:
    if not name and line.strip():
        return _dispatch(shell, line, body, local)
    verb = specs.verb(name)
    variables = {**shell.user_ns, **(local or {})}
    try:
        call = grammar.parse(verb, line, body, shell.ev)
    except grammar.Asked as asked:
        if asked.option is None:
            return Note(calls.magic(verb), manual.help_text(verb))
        if asked.option.kind not in (Kind.ALGORITHM, Kind.ALGORITHMS, Kind.METRIC):
            return Note(
                f"{calls.magic(verb)} --{asked.option.name}", manual.option_text(asked.option)
            )
        from aiaas_magics import answers

        return answers.known(session.current(), asked.option.kind, asked.of)
    now = session.current
    call = names.resolve(
        call,
        variables,
        known=lambda kind: now().names(kind),
        same=lambda word, table: now().holds(word, table),
    )
    return now().run(call.verb, call.action, call.values, call.parameters)


def _dispatch(shell: Any, line: str, body: str | None, local: Mapping[str, Any] | None) -> object:
    """Carry out ``%aiaas train ...`` as ``%aiaas_train ...``."""
    word, _, rest = line.strip().partition(" ")
    if word == "--manual":
        return Note("the manual", manual.page())
    if word in ("--help", "?"):
        return Note("the magics", manual.help_text(specs.verb("")))
    if word in specs.VERBS:
        return run(shell, word, rest, body, local)
    hint = errors.did_you_mean(word, [verb for verb in specs.VERBS if verb])
    if "mean" in hint:
        hint = hint.replace("'", "%aiaas_", 1).replace("'", "", 1)
    raise errors.UsageError(f"there is no magic %aiaas_{word}", hint, "%aiaas lists them")


def _internal(error: Exception) -> errors.InternalError:
    import traceback

    from aiaas_magics.cards import style

    where = "the log"
    try:
        from aiaas_magics.session import current

        backend = current().backend
        if isinstance(backend, Nearby):
            path = backend.folder / "magics.log"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a") as file:
                traceback.print_exception(error, file=file)
            where = "magics.log in the home" if style.docs_mode() else str(path)
    except (errors.AiaasError, OSError):
        LOG.exception("the home cannot be written")
    return errors.InternalError(
        f"{type(error).__name__}: {error}",
        f"a bug of aiaas_magics; {where} has the traceback",
        "AIAAS_TRACEBACK=1 shows it here",
    )
