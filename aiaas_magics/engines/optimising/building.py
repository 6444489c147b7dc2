"""From a model to its build: every tier is tried, asked the gate's questions, timed; the fastest that passes serves.

A build is made once a model version and set of libraries, and read by every worker. ``builds/<digest>/`` of the home holds the
verdict on a model and, in a folder named by its address, the build; one that another replaces stays for those who serve it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from aiaas_magics import errors, frames
from aiaas_magics.engines import usercode
from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.optimising import adversarial, gate
from aiaas_magics.engines.optimising.base import LeftOut, Tier, Unconvertible
from aiaas_magics.engines.optimising.onnx import OnnxTier
from aiaas_magics.engines.optimising.treelite import TreeliteTier
from aiaas_magics.engines.optimising.treeloop import TreeLoopTier
from aiaas_magics.predictors import loading, programs
from aiaas_magics.predictors.base import Predictor, Rows
from aiaas_magics.predictors.programs import Build
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.specs.base import JSON, decode, encode
from aiaas_magics.specs.builds import FILE, Trial, Verdict
from aiaas_magics.specs.records import ModelInfo

TIERS: tuple[Tier, ...] = (
    OnnxTier("float64"), OnnxTier("float32"), TreeliteTier(), TreeLoopTier(),
)  # fmt: skip
"""All tiers but scikit-learn itself; of two that are equally quick the earlier one serves."""
ROWS = 2_000
"""Training rows compared at most, evenly spaced and those at the ends of each column of numbers."""
BASE = 400
"""Of them, what adversarial rows are made of."""
ALONE = 100
"""Rows of all that are asked one by one as well: engines compute a row otherwise than many."""
PATIENCE = 2.0
"""Seconds scikit-learn may take for the gate's questions; a slower model is asked fewer."""
QUICKER = 0.85
"""A later tier serves if it needs less than this part of the time: timings of a shared machine vary by a tenth."""
INLINE = 500.0
"""Microseconds: what an event loop may wait for."""


class Question(NamedTuple):
    """The gate's rows and scikit-learn's answers to them; the first `training` are rows it learned from."""

    rows: Rows
    training: int
    known: gate.Answers
    spread: float
    micros: float


class Candidate(NamedTuple):
    """A tier that was built, and how it fared."""

    trial: Trial
    folder: Path
    needs: tuple[str, ...]


