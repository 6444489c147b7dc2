"""What is known of a search from before: a killed one goes on where it was, the same one is answered at once.

Two kinds of thing are kept. Under the key of the *ground* (rows, folds, estimator, metric, libraries: all that decides
what a candidate scores in a fold) every score, as soon as it is found. Under the key of the *answer* (the ground,
the candidates and the name) the job that finished the search.

A score that is exact holds in any search on its ground, so that a larger grid costs its new cells only. One that
depends on who shared the work is recalled by the same search alone.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, NamedTuple

import msgspec

from aiaas_magics import errors
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.data import Table
from aiaas_magics.engines.sharing.base import Equality, Params, Scored
from aiaas_magics.specs.results import ModelResult, Remembered
from aiaas_magics.specs.tune import TuneSpec

NAME = ("as_", "again", "resume", "kind")
"""Fields of a spec that say nothing about what is searched."""
CHOICE = ("params", "strategy", "trials", "time")
"""Fields that say which candidates are compared."""
LIBRARIES = (
    "aiaas_magics", "scikit-learn", "numpy", "scipy", "pandas", "optuna", "lightgbm", "threadpoolctl",
)  # fmt: skip
DEAR = 0.1
"""Seconds of work from which a score is kept before the next fit begins; a commit takes 1 to 5 ms."""
DRAWS = re.compile(
    r"\brandom\.(?!(?:RandomState|default_rng|Generator|SeedSequence|PCG64|Philox|MT19937)\b)"
    r"|\b(?:RandomState|default_rng)\(\s*(?:None\s*)?\)"
    r"|\bfrom\s+random\s+import\b|\bfrom\s+numpy\.random\s+import\s+rand"
    r"|\burandom\b|\bsecrets\b|\buuid\w*"
)
"""How code draws without a seed of its own: what is given ``random_state`` is seeded by us."""


class Keys(NamedTuple):
    """What a search is known by."""

    ground: str
    choice: str
    """The ground, and which candidates."""
    answer: str
    """That, and the name it is stored under."""


def keys(spec: TuneSpec, table: Table) -> Keys:
    """Return the keys of a search on a table; `spec` holds the metric and the values that are tried.

    The table is known by its content: its bytes' address, its recipe, the roles of its columns.
    """
    words = msgspec.to_builtins(spec)
    ground = {n: value for n, value in words.items() if n not in (*NAME, *CHOICE)}
    ground |= {
        "data": [table.address, list(table.info.steps) if table.info else [], table.roles],
        "libraries": versions(),
    }
    choice = {name: words[name] for name in CHOICE if name in words}
    found = digest(ground)
    both = digest([found, choice])
    return Keys(found, both, digest([both, spec.as_]))


def versions() -> dict[str, str]:
    """Return what computes: the libraries there are, Python and the kind of machine."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def digest(value: Any) -> str:
    """Return the sha256 of a plain value, in which 1, 1.0 and True differ, and so do None and NaN."""
    return hashlib.sha256(msgspec.msgpack.encode(value, order="deterministic")).hexdigest()


def seeded(spec: TuneSpec) -> bool:
    """Tell whether a search is a function of its spec: no clock ends it, no code draws unseeded.

    Code of the user's own that draws from numpy's or Python's generators gets other numbers in other threads.
    """
    return spec.time is None and not _draws(spec)


def recalls(spec: TuneSpec) -> bool:
    """Tell whether single scores are recalled: what is drawn unseeded only where a search goes on."""
    return not spec.again and (spec.resume is not None or not _draws(spec))


