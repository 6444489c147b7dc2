"""Labels that come later, joined with the rows that were answered: how right each version was.

By key, where requests bore one: the n-th label of a key belongs to the n-th row of its last request. By order, where not:
only if there are as many labels as rows were answered, or as the window has, and every one of these rows is kept; a label
that is missing keeps its row's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from aiaas_magics import errors
from aiaas_magics.engines import measuring
from aiaas_magics.engines.evaluation import subject
from aiaas_magics.engines.monitoring.looking import Look, Seen
from aiaas_magics.gauges.samples import key_of, key_word
from aiaas_magics.specs.monitor import Performance
from aiaas_magics.specs.results import Score

Array = np.ndarray[Any, Any]
REPEATS, CONFIDENCE = 1000, 0.95


class Joined(NamedTuple):
    """Answered rows of a version with their labels, shape (rows,)."""

    seen: Seen
    rows: Array
    truth: pd.Series


def joined(
    labels: pd.DataFrame, target: str, key: str | None, look: Look
) -> tuple[list[Joined], str]:
    """Return each version's answered rows that have a label, and a warning where they were taken for the last ones.

    Parameters
    ----------
    labels
        A column named as the target, and one of keys.
    key
        Name of the column of keys; None: a label a row, in the order of the requests.

    Raises
    ------
    DataError
        If a column is not there, no label finds its row, or nothing tells which belong together.
    """
    endpoint = look.watched.info.name
    for name in (target, key):
        if name is not None and name not in labels.columns:
            raise errors.DataError(
                f"no column {name!r} in the labels",
                errors.did_you_mean(name, map(str, labels.columns)),
                f"%aiaas_monitor {endpoint} --labels {{df[[{key or 'id'!r}, {target!r}]]}}",
            )
    if not labels[target].notna().any():
        raise errors.DataError(f"the labels' column {target!r} is empty")
    known = {model: each for model, each in look.seen.items() if each.reference is not None}
    found = {model: each.kept()[0] for model, each in known.items()}
    if not any(map(len, found.values())):
        raise errors.DataError(
            f"{endpoint} keeps no rows to which labels could belong",
            "it has answered none yet, or was deployed with --no-samples",
            f"%aiaas_monitor {endpoint}",
        )
    if key is None:
        return _by_order(labels[target], found, look)
    labels = labels[labels[target].notna()]
    return _by_key(labels, target, key, found, known), ""


def _by_key(
    labels: pd.DataFrame,
    target: str,
    key: str,
    found: Mapping[str, Array],
    seen: Mapping[str, Seen],
) -> list[Joined]:
    words = labels[key].map(key_word)
    known = pd.DataFrame(
        {
            "key": words.map(lambda word: key_of(word.encode())).astype("uint64"),
            "place": words.groupby(words).cumcount(),
        }
    )
    known["label"] = np.arange(len(known))
    parts = []
    for model, rows in found.items():
        asked = pd.DataFrame(
            {"key": rows["key"], "place": rows["place"], "row": np.arange(len(rows))}
        )
        asked["time"] = rows["time"]
        asked = asked[asked["key"] != 0]
        asked = asked[asked["time"] == asked.groupby("key")["time"].transform("max")]
        asked = asked.drop_duplicates(["key", "place"], keep="last")
        both = asked.merge(known.astype({"place": "uint64"}), on=["key", "place"])
        if len(both):
            truth = labels[target].iloc[both["label"].to_numpy()]
            parts.append(Joined(seen[model], rows[both["row"].to_numpy()], truth))
    if not parts:
        none = not any((rows["key"] != 0).any() for rows in found.values())
        raise errors.DataError(
            "no label finds its row",
            "the requests bore no key" if none else f"no request bore a key of column {key!r}",
            f"the header x-aiaas-key with each request, or %aiaas_predict ... --key {key}",
        )
    return parts


def _by_order(truth: pd.Series, found: Mapping[str, Array], look: Look) -> tuple[list[Joined], str]:
    answering = {m: rows for m, rows in found.items() if look.seen[m].served.role != "shadow"}
    sizes = [len(rows) for rows in answering.values()]
    owners = np.repeat(np.arange(len(sizes)), sizes)
    times = np.concatenate([np.zeros(0), *(rows["time"] for rows in answering.values())])
    order = np.argsort(times, kind="stable")[max(len(times) - len(truth), 0) :]
    _check_order(truth, times, float(times[order[0]]) if len(order) else 0.0, look)
    parts = []
    for i, (model, rows) in enumerate(answering.items()):
        places = np.flatnonzero(owners[order] == i)
        mine = rows[np.argsort(rows["time"], kind="stable")[len(rows) - len(places) :]]
        came = truth.iloc[places].notna().to_numpy()
        parts.append(Joined(look.seen[model], mine[came], truth.iloc[places[came]]))
    told = f"no key: the labels were taken in order, for the last {len(order):,} of {len(times):,} rows"
    return [part for part in parts if len(part.rows)], told if len(order) < len(times) else ""


def _check_order(truth: pd.Series, times: Array, first: float, look: Look) -> None:
    """Refuse labels in order unless they are as many as the rows they are for, and all of these are kept.

    Raises
    ------
    DataError
        If they may belong to other rows.
    """
    last = look.window.rows or int((times > look.since).sum())
    others = look.unseen(first)
    why = ""
    if len(truth) not in (len(times), last):
        why = f"{len(times):,} rows are kept, {len(truth):,} labels came"
    elif others:
        why = f"the rows that {others[0]} answered are not looked at any more"
    elif len(truth) > len(times) or not look.complete(first):
        why = (
            "some rows came too fast to be kept, or had no answer, or have made room for later ones"
        )
    if why:
        raise errors.DataError(
            "nothing tells which labels belong to which rows",
            f"{why}, and there is no key",
            "a label for each row, None where there is none yet; or --key COLUMN, of what requests bore as x-aiaas-key",
        )


def performance(part: Joined) -> Performance:
    """Return a version's metrics on its labelled rows, with intervals; ``baseline`` is the metric before deployment."""
    known = part.seen.reference
    if known is None:
        raise ValueError("a version without a reference keeps no rows")
    outcome = _outcome(part, known.task, len(known.features))
    scores = measuring.measure(outcome, known.task, repeats=REPEATS, confidence=CONFIDENCE, seed=0)
    told = tuple(
        Score(metric=s.metric, value=s.value, low=s.low, high=s.high, baseline=known.scores.get(s.metric))
        for s in scores
    )  # fmt: skip
    return Performance(model=part.seen.model, rows=len(part.rows), scores=told)


def _outcome(part: Joined, task: str, features: int) -> measuring.Outcome:
    calls = part.rows["codes"][:, features]
    classes = part.seen.served.signature.classes
    if task == "regression":
        return measuring.Outcome(part.truth.to_numpy("float64"), calls, None, 0)
    truth = subject.as_classes(part.truth, classes)
    places = {value: i for i, value in enumerate(classes)}
    numbers = truth.map(places).to_numpy("int64")
    proba = part.rows["proba"]
    sure = proba if proba.size and not np.isnan(proba).any() else None
    return measuring.Outcome(numbers, calls.astype("int64"), sure, len(classes))
