"""Ask an endpoint: standard library only, errors in three lines."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from aiaas_magics import errors
from aiaas_magics.serving.limits import MOST_BYTES, MOST_ROWS
from aiaas_magics.specs.base import JSON


def predict(
    url: str,
    token: str,
    rows: Sequence[dict[str, JSON]],
    *,
    timeout: float = 30.0,
    proba: bool = False,
) -> dict[str, list[JSON]]:
    """Return the predictions for rows given by column name.

    Parameters
    ----------
    url
        The endpoint's address, ``http://127.0.0.1:8080``.
    rows
        One object a row; sent in requests of what an endpoint takes at once.
    timeout
        Seconds a request may take.

    Raises
    ------
    EndpointError
        If nothing listens, the answer is late, or the rows are refused.
    AccessDenied
        If the token is wrong.
    """
    answers = [_ask(url, token, body, timeout) for body in _bodies(rows, proba)]
    joined: dict[str, list[JSON]] = {"y_pred": [y for answer in answers for y in answer["y_pred"]]}
    if proba and "y_proba" in answers[0]:
        joined["y_proba"] = [p for answer in answers for p in answer["y_proba"]]
        joined["classes"] = answers[0]["classes"]
    return joined


def _bodies(rows: Sequence[dict[str, JSON]], proba: bool) -> Iterator[bytes]:  # noqa: FBT001 - private
    if not rows:
        raise errors.DataError("there are no rows to predict", "the table is empty", "--rows 5")
    for start in range(0, len(rows), MOST_ROWS):
        yield from _halved(rows[start : start + MOST_ROWS], proba)


def _halved(rows: Sequence[dict[str, JSON]], proba: bool) -> Iterator[bytes]:  # noqa: FBT001 - private
    try:
        body = json.dumps({"X_test": list(rows), "proba": proba}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise errors.DataError(
            "the rows cannot be sent", str(error), "finite numbers, truth values, text and dates"
        ) from error
    if len(body) <= MOST_BYTES or len(rows) == 1:
        yield body
        return
    half = len(rows) // 2
    yield from _halved(rows[:half], proba)
    yield from _halved(rows[half:], proba)


def _ask(url: str, token: str, body: bytes, timeout: float) -> dict[str, list[JSON]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=timeout)
    try:
        connection.request("POST", "/predict", body, headers)
        reply = connection.getresponse()
        said = json.loads(reply.read())
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
        raise errors.EndpointError(
            f"the endpoint refused: {said['detail']}",
            said.get("hint", ""),
            "the rows must fit the model's columns: %aiaas_models",
        )
    answer: dict[str, list[JSON]] = said
    return answer
