"""Ask an endpoint: no heavy library, errors in three lines."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from aiaas_magics import errors
from aiaas_magics.serving.limits import MOST_BYTES, MOST_ROWS
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.schema import Note
from aiaas_magics.specs.schema import joined as joined_notes


def predict(
    url: str,
    token: str,
    rows: Sequence[dict[str, JSON]],
    *,
    timeout: float = 30.0,
    proba: bool = False,
    schema: str | None = None,
    keys: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return the predictions for rows given by column name, and notes as ``warnings`` where there are any.

    With keys, ``versions`` tells which version answered each row.

    Parameters
    ----------
    url
        The endpoint's address, ``http://127.0.0.1:8080``.
    rows
        One object a row; sent in requests of what an endpoint takes at once.
    schema
        What is done with rows unlike those the model learned from; None: what the endpoint does.
    timeout
        Seconds a request may take.
    keys
        A key a row, sent as ``x-aiaas-key``: the rows of a key go together, in a request of their own.

    Raises
    ------
    DataError
        If there are no rows, or a row or a key cannot be sent.
    EndpointError
        If nothing listens, the answer is late, or the rows are refused.
    AccessDenied
        If the token is wrong.
    """
    more = {"proba": proba} | ({"schema": schema} if schema else {})
    answers: list[_Answer] = []
    for key, places in _groups(len(rows), keys):
        done = 0
        for body in _bodies([rows[i] for i in places], more):
            said = _ask(url, token, body, timeout, key)
            count = len(said["y_pred"])
            answers.append((places[done : done + count], said))
            done += count
    joined: dict[str, Any] = {"y_pred": _in_order(answers, "y_pred")}
    if proba and all("y_proba" in said for _, said in answers):
        joined["y_proba"] = _in_order(answers, "y_proba")
        joined["classes"] = answers[0][1]["classes"]
    if keys is not None:
        joined["versions"] = _in_order(answers, VERSIONS)
    if notes := _notes(answers):
        joined["warnings"] = notes
    return joined


_Answer = tuple[Sequence[int], dict[str, Any]]
"""Places of rows, and what was answered to them."""
VERSIONS = "versions"


def _groups(count: int, keys: Sequence[str] | None) -> list[tuple[str | None, Sequence[int]]]:
    """Return each key with the places of its rows, in the order of their first rows."""
    if keys is None or not count:
        return [(None, range(count))]
    found: dict[str | None, list[int]] = {}
    for place, key in enumerate(keys):
        _check_key(key, place)
        found.setdefault(key, []).append(place)
    return list(found.items())


def _check_key(key: str, place: int) -> None:
    """Refuse what a header cannot bear unchanged. Raises `DataError`."""
    if not key or key != key.strip() or not key.isprintable() or len(key.encode()) > MOST_KEY:
        raise errors.DataError(
            f"row {place}: {key[:40]!r} cannot be a key",
            f"1 to {MOST_KEY} bytes without line breaks, and no blanks around",
            "--key with another column",
        )


MOST_KEY = 1024
"""Bytes of a key."""


def _in_order(answers: Sequence[_Answer], field: str) -> list[Any]:
    """Return a field of all answers, a value a row, in the order of the rows."""
    found = [None] * sum(len(places) for places, _ in answers)
    for places, said in answers:
        for place, value in zip(places, said[field], strict=True):
            found[place] = value
    return found


def _notes(answers: Sequence[_Answer]) -> list[Note]:
    """Return what was noted in all answers, rows counted from the first of all."""
    found = [
        msgspec.structs.replace(note, first=places[note.first])
        for places, said in answers
        for note in msgspec.convert(said.get("warnings", []), list[Note])
    ]
    return joined_notes([(0, sorted(found, key=lambda note: note.first))])


def _bodies(rows: Sequence[dict[str, JSON]], more: dict[str, JSON]) -> Iterator[bytes]:
    if not rows:
        raise errors.DataError("there are no rows to predict", "the table is empty", "--rows 5")
    for start in range(0, len(rows), MOST_ROWS):
        yield from _halved(rows[start : start + MOST_ROWS], more)


def _halved(rows: Sequence[dict[str, JSON]], more: dict[str, JSON]) -> Iterator[bytes]:
    try:
        body = json.dumps({"X_test": list(rows), **more}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise errors.DataError(
            "the rows cannot be sent", str(error), "finite numbers, truth values, text and dates"
        ) from error
    if len(body) <= MOST_BYTES or len(rows) == 1:
        yield body
        return
    half = len(rows) // 2
    yield from _halved(rows[:half], more)
    yield from _halved(rows[half:], more)


def _ask(
    url: str, token: str, body: bytes, timeout: float, key: str | None = None
) -> dict[str, Any]:
    headers: dict[str, str | bytes] = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
    }
    if key is not None:
        headers["x-aiaas-key"] = key.encode()
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=timeout)
    try:
        connection.request("POST", "/predict", body, headers)
        reply = connection.getresponse()
        said = _decoded(reply.read())
    except TimeoutError as error:
        raise errors.EndpointError(
            f"{url} did not answer in {timeout:g} s", "", f"--timeout {4 * timeout:g}"
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        hint = "it was stopped, or its process is gone"
        raise errors.EndpointError(f"nothing answers at {url}", hint, "%aiaas_endpoints") from error
    finally:
        connection.close()
    wanted = "y_pred" if reply.status == 200 else "detail"
    if not isinstance(said, dict) or wanted not in said:
        hint = "what listens there is no endpoint"
        raise errors.EndpointError(f"{url} does not answer as it should", hint, "%aiaas_endpoints")
    if reply.status == 401:
        raise errors.AccessDenied(said["detail"], said.get("hint", ""))
    if reply.status != 200:
        raise _refusal(reply.status, said, key)
    answer: dict[str, Any] = said
    model = unquote(reply.headers.get("x-aiaas-model", ""))
    return answer | {VERSIONS: [model] * len(said["y_pred"])}


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # a page of some other program
        return None


def _refusal(status: int, said: dict[str, Any], key: str | None) -> errors.EndpointError:
    whose = "" if key is None else f" the rows of {key[:40]!r}"  # the row it names is one of these
    what, hint = f"the endpoint refused{whose}: {said['detail']}", said.get("hint", "")
    if status in BUSY:
        return errors.EndpointError(what, hint, "the same line again in a second")
    if status >= 500:
        return errors.EndpointError(what, hint, "%aiaas_endpoints")
    return errors.EndpointError(what, hint, "the rows must fit the model's columns: %aiaas_models")


BUSY = (429, 503)
"""Statuses of an endpoint that has too much to do, or goes."""
