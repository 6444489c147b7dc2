"""Bytes that nothing names any more: of killed processes, of deleted data.

What counts as named: the tables of data and of models' lineages, with their parts; whatever an
unfinished job was asked about, or the last search under a name that can be gone on with; the pictures of
finished jobs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from aiaas_magics import errors, specs
from aiaas_magics.frames.manifest import manifest
from aiaas_magics.specs.jobs import FINAL
from aiaas_magics.store import database as db

if TYPE_CHECKING:
    from aiaas_magics.store.home import Home

ADDRESS = re.compile(rb"sha256:[0-9a-f]{64}")
PICTURED = ("train", "tune", "evaluate")
"""Jobs whose result names bytes that nothing else does: the PNGs of its charts."""
RESUMABLE_DAYS = 30
"""For so long the tables of a search that did not end are kept for it."""


def collect(home: Home) -> int:
    """Remove what nothing names and no living process can be about to name; return how many files."""
    before = home.openers.oldest()
    old = {ref for ref, since in home.blobs.ages() if since < before}
    doomed = old - named(home) if old else set()
    return sum(home.blobs.remove(ref, before) for ref in doomed)


def named(home: Home) -> set[str]:
    """Return every address that something in the home names."""
    with home.database.read() as connection:
        tables = set(_addresses(connection.execute(_TABLES).scalars()))
        tables |= set(_addresses(connection.execute(_resumable()).scalars()))
        pictures = set(_addresses(connection.execute(_PICTURES).scalars()))
    return tables | pictures | {part for ref in tables for part in _parts(home, ref)}


def _addresses(bodies: Iterable[bytes]) -> Iterator[str]:
    return (found.decode() for body in bodies for found in ADDRESS.findall(body))


def _resumable() -> sa.Select[bytes]:
    """Return the query for what the last search under each name was asked, if it did not end whole."""
    searches = [tag for tag, each in specs.spec_types().items() if each.RESUMES]
    last = sa.select(sa.func.max(db.jobs.c.id)).where(db.jobs.c.verb.in_(searches))
    since = time.time() - 86_400 * RESUMABLE_DAYS
    unended = (db.jobs.c.state != "SUCCEEDED") | (db.jobs.c.partial == 1)
    return sa.select(db.jobs.c.spec).where(
        db.jobs.c.id.in_(last.group_by(db.jobs.c.about)), unended, db.jobs.c.created > since
    )


def _parts(home: Home, ref: str) -> tuple[str, ...]:
    """Return the parts of a table; a file, or bytes that are gone, have none."""
    try:
        return manifest(ref, home.blobs.path).refs
    except errors.AiaasError:
        return ()


_TABLES = sa.union_all(
    sa.select(db.data.c.info),
    sa.select(db.models.c.info),
    sa.select(db.jobs.c.spec).where(db.jobs.c.state.not_in(FINAL)),
)
_PICTURES = sa.select(db.jobs.c.result).where(
    db.jobs.c.verb.in_(PICTURED), db.jobs.c.result.is_not(None)
)