def _draws(spec: TuneSpec) -> bool:
    return spec.estimator is not None and DRAWS.search(spec.estimator.source) is not None


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What became of a candidate in a fold, as bytes hold it: numbers bit by bit, infinite ones too."""

    candidate: bytes
    fold: int
    choice: str
    test: dict[str, float]
    train: dict[str, float] | None
    fit_seconds: float
    score_seconds: float
    rows: int
    equality: Equality


class SearchMemory:
    """Recalls and keeps the scores of one search: a :class:`aiaas_magics.engines.sharing.base.Memory`.

    Parameters
    ----------
    known
        The keys of the search.
    fresh
        Nothing is recalled; what is found is kept all the same.
    """

    def __init__(self, context: Context, known: Keys, *, fresh: bool = False) -> None:
        self._context, self._keys = context, known
        self._found: dict[tuple[bytes, int], Scored] = {}
        self.recalled: dict[tuple[bytes, int], str] = {}
        """(candidate, fold) -> the job it is known from."""
        for job, body in [] if fresh else context.recall(known.ground):
            for each in msgspec.msgpack.decode(body, type=list[Kept]):
                if each.equality is Equality.EXACT or each.choice == known.choice:
                    place = (each.candidate, each.fold)
                    self._found[place], self.recalled[place] = _scored(each), job

    def recall(self, candidate: Params, fold: int) -> Scored | None:
        """Return what was kept of a candidate in a fold; None if nothing was."""
        known = identity(candidate)
        return None if known is None else self._found.get((known, fold))

    def keep(self, found: Sequence[tuple[Params, int, Scored]]) -> None:
        """Keep what was just found; what could not be fitted is tried again another time."""
        entries = []
        for candidate, fold, scored in found:
            known = identity(candidate)
            if known is not None and not scored.failure:
                entries.append(_kept(known, fold, self._keys.choice, scored))
                self._found[known, fold] = scored
        if entries:
            body = msgspec.msgpack.encode(entries, enc_hook=_plain)
            dear = any(each.fit_seconds + each.score_seconds >= DEAR for _, _, each in found)
            self._context.keep(self._keys.ground, body, at_once=dear)

    def remembered(
        self, candidates: Sequence[Params] | None, folds: int, resumed: str | None = None
    ) -> Remembered | None:
        """Return how much of some candidates (None: of any) is known, and from which job most recently.

        None where it is nothing.
        """
        if candidates is None:
            places = list(self.recalled)
        else:
            wanted = {known for each in candidates if (known := identity(each)) is not None}
            places = [place for place in self.recalled if place[0] in wanted]
        if not places:
            return None
        whole: dict[bytes, int] = {}
        for candidate, _ in places:
            whole[candidate] = whole.get(candidate, 0) + 1
        return Remembered(
            job=resumed or max(self.recalled[place] for place in places), fits=len(places),
            candidates=sum(count >= folds for count in whole.values()),
            of=None if candidates is None else len(candidates),
        )  # fmt: skip


def identity(candidate: Mapping[str, Any]) -> bytes | None:
    """Return bytes that are equal for equal parameters; None where one is an object and has none."""
    try:
        return msgspec.msgpack.encode(dict(candidate), order="deterministic", enc_hook=_plain)
    except (TypeError, ValueError, NotImplementedError, OverflowError):
        return None


def answer(context: Context, known: Keys) -> ModelResult | None:
    """Return what a job answered to the same search, if its model is still there; what it warned of is told again."""
    for job, body in reversed(context.recall(known.answer)):
        found = context.answered(job)
        if isinstance(found, ModelResult) and _there(found, context):
            for text, try_ in msgspec.msgpack.decode(body, type=list[tuple[str, str]]):
                context.warn(text, try_)
            return msgspec.structs.replace(found, remembered=Remembered(job=job, whole=True))
    return None


def finished(context: Context, known: Keys, warnings: Sequence[tuple[str, str]]) -> None:
    """Remember that this job answers the search, once it has succeeded."""
    context.keep(known.answer, msgspec.msgpack.encode(list(warnings)))


class Noting:
    """A context that notes what the user is warned of."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.warnings: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def warn(self, text: str, try_: str = "") -> None:
        """Pass a warning on."""
        self.warnings.append((text, try_))
        self._context.warn(text, try_)


def _there(result: ModelResult, context: Context) -> bool:
    """Tell whether a search's model is there, and what its name means: another may have taken that since."""
    try:
        context.model(result.ref)
        newest, _ = context.model(result.ref.partition("@")[0])
        if newest.ref != result.ref:
            return False
        for png in [chart.png for chart in result.charts if chart.png is not None]:
            context.blob(png)
    except (errors.NotFound, errors.SealError):
        return False
    return True


def _kept(candidate: bytes, fold: int, choice: str, scored: Scored) -> Kept:
    return Kept(
        candidate, fold, choice, scored.test, scored.train, scored.fit_seconds, scored.score_seconds, scored.rows,
        scored.equality,
    )  # fmt: skip


def _scored(kept: Kept) -> Scored:
    return Scored(
        kept.test, kept.train, kept.fit_seconds, kept.score_seconds, kept.rows, kept.equality
    )


def _plain(value: Any) -> Any:
    """Return a numpy number as Python's."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    raise NotImplementedError(type(value).__name__)
