"""What jobs wanted to know again: bytes under a key, appended, never changed, the oldest forgotten first."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from aiaas_magics.store import database as db

MOST_BYTES = 64_000_000
"""Of everything kept: half a million scores, and a small part of a home."""


class Memory:
    """Bytes by key. One call of `append` is one commit: it is there whole, or not at all."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def append(self, entries: Iterable[tuple[str, bytes]], job: str) -> None:
        """Keep bytes under keys; those of one key are read back in this order."""
        batches: dict[str, list[bytes]] = {}
        for key, body in entries:
            batches.setdefault(key, []).append(body)
        rows = [
            {"key": key, "job": job, "time": time.time(), "body": msgspec.msgpack.encode(bodies)}
            for key, bodies in batches.items()
        ]
        if rows:
            with self._db.write() as connection:
                connection.execute(sa.insert(db.memory), rows)

    def recall(self, key: str) -> list[tuple[str, bytes]]:
        """Return what was kept under a key, oldest first, each with the job that kept it."""
        query = sa.select(db.memory.c.job, db.memory.c.body).where(db.memory.c.key == key)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(db.memory.c.number)).all()
        return [
            (row.job, body)
            for row in rows
            for body in msgspec.msgpack.decode(row.body, type=list[bytes])
        ]

    def trim(self, most: int = MOST_BYTES) -> int:
        """Forget the oldest until no more than `most` bytes are kept; return how many batches went."""
        size = sa.func.sum(sa.func.length(db.memory.c.body))
        newer = size.over(order_by=db.memory.c.number.desc()).label("newer")
        sizes = sa.select(db.memory.c.number, newer).subquery()
        doomed = sa.select(sizes.c.number).where(sizes.c.newer > most)
        with self._db.write() as connection:
            gone = connection.execute(
                sa.delete(db.memory).where(db.memory.c.number.in_(doomed))
            ).rowcount
        return int(gone)