def verdict(info: ModelInfo, folder: Path, frame: Any, build: Path) -> Verdict:
    """Return the verdict on a model, its build made where there is none.

    Parameters
    ----------
    info, folder
        The model, its seal checked.
    frame
        Rows it learned from, raw: a DataFrame of its input columns.
    build
        Where the verdict and the model's builds lie, or are to lie.
    """
    known = _known(build, info)
    if known is not None:
        os.utime(build / known.folder)  # newer than this process: nobody clears it away
        return known
    draft = build.with_name(f".{build.name}.{time.time_ns()}")
    draft.mkdir(parents=True)
    try:
        with threadpool_limits(
            1
        ):  # as a worker asks: threads of several workers would wait for each other
            found = _made(info, folder, frame, draft)
        (draft / FILE).write_bytes(encode(found))
        return _placed(draft, build, info, found)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def libraries() -> dict[str, str]:
    """Return the versions of what a build depends on: this package and Python, which read it, among them."""
    found = {"python": platform.python_version()}
    for name in ("aiaas_magics", "scikit-learn", "numpy", "onnxruntime", "treelite"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _known(build: Path, info: ModelInfo) -> Verdict | None:
    try:
        found = decode((build / FILE).read_bytes(), Verdict)
    except (OSError, errors.SpecError):
        return None
    whole = _whole(build / found.folder, found)
    same = (found.digest, found.libraries) == (info.digest, libraries())
    return found if whole and same else None


def _whole(place: Path, found: Verdict) -> bool:
    """Tell whether a folder holds the build of a verdict."""
    return place.is_dir() and (not found.build or loading.address(place) == found.build)


def _placed(draft: Path, build: Path, info: ModelInfo, found: Verdict) -> Verdict:
    """Move a finished build to its place; of two that finish at once the first stays."""
    build.mkdir(exist_ok=True)
    before = _known(build, info)
    if before is not None:
        return before
    place = build / found.folder
    if not _whole(place, found):
        with contextlib.suppress(FileNotFoundError):
            place.rename(draft / "broken")
        (draft / found.folder).rename(place)
    (draft / FILE).replace(build / FILE)
    return found


def _made(info: ModelInfo, folder: Path, frame: Any, draft: Path) -> Verdict:
    pipeline = artefacts.load(folder)
    known = SklearnPredictor(pipeline, info.signature, usercode.blame)
    question = _question(known, info, pipeline, frame)
    trials = [Trial(tier=loading.SKLEARN, outcome="passed", micros=question.micros)]
    candidates: list[Candidate] = []
    for place, tier in enumerate(TIERS):
        where = draft / f"{place}"
        where.mkdir()
        trial = _tried(tier, pipeline, info, question, where, own=_own(folder))
        candidates.append(Candidate(trial, where, tier.needs))
    best = _best(candidates, trials[0])
    build = "" if best is None else loading.address(best.folder)
    told = [each.trial for each in candidates] + trials
    serves = loading.SKLEARN if best is None else best.trial.tier
    found = Verdict(
        model=info.ref, digest=info.digest, tier=serves, rows=question.training,
        adversarial=question.rows.n - question.training,
        trials=tuple(msgspec.structs.replace(t, outcome="serves") if t.tier == serves else t for t in told),
        libraries=libraries(), created=time.time(), build=build,
    )  # fmt: skip
    if best is None:
        (draft / found.folder).mkdir()
    else:
        best.folder.rename(draft / found.folder)
    return found


def _own(folder: Path) -> bool:
    """Tell whether a model holds classes of the user's own: what they do is not known from what they derive from."""
    return (folder / "code").is_dir()


# the question ------------------------------------------------------------------------------------
def _question(known: Predictor, info: ModelInfo, pipeline: Any, frame: Any) -> Question:
    names = [name for name, _ in info.signature.inputs]
    few = _few(frame[names], info)
    base = _columns(few.iloc[:: max(1, len(few) // BASE)].head(BASE), names)
    odd = adversarial.rows(base, info.signature, pipeline)
    training, made = _columns(few, names), len(next(iter(odd.values())))
    one = Rows(info.signature, {n: values[:1] for n, values in training.items()})
    micros = timed(known, one, most=20)
    training = _affordable(known, info, training, made)
    count = len(next(iter(training.values())))
    whole = Rows(info.signature, {n: [*training[n], *odd[n]] for n in names})
    answers = gate.ask(known, whole)
    return Question(whole, count, answers, _spread(answers, count), micros)


def _few(frame: Any, info: ModelInfo) -> Any:
    """Return rows that stand for all: evenly spaced ones, and the ends of each column of numbers."""
    whole = frame[frame[list(info.signature.required)].notna().all(axis=1)]
    if len(whole) <= ROWS:
        return whole
    numbers = whole.select_dtypes("number")
    ends = {int(p) for n in numbers for p in (numbers[n].argmin(), numbers[n].argmax())}
    even = set(np.linspace(0, len(whole) - 1, ROWS).astype(int).tolist())
    return whole.iloc[sorted(ends | even)]


def _columns(frame: Any, names: Sequence[str]) -> dict[str, list[JSON]]:
    return {name: list(frames.values(frame[name])) for name in names}


def _affordable(
    known: Predictor, info: ModelInfo, training: dict[str, list[JSON]], made: int
) -> dict[str, list[JSON]]:
    """Return as many training rows as scikit-learn answers in `PATIENCE`, together with those made."""
    count = len(next(iter(training.values())))
    some = min(count, 100)
    begun = time.perf_counter()
    gate.ask(known, Rows(info.signature, {n: values[:some] for n, values in training.items()}))
    each = (time.perf_counter() - begun) / some
    most = max(100, int(PATIENCE / each) - made)
    step = -(-count // most)
    return {name: values[::step] for name, values in training.items()}


def _spread(answers: gate.Answers, count: int) -> float:
    if answers.labels.dtype.kind not in "fiu":
        return 1.0
    usual = answers.labels[:count][~answers.refused[:count]].astype("float64")
    return (
        (float(usual.std()) or float(np.abs(usual).max(initial=0.0)) or 1.0) if len(usual) else 1.0
    )


# the trials --------------------------------------------------------------------------------------
def _tried(
    tier: Tier, pipeline: Any, info: ModelInfo, question: Question, where: Path, *, own: bool
) -> Trial:
    absent = [name for name in tier.needs if not _there(name)]
    if absent:
        return Trial(tier=tier.name, outcome="absent", why=f"{absent[0]} is not installed")
    try:
        if own:
            raise LeftOut("classes of your own run as they are written")
        predictor = built(tier, pipeline, info, where, lambda: pipeline)
    except Unconvertible as reason:
        outcome = "left out" if isinstance(reason, LeftOut) else "unconvertible"
        return Trial(tier=tier.name, outcome=outcome, why=str(reason))
    except Exception as error:  # noqa: BLE001 - foreign libraries fail in many ways, and another tier serves
        said = " ".join(str(error).split())[:120]
        return Trial(tier=tier.name, outcome="unconvertible", why=f"{type(error).__name__}: {said}")
    found = _compared(predictor, info, question)
    micros = timed(predictor, gate.part(question.rows, 0, 1))
    made = programs.read(where)
    programs.write(msgspec.structs.replace(made, inline=micros <= INLINE), where)
    return Trial(
        tier=tier.name, outcome="passed" if found.equal else "differs", rows=question.rows.n,
        differing=found.differing, off=found.off, micros=micros, why=found.why,
    )  # fmt: skip


def _compared(predictor: Predictor, info: ModelInfo, question: Question) -> gate.Compared:
    """Compare answers with scikit-learn's: to all rows at once, and to some of them one by one, as most requests ask."""
    rows, known = question.rows, question.known
    found = gate.compare(known, gate.ask(predictor, rows), info.task, question.spread)
    if not found.equal:
        return found
    some = np.linspace(0, rows.n - 1, min(ALONE, rows.n)).astype(int).tolist()
    alone = gate.ask(predictor, rows, some)
    each = gate.compare(known.chosen(some), alone, info.task, question.spread)
    return each._replace(off=max(each.off, found.off))


def built(
    tier: Tier, pipeline: Any, info: ModelInfo, where: Path, again: Callable[[], Any]
) -> Predictor:
    """Return a tier's predictor of a model, written and opened as a worker opens it.

    Parameters
    ----------
    where
        An empty folder.
    again
        Gives the pipeline to tiers that run parts of it.

    Raises
    ------
    Unconvertible
    """
    program = tier.build(pipeline, info, where)
    classes = tuple(info.signature.classes)
    if info.task == "classification":
        classes = tuple(np.asarray(pipeline.classes_).tolist())
    programs.write(Build(tier.name, program, classes), where)
    return opened(tier.name, info, where, again)


def opened(tier: str, info: ModelInfo, where: Path, again: Callable[[], Any]) -> Predictor:
    """Return the predictor of a build that was just written."""
    return loading.load(tier, info.signature, where, loading.address(where), again)


def timed(predictor: Predictor, row: Rows, most: int = 200) -> float:
    """Return the median time of one row, in microseconds; a slow one is asked less often."""
    spent: list[float] = []
    end = time.perf_counter() + 0.1
    while len(spent) < most and (len(spent) < 5 or time.perf_counter() < end):
        fresh = Rows(row.signature, row.columns())
        begun = time.perf_counter()
        try:
            predictor.predict(fresh, proba=True)
        except ValueError:
            return float("inf")
        spent.append(time.perf_counter() - begun)
    return 1e6 * median(spent)


def _best(candidates: Sequence[Candidate], sklearn: Trial) -> Candidate | None:
    """Return the candidate that serves; one whose workers load scikit-learn only where no other passed."""
    light = [each for each in candidates if "sklearn" not in each.needs]
    for group in (light, candidates):
        best, least = None, sklearn.micros or float("inf")
        for each in group:
            micros = each.trial.micros
            if each.trial.outcome == "passed" and micros is not None and micros < QUICKER * least:
                best, least = each, micros
        if best is not None:
            return best
    return None
