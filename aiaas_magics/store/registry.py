"""Models by name and version, sealed, with aliases whose every move is remembered."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from aiaas_magics import errors
from aiaas_magics.security import sealing
from aiaas_magics.specs.base import JSON, encode
from aiaas_magics.specs.records import AliasInfo, EndpointInfo, ModelInfo, NewModel
from aiaas_magics.specs.refs import Ref, check_name, parse
from aiaas_magics.store import database as db
from aiaas_magics.store import names
from aiaas_magics.store.blobs import sync_folder
from aiaas_magics.store.runs import check_alive, tell


class Registry:
    """The models of a home: folders under ``models/<name>/<version>/`` and their rows."""

    def __init__(self, database: db.Database, folder: Path, key: Path) -> None:
        self._db, self._folder, self._key = database, folder, key

    def save(
        self,
        name: str,
        folder: Path,
        model: NewModel,
        *,
        job: str | None = None,
    ) -> ModelInfo:
        """Seal a finished folder, move it to its place, register it as the next version.

        With `job`, nothing is registered once that job may no longer make anything (cancelled):
        `JobCancelled`. The folder is in place before its row is: a row never points nowhere.
        """
        check_name(name)
        digest = sealing.seal(folder, sealing.signing_key(self._key))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        for path in folder.rglob("*"):
            _sync(path)
        with self._db.write() as connection:
            check_alive(connection, job)
            version = names.take(connection, name, "model")
            info = ModelInfo(
                name=name, version=version, created=time.time(), digest=digest, size=size,
                **msgspec.structs.asdict(model),
            )  # fmt: skip
            self._place(info, folder)
            row = {"name": name, "version": version, "job": job, "created": info.created}
            connection.execute(sa.insert(db.models), row | {"info": encode(info)})
            scope = f"job:{job}" if job else "home"
            tell(connection, [(scope, "artefact", {"what": "model", "ref": info.ref})])
        return info

    def find(self, ref: str) -> ModelInfo:
        """Return the model a name, version or alias means. Raises `NotFound`."""
        with self._db.read() as connection:
            return self._find(connection, parse(ref))

    def folder(self, ref: str) -> Path:
        """Return a model's folder, its seal checked. Raises `NotFound`, `SealError`."""
        info = self.find(ref)
        folder = self._folder / info.name / str(info.version)
        if sealing.check(folder, sealing.signing_key(self._key)) != info.digest:
            raise errors.SealError(
                f"{info.ref} is not opened", "it is not what was registered", "train it again"
            )
        return folder

    def example(self, ref: str) -> list[list[JSON]]:
        """Return the row a model was saved with, as an array of one row; empty where there is none."""
        info = self.find(ref)
        path = self._folder / info.name / str(info.version) / "input_example.json"
        try:
            found: list[list[JSON]] = msgspec.json.decode(path.read_bytes())["data"]
        except FileNotFoundError:
            return []
        return found

    def select(self, where: Mapping[str, JSON] | None = None) -> list[ModelInfo]:
        """Return models, newest first, whose name or version equal `where`."""
        query = sa.select(db.models.c.info).order_by(
            db.models.c.created.desc(), db.models.c.version.desc()
        )
        for name, value in (where or {}).items():
            query = query.where(db.models.c[name] == value)
        with self._db.read() as connection:
            found = [
                msgspec.json.decode(i, type=ModelInfo) for i in connection.execute(query).scalars()
            ]
            return [self._with_aliases(connection, info) for info in found]

    def set_alias(self, model: str, alias: str, who: str) -> AliasInfo:
        """Let an alias mean a version, and remember what it meant. Raises `NotFound`."""
        check_name(alias)
        with self._db.write() as connection:
            info = self._find(connection, parse(model))
            before = self._aliases(connection, info.name).get(alias)
            return self._move_alias(connection, info.name, alias, before, info.version, who)

    def delete_alias(self, model: str, alias: str, who: str) -> AliasInfo:
        """Let an alias mean nothing. Raises `NotFound`."""
        with self._db.write() as connection:
            name = self._find(connection, Ref(parse(model).name)).name
            now = self._aliases(connection, name)
            if alias not in now:
                raise errors.NotFound(
                    f"{name} has no alias {alias!r}", errors.did_you_mean(alias, now)
                )
            return self._move_alias(connection, name, alias, now[alias], None, who)

    def aliases(self, model: str | None = None) -> list[AliasInfo]:
        """Return every move of a model's aliases (or of all), newest first."""
        query = sa.select(db.aliases).order_by(db.aliases.c.id.desc())
        if model is not None:
            query = query.where(db.aliases.c.model == model)
        with self._db.read() as connection:
            return [_alias(row) for row in connection.execute(query)]

    def delete(self, ref: str, who: str) -> int:
        """Delete one version, or all of a name; return how many.

        Raises
        ------
        NotFound
        Conflict
            If an alias names a version of them, or an endpoint serves one.
        """
        parsed = parse(ref)
        info = self.find(ref)
        with self._db.write() as connection:
            doomed = (
                [info] if parsed != Ref(parsed.name) else self._versions(connection, parsed.name)
            )
            self._check_unused(connection, doomed)
            for each in doomed:
                here = (db.models.c.name == each.name) & (db.models.c.version == each.version)
                connection.execute(sa.delete(db.models).where(here))
            tell(
                connection,
                [("home", "audit", {"command": "delete_model", "model": ref, "who": who})],
            )
        for each in doomed:
            shutil.rmtree(self._folder / each.name / str(each.version), ignore_errors=True)
        return len(doomed)

    def discard(self, job: str) -> None:
        """Delete what a job that did not succeed had registered."""
        here = db.models.c.job == job
        with self._db.write() as connection:
            rows = connection.execute(
                sa.select(db.models.c.name, db.models.c.version).where(here)
            ).all()
            connection.execute(sa.delete(db.models).where(here))
        for row in rows:
            shutil.rmtree(self._folder / row.name / str(row.version), ignore_errors=True)

    def sweep(self) -> int:
        """Remove folders that no row points to: a writer died between the two."""
        with self._db.write() as connection:  # no version can be registered meanwhile
            rows = connection.execute(sa.select(db.models.c.name, db.models.c.version)).all()
            known = {(row.name, str(row.version)) for row in rows}
            dead = [p for p in self._folder.glob("*/*") if (p.parent.name, p.name) not in known]
            for path in dead:
                shutil.rmtree(path, ignore_errors=True)
            for path in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    path.rmdir()  # only where nothing is left in it
        return len(dead)

    def size(self) -> int:
        """Return the bytes all models take."""
        size = sa.func.json_extract(sa.cast(db.models.c.info, sa.Text), "$.size")
        with self._db.read() as connection:
            return int(connection.execute(sa.select(sa.func.sum(size))).scalar() or 0)

    def _place(self, info: ModelInfo, folder: Path) -> None:
        place = self._folder / info.name / str(info.version)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)  # of a writer that died before its row
        os.replace(folder, place)  # noqa: PTH105 - replaces a folder of the same home
        sync_folder(place.parent)

    def _find(self, connection: sa.Connection, ref: Ref) -> ModelInfo:
        version = ref.version
        if ref.alias is not None:
            version = self._aliases(connection, ref.name).get(ref.alias, -1)
        query = sa.select(db.models.c.info).where(db.models.c.name == ref.name)
        query = query.order_by(db.models.c.version.desc()).limit(1)
        if version is not None:
            query = query.where(db.models.c.version == version)
        body = connection.execute(query).scalar()
        if body is None:
            raise names.missing(ref, "model", names.known(connection, "model"))
        return self._with_aliases(connection, msgspec.json.decode(body, type=ModelInfo))

    def _versions(self, connection: sa.Connection, name: str) -> list[ModelInfo]:
        query = sa.select(db.models.c.info).where(db.models.c.name == name)
        return [msgspec.json.decode(i, type=ModelInfo) for i in connection.execute(query).scalars()]

    def _aliases(self, connection: sa.Connection, name: str) -> dict[str, int]:
        query = sa.select(db.aliases).where(db.aliases.c.model == name).order_by(db.aliases.c.id)
        now = {row.alias: row.to for row in connection.execute(query)}
        return {alias: to for alias, to in now.items() if to is not None}

    def _with_aliases(self, connection: sa.Connection, info: ModelInfo) -> ModelInfo:
        now = self._aliases(connection, info.name)
        return msgspec.structs.replace(
            info, aliases=tuple(sorted(alias for alias, to in now.items() if to == info.version))
        )

    def _move_alias(
        self,
        connection: sa.Connection,
        model: str,
        alias: str,
        before: int | None,
        to: int | None,
        who: str,
    ) -> AliasInfo:
        row = {
            "model": model,
            "alias": alias,
            "time": time.time(),
            "who": who,
            "from_": before,
            "to": to,
        }
        connection.execute(sa.insert(db.aliases), row)
        tell(
            connection,
            [("home", "audit", {"command": "set_alias" if to else "delete_alias", **row})],
        )
        return msgspec.convert(row | {"kind": "alias_info"}, AliasInfo)

    def _check_unused(self, connection: sa.Connection, doomed: list[ModelInfo]) -> None:
        served = {}
        for body in connection.execute(sa.select(db.endpoints.c.info)).scalars():
            endpoint = msgspec.json.decode(body, type=EndpointInfo)
            if endpoint.state in {"STARTING", "READY"}:
                served[endpoint.model] = endpoint.name
                served |= {share.model: endpoint.name for share in endpoint.versions}
        for info in doomed:
            named = self._with_aliases(connection, info).aliases
            if named:
                raise errors.Conflict(
                    f"{info.ref} is {info.name}@{named[0]}",
                    "an alias names it",
                    f"%aiaas_models unalias {info.name} {named[0]}",
                )
            if info.ref in served:
                raise errors.Conflict(
                    f"{info.ref} is being served",
                    f"the endpoint {served[info.ref]} uses it",
                    f"%aiaas_endpoints stop {served[info.ref]}",
                )


def _alias(row: sa.Row[Any]) -> AliasInfo:
    fields = {str(key): value for key, value in row._mapping.items() if key != "id"}
    return msgspec.convert(fields | {"kind": "alias_info"}, AliasInfo)


def _sync(path: Path) -> None:
    if path.is_dir():
        return sync_folder(path)
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return None
