"""One namespace of names in a home, and versions that are never given twice."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from aiaas_magics import errors
from aiaas_magics.specs.refs import Ref
from aiaas_magics.store import database as db

CLASH = {"data": "data", "model": "a model", "endpoint": "an endpoint"}


def take(connection: sa.Connection, name: str, kind: str) -> int:
    """Return the next version of `name`, inside a transaction.

    Raises
    ------
    NameTaken
        If the name stands for something of another kind.
    """
    row = connection.execute(sa.select(db.names).where(db.names.c.name == name)).first()
    if row is None:
        connection.execute(sa.insert(db.names).values(name=name, kind=kind, last=1))
        return 1
    if row.kind != kind:
        raise errors.NameTaken(
            f"the name {name!r} is taken: it is {CLASH[row.kind]}",
            "a name means one thing in a home",
            f"--as {name}-{kind}",
        )
    connection.execute(sa.update(db.names).where(db.names.c.name == name).values(last=row.last + 1))
    return int(row.last) + 1


def known(connection: sa.Connection, kind: str) -> list[str]:
    """Return the names of a kind that something has; names of what was deleted stay taken."""
    table = {"data": db.data, "model": db.models, "endpoint": db.endpoints}[kind]
    return list(connection.execute(sa.select(table.c.name).distinct()).scalars())


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
