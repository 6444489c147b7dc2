"""The endpoints of a home: a row each, a token each."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
import sqlalchemy as sa

from aiaas_magics.security import keys, tokens
from aiaas_magics.specs.base import JSON, encode
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.specs.refs import check_name
from aiaas_magics.store import database as db
from aiaas_magics.store import names
from aiaas_magics.store.runs import Tell, tell


class Endpoints:
    """Rows of endpoints; their processes belong to ``execution`` and ``serving``."""

    def __init__(self, database: db.Database, secrets: Path) -> None:
        self._db, self._secrets = database, secrets

    def save(self, info: EndpointInfo) -> EndpointInfo:
        """Write an endpoint's row; at first the name is taken and a token made.

        Raises
        ------
        NameTaken
            If the name stands for data or a model.
        """
        check_name(info.name)
        bare = _bare(info)
        with self._db.write() as connection:
            here = db.endpoints.c.name == info.name
            before = connection.execute(sa.select(db.endpoints.c.info).where(here)).scalar()
            if before is None:
                names.take(connection, info.name, "endpoint")
                row = {"name": info.name, "created": time.time(), "info": encode(bare)}
                connection.execute(sa.insert(db.endpoints), row)
            else:
                connection.execute(sa.update(db.endpoints).where(here).values(info=encode(bare)))
            tell(connection, [_state(before, bare)])
        return self._with_token(bare)

    def update(self, name: str, *, frm: Collection[str] | None = None, **fields: object) -> bool:
        """Change fields of a row; with `frm` only if the state is one of these."""
        with self._db.write() as connection:
            here = db.endpoints.c.name == name
            before = connection.execute(sa.select(db.endpoints.c.info).where(here)).scalar()
            info = None if before is None else msgspec.json.decode(before, type=EndpointInfo)
            if info is None or (frm is not None and info.state not in frm):
                return False
            after = msgspec.structs.replace(info, **fields)
            connection.execute(sa.update(db.endpoints).where(here).values(info=encode(after)))
            tell(connection, [_state(before, after)])
        return True

    def change(self, info: EndpointInfo, audit: Mapping[str, JSON]) -> EndpointInfo:
        """Write a row and what was asked for it in one transaction; the endpoint is known."""
        bare = _bare(info)
        with self._db.write() as connection:
            here = db.endpoints.c.name == info.name
            before = connection.execute(sa.select(db.endpoints.c.info).where(here)).scalar()
            connection.execute(sa.update(db.endpoints).where(here).values(info=encode(bare)))
            tell(
                connection,
                [(f"endpoint:{info.name}", "audit", dict(audit)), _state(before, bare)],
            )
        return self._with_token(bare)

    def forget(self, name: str) -> None:
        """Remove an endpoint that never ran: its row and its token, so that its name is free."""
        with self._db.write() as connection:
            connection.execute(sa.delete(db.endpoints).where(db.endpoints.c.name == name))
        self.token_path(name).unlink(missing_ok=True)

    def get(self, name: str) -> EndpointInfo:
        """Return an endpoint with its token. Raises `NotFound`."""
        found = self.find(name)
        if found is None:
            with self._db.read() as connection:
                raise names.missing(name, "endpoint", names.known(connection, "endpoint"))
        return found

    def find(self, name: str) -> EndpointInfo | None:
        """Return an endpoint with its token, or None."""
        query = sa.select(db.endpoints.c.info).where(db.endpoints.c.name == name)
        with self._db.read() as connection:
            body = connection.execute(query).scalar()
        found = None if body is None else msgspec.json.decode(body, type=EndpointInfo)
        return found and self._with_token(found)

    def select(self) -> list[EndpointInfo]:
        """Return all endpoints, newest first."""
        query = sa.select(db.endpoints.c.info).order_by(db.endpoints.c.created.desc())
        with self._db.read() as connection:
            bodies = connection.execute(query).scalars().all()
        return [self._with_token(msgspec.json.decode(body, type=EndpointInfo)) for body in bodies]

    def token_path(self, name: str) -> Path:
        """Return the file that holds an endpoint's token."""
        return self._secrets / f"{check_name(name)}.token"

    def token(self, name: str) -> str:
        """Return an endpoint's token, made at first use."""
        path = self.token_path(name)
        known = keys.read_secret(path) or keys.write_secret(path, tokens.new().encode())
        return known.decode()

    def _with_token(self, info: EndpointInfo) -> EndpointInfo:
        return msgspec.structs.replace(info, token=self.token(info.name))


def _bare(info: EndpointInfo) -> EndpointInfo:
    before = None if info.before is None else _bare(info.before)
    return msgspec.structs.replace(info, token=None, log="", before=before)


def _state(before: bytes | None, after: EndpointInfo) -> Tell:
    old = msgspec.json.decode(before, type=EndpointInfo) if before else None
    body = {
        "from": old and old.state,
        "to": after.state,
        "model": after.model,
        "was": old and old.model,
    }
    return f"endpoint:{after.name}", "state", body
