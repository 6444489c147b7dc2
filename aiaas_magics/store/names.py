"""One namespace of names in a home, and versions that are never given twice."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from aiaas_magics import errors
from aiaas_magics.specs.refs import Ref
from aiaas_magics.store import database as db

TABLES = {"data": db.data, "model": db.models, "endpoint": db.endpoints}
CLASH = {"data": "data", "model": "a model", "endpoint": "an endpoint"}


def check(connection: sa.Connection, name: str, kind: str) -> None:
    """Check that nothing of another kind has the name, and nothing one that differs in case only.

    Raises
    ------
    NameTaken
    """
    for other, table in TABLES.items():
        here = sa.select(table.c.name).where(sa.func.lower(table.c.name) == name.lower())
        for near in connection.execute(here.distinct()).scalars():
            if near != name:
                raise errors.NameTaken(
                    f"the name {name!r} is taken: there is {near!r}",
                    "names that differ in case only are one folder on some machines",
                    f"--as {near}" if other == kind else f"--as {name}-{kind}",
                )
            if other == kind:
                continue
            raise errors.NameTaken(
                f"the name {name!r} is taken: it is {CLASH[other]}",
                "a name means one thing in a home",
                f"--as {name}-{kind}",
            )


def take(connection: sa.Connection, name: str, kind: str) -> int:
    """Return the next version of `name`, inside a transaction.

    Raises
    ------
    NameTaken
        If the name stands for something of another kind, or differs from one in case only.
    """
    check(connection, name, kind)
    here = db.names.c.name == name
    last = connection.execute(sa.select(db.names.c.last).where(here)).scalar()
    if last is None:
        connection.execute(sa.insert(db.names).values(name=name, kind=kind, last=1))
        return 1
    connection.execute(sa.update(db.names).where(here).values(kind=kind, last=last + 1))
    return int(last) + 1


def known(connection: sa.Connection, kind: str) -> list[str]:
    """Return the names of a kind that something has."""
    return list(connection.execute(sa.select(TABLES[kind].c.name).distinct()).scalars())


def missing(ref: Ref | str, kind: str, names: Collection[str]) -> errors.NotFound:
    """Return the error for a ref that means nothing."""
    name = ref if isinstance(ref, str) else ref.name
    if name in names:
        return errors.NotFound(
            f"there is no {ref}", f"{name} has other versions", f"%aiaas_{MAGIC[kind]}"
        )
    return errors.NotFound(
        f"no {kind} {name!r}", errors.did_you_mean(name, names), f"%aiaas_{MAGIC[kind]}"
    )


MAGIC = {"data": "data list", "model": "models", "endpoint": "endpoints"}
"""Where a user sees what there is."""
