"""Ask an endpoint: standard library only, errors in three lines."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON

BATCH = 10_000
"""Rows in a request: what an endpoint takes at most."""


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
        One object a row; sent in requests of at most 10,000.
    timeout
        Seconds a request may take.

    Raises
    ------
    EndpointError
        If nothing listens, the answer is late, or the rows are refused.
    AccessDenied
        If the token is wrong.
    """
    answers = [_ask(url, token, batch, timeout, proba) for batch in _batches(rows)]
    joined: dict[str, list[JSON]] = {"y_pred": [y for answer in answers for y in answer["y_pred"]]}
    if proba and "y_proba" in answers[0]:
        joined["y_proba"] = [p for answer in answers for p in answer["y_proba"]]
        joined["classes"] = answers[0]["classes"]
    return joined


def _batches(rows: Sequence[dict[str, JSON]]) -> Iterator[Sequence[dict[str, JSON]]]:
    if not rows:
        raise errors.DataError("there are no rows to predict", "the table is empty", "--rows 5")
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _ask(
    url: str,
    token: str,
    rows: Sequence[dict[str, JSON]],
    timeout: float,
    proba: bool,  # noqa: FBT001 - private
) -> dict[str, list[JSON]]:
    body = json.dumps({"X_test": list(rows), "proba": proba}, allow_nan=False).encode()
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
    if reply.status == 401:
        raise errors.AccessDenied(said["detail"], said["hint"])
    if reply.status != 200:
        raise errors.EndpointError(
            f"the endpoint refused: {said['detail']}", said["hint"], "%aiaas_endpoints show NAME"
        )
    answer: dict[str, list[JSON]] = said
    return answer
