"""What is answered when a request is not: RFC 9457 problem details, three short fields."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Problem(Exception):
    """A request that is refused, with its HTTP status."""

    def __init__(
        self, status: int, what: str, hint: str = "", headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.hint, self.headers = status, what, hint, tuple(headers)

    def body(self) -> bytes:
        """Return the problem as JSON."""
        return msgspec.json.encode(
            {
                "status": self.status,
                "title": TITLES[self.status],
                "detail": self.what,
                "hint": self.hint,
            }
        )
