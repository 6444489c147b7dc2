"""Ask an endpoint: no heavy library, errors in three lines."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

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
) -> dict[str, Any]:
    """Return the predictions for rows given by column name, and notes as ``warnings`` where there are any.

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

    Raises
    ------
    EndpointError
        If nothing listens, the answer is late, or the rows are refused.
    AccessDenied
        If the token is wrong.
    """
    more = {"proba": proba} | ({"schema": schema} if schema else {})
    answers = [_ask(url, token, body, timeout) for body in _bodies(rows, more)]
    joined: dict[str, Any] = {"y_pred": [y for answer in answers for y in answer["y_pred"]]}
    if proba and "y_proba" in answers[0]:
        joined["y_proba"] = [p for answer in answers for p in answer["y_proba"]]
        joined["classes"] = answers[0]["classes"]
    if notes := _notes(answers):
        joined["warnings"] = notes
    return joined


def _notes(answers: Sequence[dict[str, Any]]) -> list[Note]:
    """Return what was noted in all answers, rows counted from the first of all."""
    parts, start = [], 0
    for answer in answers:
        parts.append((start, msgspec.convert(answer.get("warnings", []), list[Note])))
        start += len(answer["y_pred"])
    return joined_notes(parts)


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


def _ask(url: str, token: str, body: bytes, timeout: float) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
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
        raise _refusal(reply.status, said)
    answer: dict[str, Any] = said
    return answer


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # a page of some other program
        return None


def _refusal(status: int, said: dict[str, Any]) -> errors.EndpointError:
    what, hint = f"the endpoint refused: {said['detail']}", said.get("hint", "")
    if status in BUSY:
        return errors.EndpointError(what, hint, "the same line again in a second")
    if status >= 500:
        return errors.EndpointError(what, hint, "%aiaas_endpoints")
    return errors.EndpointError(what, hint, "the rows must fit the model's columns: %aiaas_models")


BUSY = (429, 503)
"""Statuses of an endpoint that has too much to do, or goes."""
