"""The last rows a version answered, as codes, each with its time, its key and its answer; in a mapped file a worker.

They are what labels are joined with when they come. A key is kept as its hash only, a text as its cell.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from aiaas_magics.gauges.bins import bodies, file_of, opened

Array = np.ndarray[Any, Any]
MARK = b"aiaas-s1"
HEAD = 64
_WRITTEN = 48
"""Where the number of rows ever written stands."""
MOST_ROWS, MOST_BYTES = 20_000, 32 << 20
"""Of a file: older rows make room."""


def dtype(series: int, classes: int) -> np.dtype[Any]:
    """Return the record of a row: `series` codes (features and answers), `classes` probabilities."""
    return np.dtype(
        [
            ("time", "f8"),
            ("key", "u8"),
            ("place", "u8"),
            ("codes", "f8", (series,)),
            ("proba", "f8", (classes,)),
        ]
    )


def capacity(record: np.dtype[Any]) -> int:
    """Return how many rows a file holds."""
    return max(100, min(MOST_ROWS, MOST_BYTES // record.itemsize))


def key_of(key: bytes) -> int:
    """Return what is kept of a key; 0: there was none."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) if key else 0


def key_word(key: Any) -> str:
    """Return a key of a table as a request bears it: 7.0 is 7, where a gap has made numbers of a column floats."""
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)


class Samples:
    """A worker's own rows of one version."""

    def __init__(
        self, folder: Path, slot: str, version: str, layout: bytes, record: np.dtype[Any]
    ) -> None:
        self._rows = capacity(record)
        size = HEAD + self._rows * record.itemsize
        self._map, fresh = opened(file_of(folder, "rows", slot, version), MARK + layout, size)
        self._written = np.frombuffer(self._map, "uint64", 1, _WRITTEN)
        self._records = np.frombuffer(self._map, record, self._rows, HEAD)
        if fresh:
            self._map[: len(MARK) + len(layout)] = MARK + layout

    def add(self, rows: Array) -> None:
        """Append records; only the last of more than the file holds are kept."""
        written = int(self._written[0])
        kept = rows[-self._rows :]
        places = (written + len(rows) - len(kept) + np.arange(len(kept))) % self._rows
        self._records[places] = kept
        self._written[0] = written + len(rows)

    def close(self) -> None:
        """Let go of the file; its rows stay."""
        del self._written, self._records
        self._map.close()


def read(
    folder: Path, version: str, layout: bytes, record: np.dtype[Any], since: float = 0.0
) -> tuple[Array, bool]:
    """Return the rows all workers hold since a moment, oldest first, and whether older ones have made room for some."""
    found, full = [np.zeros(0, record)], False
    for body in bodies(folder, "rows", version, MARK + layout):
        written = int(np.frombuffer(body, "uint64", 1, _WRITTEN)[0])
        held = np.frombuffer(body, record, capacity(record), HEAD)[: min(written, capacity(record))]
        full = full or (written > len(held) and float(held["time"].min()) > since)
        found.append(held[held["time"] > since])
    rows = np.concatenate(found)
    return rows[np.argsort(rows["time"], kind="stable")], full
