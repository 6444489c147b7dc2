"""Searches that were begun before: gone on with, waited for, not done twice.

A search is any job whose spec ``RESUMES``.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any

import msgspec

from aiaas_magics import errors, specs
from aiaas_magics.specs.base import JSON, Spec, encode, tag_of
from aiaas_magics.specs.jobs import Job, JobState, Limits
from aiaas_magics.specs.refs import is_digest

if TYPE_CHECKING:
    from aiaas_magics.session import Session

NEWEST = 20
"""Jobs under one name that are looked at for one that does the same."""


def begun(session: Session, verb: str, name: str) -> Spec:
    """Return the spec that goes on with the last search of that name: what it was asked, and its job.

    Raises
    ------
    NotFound
        If no search has the name, or the data it was on is gone.
    Conflict
        If it is running still, or ended whole.
    """
    job = next(session.jobs({"verb": verb, "about": name, "limit": 1, "spec": True}), None)
    if job is None:
        known = names(session, verb)
        raise errors.NotFound(
            f"no search {name!r} was begun", errors.did_you_mean(name, known), "%aiaas_jobs --all"
        )
    if not job.state.final:
        raise errors.Conflict(
            f"the search {name} is running still", f"job {job.id} is {job.state.value.lower()}",
            f"%aiaas_jobs attach {job.id}",
        )  # fmt: skip
    if job.state is JobState.SUCCEEDED and not job.partial:
        made = getattr(session.backend.result(job.id), "ref", name)
        raise errors.Conflict(
            f"the search {name} is finished: it made {made}", "there is nothing to go on with",
            f"%aiaas_evaluate {made}",
        )  # fmt: skip
    spec: Any = msgspec.convert(job.spec, specs.spec_type(verb))
    _check_there(session, spec, name)
    return msgspec.structs.replace(spec, again=False, resume=job.id)  # type: ignore[no-any-return]


def names(session: Session, verb: str = "") -> list[str]:
    """Return what searches, of a verb or of any, were to be stored as, the newest first."""
    verbs = [verb] if verb else [tag for tag, each in specs.spec_types().items() if each.RESUMES]
    jobs = (job for each in verbs for job in session.jobs({"verb": each}))
    return list(dict.fromkeys(job.about for job in jobs))


def submit(session: Session, spec: Spec, limits: Limits) -> str:
    """Submit a spec and return its job; a search that is under way already is not begun twice.

    Two that submit the same at the same moment get one job: its key holds the job that was the newest before.
    """
    if not spec.RESUMES or getattr(spec, "again", False):
        return session.backend.submit(spec, limits=limits)
    where: dict[str, JSON] = {"verb": tag_of(spec), "about": str(getattr(spec, "as_", ""))}
    newest = list(itertools.islice(session.jobs({**where, "limit": NEWEST, "spec": True}), NEWEST))
    same = next((job for job in newest if not job.state.final and _same(job, spec)), None)
    if same is not None:
        return same.id
    words = f"{newest[0].id if newest else ''}-{limits}".encode() + encode(spec)
    key = f"{tag_of(spec)}-{hashlib.sha256(words).hexdigest()}"
    return session.backend.submit(spec, key=key, limits=limits)


def _same(job: Job, spec: Spec) -> bool:
    mine, asked = msgspec.json.decode(encode(spec)), dict(job.spec or {})
    return {**mine, "resume": None} == {**asked, "resume": None} and mine.keys() == asked.keys()


def _check_there(session: Session, spec: Any, name: str) -> None:
    """Check that the table, and the estimator, of a search are still stored."""
    addresses = [spec.estimator.body] if spec.estimator is not None else []
    try:
        if is_digest(spec.data):
            addresses.append(spec.data)
        else:
            session.data(spec.data)
        for address in addresses:
            next(iter(session.backend.fetch(address)), None)
    except errors.NotFound as error:
        what = "its table" if is_digest(spec.data) else spec.data
        raise errors.NotFound(
            f"the search {name} cannot go on: {what} is gone", "its data was deleted or cleared away",
            "the whole line once more",
        ) from error  # fmt: skip
