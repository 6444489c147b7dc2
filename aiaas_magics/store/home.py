"""A home: one folder with everything a notebook works with.

::

    aiaas.db    states, registry, events        blobs/    bytes by content
    models/     <name>/<version>/, sealed       jobs/     <id>/: log and scratch of a job
    endpoints/  <name>/: log                    keys/     secrets, 0600
    open/       a locked file a process       builds/   <digest>/: how endpoints run a model
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa

from aiaas_magics import errors
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.records import Setting, Usage
from aiaas_magics.store import blobs, builds, garbage, names
from aiaas_magics.store import database as db
from aiaas_magics.store.datasets import Datasets
from aiaas_magics.store.endpoints import Endpoints
from aiaas_magics.store.memory import Memory
from aiaas_magics.store.openers import Openers
from aiaas_magics.store.registry import Registry
from aiaas_magics.store.runs import Runs

SETTINGS: dict[str, tuple[Callable[[], JSON], str]] = {
    "max_running": (lambda: os.cpu_count() or 1, "jobs that run at once; the others wait"),
    "spare": (lambda: True, "keep a warm process ready for the next job"),
    "spare_minutes": (lambda: 10, "an unused spare ends after this long"),
}
"""Name -> (default, help)."""


def usual_home() -> Path:
    """Return ``$AIAAS_HOME``, else the platform's user data folder."""
    given = os.environ.get("AIAAS_HOME")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("aiaas", appauthor=False))


class Home:
    """The state of one folder. Safe to open in many processes at once."""

    def __init__(self, path: Path, *, stores: bool = True) -> None:
        self.path = path
        self._make()
        self.database = db.Database(path / "aiaas.db")
        self.blobs = blobs.Blobs(path / "blobs")
        self.runs = Runs(self.database)
        self.datasets = Datasets(self.database)
        self.registry = Registry(self.database, path / "models", path / "keys" / "seal.key")
        self.endpoints = Endpoints(self.database, path / "keys")
        self.memory = Memory(self.database)
        self.openers = Openers(path / "open")
        if stores:
            self.openers.enter()

    @classmethod
    def open(cls, path: Path | None = None, *, stores: bool = True) -> Home:
        """Open a home, making it where there is none.

        Parameters
        ----------
        path
            The folder; without it the usual one.
        stores
            Whether this process may store bytes. One that does holds back the clearing of what was
            stored since it came, so those that live long and only read say that they do.

        Raises
        ------
        BackendUnavailable
            If the folder cannot be made or written, or a newer version wrote it.
        """
        chosen = (path or usual_home()).expanduser().absolute()
        try:
            return cls(chosen, stores=stores)
        except (OSError, sa.exc.OperationalError, sa.exc.DatabaseError) as error:
            why = getattr(error, "orig", error)
            raise errors.BackendUnavailable(
                f"cannot open the home {str(path or chosen)!r}",
                str(why),
                "%aiaas_connect another-folder",
            ) from error

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("blobs", "models", "jobs", "endpoints", "keys", "open", "builds"):
            (self.path / name).mkdir(mode=0o700, exist_ok=True)

    def job_folder(self, job: str) -> Path:
        """Return a job's folder, made at first use: its ``log`` and its ``scratch/``."""
        folder = self.path / "jobs" / job
        folder.mkdir(exist_ok=True)
        return folder

    def build_folder(self, digest: str) -> Path:
        """Return where the verdict on a model and its builds lie, known by the model's digest."""
        return self.path / "builds" / digest.rpartition(":")[2]

    def check_free(self, name: str, kind: str) -> None:
        """Check that nothing else has the name. Raises `NameTaken`."""
        with self.database.read() as connection:
            names.check(connection, name, kind)

    def setting(self, name: str) -> JSON:
        """Return a setting's value."""
        query = sa.select(db.settings.c.value).where(db.settings.c.name == name)
        with self.database.read() as connection:
            body = connection.execute(query).scalar()
        return SETTINGS[name][0]() if body is None else msgspec.json.decode(body)

    def settings(self) -> list[Setting]:
        """Return all settings."""
        return [
            Setting(name=n, value=self.setting(n), help=text) for n, (_, text) in SETTINGS.items()
        ]

    def usage(self) -> Usage:
        """Return what the home holds."""
        with self.database.read() as connection:
            data, models, jobs = (
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (db.data, db.models, db.jobs)
            )
        running = sum(endpoint.state == "READY" for endpoint in self.endpoints.select())
        size = self.blobs.size() + self.registry.size()
        return Usage(
            home=str(self.path), data=data, models=models, endpoints=running, jobs=jobs, bytes=size
        )

    def sweep(self) -> int:
        """Remove what dead processes left half done; return how many things."""
        return self.blobs.sweep() + self.registry.sweep() + blobs.sweep(self.path / "keys")

    def collect(self) -> int:
        """Remove bytes and builds that nothing names; return how many. Reads every result: not for a hurry.

        Of what jobs keep for later, the oldest is forgotten.
        """
        self.memory.trim()
        return garbage.collect(self) + builds.sweep(self)

    def close(self) -> None:
        """Let go of the database."""
        self.openers.leave()
        self.database.close()
