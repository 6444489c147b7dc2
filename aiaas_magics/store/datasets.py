"""Data by name and version; the bytes lie in the blobs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from aiaas_magics.specs.base import JSON, encode
from aiaas_magics.specs.jobs import FINAL, JobState
from aiaas_magics.specs.records import DataInfo
from aiaas_magics.specs.refs import parse
from aiaas_magics.specs.results import DataResult
from aiaas_magics.store import database as db
from aiaas_magics.store import names
from aiaas_magics.store.runs import Tell, check_alive, tell

ENDED_BADLY = FINAL - {JobState.SUCCEEDED}


class Datasets:
    """The named tables of a home."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def save(self, name: str, result: DataResult, job: str | None = None) -> DataInfo:
        """Give a table a name; the same content and recipe under the same name is the same version.

        With `job`, nothing is given a name once that job may no longer make anything (cancelled):
        `JobCancelled`.
        """
        digest = _digest(result)
        with self._db.write() as connection:
            check_alive(connection, job)
            known = self._latest(connection, name)
            if known is not None and known.digest == digest:
                found = msgspec.json.decode(known.info, type=DataInfo)
                tell(connection, [_made(job, found.ref)])
                return found
            version = names.take(connection, name, "data")
            info = DataInfo(
                name=name, version=version, frame=result.frame, rows=result.rows, columns=result.columns,
                size=result.size, created=time.time(), source=result.source, base=result.base,
                steps=result.steps, job=job,
            )  # fmt: skip
            connection.execute(
                sa.insert(db.data).values(
                    name=name,
                    version=version,
                    digest=digest,
                    job=job,
                    created=info.created,
                    info=encode(info),
                )
            )
            tell(connection, [_made(job, info.ref)])
        return info

    def find(self, ref: str) -> DataInfo:
        """Return the data a ref means. Raises `NotFound`."""
        parsed = parse(ref)
        with self._db.read() as connection:
            row = self._latest(connection, parsed.name, parsed.version)
            if row is None or parsed.alias is not None:
                raise names.missing(parsed, "data", names.known(connection, "data"))
        return msgspec.json.decode(row.info, type=DataInfo)

    def select(self, where: Mapping[str, JSON] | None = None) -> list[DataInfo]:
        """Return data, newest first, whose name or version equal `where`."""
        query = sa.select(db.data.c.info).order_by(
            db.data.c.created.desc(), db.data.c.version.desc()
        )
        for name, value in (where or {}).items():
            query = query.where(db.data.c[name] == value)
        with self._db.read() as connection:
            return [
                msgspec.json.decode(i, type=DataInfo) for i in connection.execute(query).scalars()
            ]

    def delete(self, ref: str, who: str) -> int:
        """Forget one version, or all of a name; return how many. Raises `NotFound`."""
        parsed = parse(ref)
        self.find(ref)
        query = sa.delete(db.data).where(db.data.c.name == parsed.name)
        if parsed.version is not None:
            query = query.where(db.data.c.version == parsed.version)
        with self._db.write() as connection:
            count = connection.execute(query).rowcount
            tell(
                connection, [("home", "audit", {"command": "delete_data", "data": ref, "who": who})]
            )
        return count

    def discard(self, job: str) -> None:
        """Forget what a job that did not succeed had named, unless another job was answered with it."""
        with self._db.write() as connection:
            rows = connection.execute(sa.select(db.data).where(db.data.c.job == job)).all()
            for row in rows:
                here = (db.data.c.name == row.name) & (db.data.c.version == row.version)
                info = msgspec.json.decode(row.info, type=DataInfo)
                heir = self._heir(connection, info.ref)
                if heir is None:
                    connection.execute(sa.delete(db.data).where(here))
                    continue
                body = encode(msgspec.structs.replace(info, job=heir))
                connection.execute(sa.update(db.data).where(here).values(job=heir, info=body))

    def _heir(self, connection: sa.Connection, ref: str) -> str | None:
        """Return a job that was answered with some data and has not failed."""
        scope, kind, body = _made("", ref)
        query = sa.select(db.jobs.c.id).where(
            db.events.c.scope == scope + db.jobs.c.id,
            db.events.c.type == kind,
            db.events.c.body == msgspec.json.encode(body),
            db.jobs.c.state.not_in(ENDED_BADLY),
        )
        return connection.execute(query.limit(1)).scalar()

    def _latest(
        self, connection: sa.Connection, name: str, version: int | None = None
    ) -> sa.Row[Any] | None:
        query = sa.select(db.data).where(db.data.c.name == name).order_by(db.data.c.version.desc())
        if version is not None:
            query = query.where(db.data.c.version == version)
        return connection.execute(query.limit(1)).first()


def _made(job: str | None, ref: str) -> Tell:
    return "home" if job is None else f"job:{job}", "artefact", {"what": "data", "ref": ref}


def _digest(result: DataResult) -> str:
    content = msgspec.json.encode([result.frame, result.base, result.steps], order="deterministic")
    roles = msgspec.json.encode([(column.name, column.role) for column in result.columns])
    return hashlib.sha256(content + roles).hexdigest()
