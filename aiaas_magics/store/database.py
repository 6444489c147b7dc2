"""The schema, and how to get a connection that does not lie.

SQLite in WAL mode with ``synchronous=FULL``: what was acknowledged survives kill -9 and power loss.
Writes begin with ``BEGIN IMMEDIATE``, so two writers queue instead of failing half way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text

from aiaas_magics import errors

BUSY_SECONDS = 30
VERSION = 2
"""Of the schema. A change adds a step to `MIGRATIONS`; steps are never edited."""

meta = sa.MetaData()

jobs = Table(
    "jobs",
    meta,
    Column("id", String, primary_key=True),
    Column("verb", String, nullable=False),
    Column("about", String, nullable=False),
    Column("state", String, nullable=False),
    Column("key", String, unique=True),
    Column("user", String, nullable=False),
    Column("spec", LargeBinary, nullable=False),
    Column("setup", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("memory", Integer),
    Column("seconds", Float),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("partial", Integer, nullable=False),
    Column("cause", String),
    Column("error", Text),
    Column("result", LargeBinary),
    Index("jobs_by_state", "state"),
)
events = Table(
    "events",
    meta,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("scope", String, nullable=False),
    Column("time", Float, nullable=False),
    Column("type", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("events_by_scope", "scope", "seq"),
    sqlite_autoincrement=True,
)
names = Table(
    "names",
    meta,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("last", Integer, nullable=False),
)
data = Table(
    "data",
    meta,
    Column("name", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("job", String, index=True),
    Column("created", Float, nullable=False),
    Column("info", LargeBinary, nullable=False),
)
models = Table(
    "models",
    meta,
    Column("name", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("job", String, index=True),
    Column("created", Float, nullable=False),
    Column("info", LargeBinary, nullable=False),
)
aliases = Table(
    "aliases",
    meta,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("model", String, nullable=False),
    Column("alias", String, nullable=False),
    Column("time", Float, nullable=False),
    Column("who", String, nullable=False),
    Column("from_", Integer),
    Column("to", Integer),
    Index("aliases_by_model", "model", "alias", "id"),
)
endpoints = Table(
    "endpoints",
    meta,
    Column("name", String, primary_key=True),
    Column("created", Float, nullable=False),
    Column("info", LargeBinary, nullable=False),
)
settings = Table(
    "settings",
    meta,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
memory = Table(
    "memory",
    meta,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, index=True),
    Column("job", String, nullable=False),
    Column("time", Float, nullable=False),
    Column("body", LargeBinary, nullable=False),
)


def _first_schema(connection: sa.Connection) -> None:
    meta.create_all(connection)


def _memory(connection: sa.Connection) -> None:
    memory.create(connection, checkfirst=True)  # the first step makes whatever is known today


MIGRATIONS = (_first_schema, _memory)
"""Step i brings a database from version i to version i + 1, in one transaction."""


class Database:
    """One SQLite file; connections are pooled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with contextlib.suppress(FileExistsError):
            # What SQLite adds to it is as private. One that is there is not opened: to close it again would
            # drop the locks of this process's other connections (sqlite.org/howtocorrupt.html, section 2.2).
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self.engine = sa.create_engine(
            f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
        )
        sa.event.listen(self.engine, "connect", _configure)
        self._migrate()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection for reading."""
        with _reachable(self.path), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection inside one transaction that no other writer can enter."""
        with _reachable(self.path), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if not connection.invalidated:  # an interrupt within a statement has closed it
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _migrate(self) -> None:
        if self._version() == VERSION:
            return
        with file_lock(self.path.with_name("migrate.lock")):
            while (version := self._version()) < VERSION:
                with self.write() as connection:
                    MIGRATIONS[version](connection)
                    connection.exec_driver_sql(f"PRAGMA user_version={version + 1}")
        if version > VERSION:
            raise errors.BackendUnavailable(
                f"the home {self.path.parent.name!r} was written by a newer aiaas_magics",
                f"its schema is version {version}; this one knows {VERSION}",
                "pip install --upgrade aiaas_magics",
            )

    def _version(self) -> int:
        with self.read() as connection:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by hand
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            # The switch to WAL wants the file alone and does not honour the busy timeout.
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous=FULL")


SICK = (
    "disk I/O error",
    "database or disk is full",
    "readonly database",
    "unable to open",
    "malformed",
)
"""What SQLite says of a disk that is full or read-only, and of a file that is gone or damaged."""


@contextlib.contextmanager
def _reachable(path: Path) -> Iterator[None]:
    """Say of a home that was taken away, or whose disk takes nothing, what it is."""
    if not path.exists():
        raise _gone(path, "its folder was moved or deleted")
    try:
        yield
    except sa.exc.DatabaseError as error:
        if not any(word in str(error.orig) for word in SICK):
            raise
        raise _gone(path, str(error.orig)) from error


def _gone(path: Path, why: str) -> errors.BackendUnavailable:
    return errors.BackendUnavailable(
        f"the home {path.parent.name!r} cannot be used", why, "%aiaas_connect another-folder"
    )


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; it falls with the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
