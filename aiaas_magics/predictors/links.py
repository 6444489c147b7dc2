"""From what a model's arithmetic gives to labels and probabilities, as scikit-learn turns one into the other.

Adding a link: a function here, its row in `LINKS`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from aiaas_magics.predictors.packed import Array


class Answer(NamedTuple):
    """What a model says of rows.

    ``labels`` are places among the classes, or values; ``proba`` is (rows, classes); ``raw`` is what both were made of.
    """

    labels: np.ndarray
    proba: np.ndarray | None
    raw: np.ndarray


class Link(msgspec.Struct, frozen=True):
    """A link by its name in `LINKS`, and the numbers it needs: a divisor, weights."""

    kind: str
    count: float = 1.0
    weights: Array | None = None

    def opened(self) -> Callable[[np.ndarray], Answer]:
        """Return the function."""
        made: Callable[[np.ndarray], Answer] = LINKS[self.kind](self)
        return made


def _value(link: Link) -> Callable[[np.ndarray], Answer]:
    del link
    return lambda raw: Answer(raw[:, 0], None, raw)


def _mean(link: Link) -> Callable[[np.ndarray], Answer]:
    """Return the mean of a value, given the sum over `count` members."""
    return lambda raw: Answer(raw[:, 0] / link.count, None, raw)


def _exp(link: Link) -> Callable[[np.ndarray], Answer]:
    del link

    def exp(raw: np.ndarray) -> Answer:
        with np.errstate(over="ignore"):
            return Answer(np.exp(raw[:, 0]), None, raw)

    return exp


def _share(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take sums over `count` members, which are divided by it: forests, votes."""

    def share(raw: np.ndarray) -> Answer:
        proba = raw / link.count
        return Answer(proba.argmax(axis=1), proba, raw)

    return share


def _given(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take probabilities as they are; one column is those of the second of two classes."""
    del link

    def given(raw: np.ndarray) -> Answer:
        proba = pair(raw) if raw.shape[1] == 1 else raw
        return Answer(proba.argmax(axis=1), proba, raw)

    return given


def _half(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take a probability of the second class, which is the label beyond one half: a neural network's."""
    del link
    return lambda raw: Answer((raw[:, 0] > 0.5).astype("int64"), pair(raw), raw)


def _above(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take log odds of the second class, which is the label above 0."""
    del link
    return lambda raw: Answer((raw[:, 0] > 0).astype("int64"), pair(sigmoid(raw)), raw)


def _odds(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take log odds of the second class; the label is the likelier one."""
    del link

    def odds(raw: np.ndarray) -> Answer:
        proba = pair(sigmoid(raw))
        return Answer(proba.argmax(axis=1), proba, raw)

    return odds


def _least(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take log odds, in units of `count`, of the second class, which is the label from 0 on: gradient boosting's."""
    return lambda raw: Answer((raw[:, 0] >= 0).astype("int64"), pair(sigmoid(link.count * raw)), raw)  # fmt: skip


def _softmax(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take log odds of each class, divided by `count` before they become probabilities."""
    return lambda raw: Answer(raw.argmax(axis=1), softmax(raw / link.count), raw)


def _rest(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take log odds of each class against the rest."""
    del link

    def rest(raw: np.ndarray) -> Answer:
        proba = sigmoid(raw)
        whole = proba.sum(axis=1, keepdims=True)
        proba = np.where(whole == 0, 1.0 / raw.shape[1], proba / np.where(whole == 0, 1.0, whole))
        return Answer(raw.argmax(axis=1), proba, raw)

    return rest


def _said(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take the label's place, then probabilities that need not tell it: the model decides otherwise."""
    del link
    return lambda raw: Answer(raw[:, 0].astype("int64"), raw[:, 1:], raw[:, 1:])


def _named(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take the label's place, then scores, or none."""
    del link
    return lambda raw: Answer(raw[:, 0].astype("int64"), None, raw[:, 1:])


def _sign(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take a distance: the second class beyond 0, without a probability."""
    del link
    return lambda raw: Answer((raw[:, 0] > 0).astype("int64"), None, raw)


def _largest(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take a score a class, without probabilities."""
    del link
    return lambda raw: Answer(raw.argmax(axis=1), None, raw)


def _duels(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take a distance a pair of classes: each votes for the first of the two above 0 (libsvm)."""
    classes = int(link.count)
    pairs = list(itertools.combinations(range(classes), 2))

    def duels(raw: np.ndarray) -> Answer:
        votes = np.zeros((len(raw), classes), dtype="int64")
        for column, (one, other) in enumerate(pairs):
            won = raw[:, column] > 0
            votes[:, one] += won
            votes[:, other] += ~won
        return Answer(votes.argmax(axis=1), None, raw)

    return duels


def _median(link: Link) -> Callable[[np.ndarray], Answer]:
    """Take a value a member, of which the weighted median counts (AdaBoost.R2; Drucker, ICML 1997)."""
    weights = np.ones(1) if link.weights is None else link.weights.read()

    def median(raw: np.ndarray) -> Answer:
        order = np.argsort(raw, axis=1)
        total = np.cumsum(weights[order], axis=1)
        enough = (total >= 0.5 * total[:, -1:]).argmax(axis=1)
        rows = np.arange(len(raw))
        return Answer(raw[rows, order[rows, enough]], None, raw)

    return median


def pair(second: np.ndarray) -> np.ndarray:
    """Return the probabilities of two classes, given that of the second as a column."""
    return np.concatenate([1 - second, second], axis=1)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)); far below 0 it is 0, as scipy's expit is."""
    with np.errstate(over="ignore"):
        found: np.ndarray = 1.0 / (1.0 + np.exp(-x))
    return found


def softmax(x: np.ndarray) -> np.ndarray:
    """Return exp(x) as shares of its row."""
    with np.errstate(invalid="ignore"):
        found = np.exp(x - x.max(axis=1, keepdims=True))
    whole: np.ndarray = found / found.sum(axis=1, keepdims=True)
    return whole


LINKS: dict[str, Callable[[Link], Callable[[np.ndarray], Answer]]] = {
    "value": _value, "mean": _mean, "exp": _exp, "share": _share, "given": _given, "half": _half, "above": _above, "odds": _odds,
    "least": _least, "softmax": _softmax, "rest": _rest, "sign": _sign, "largest": _largest,
    "duels": _duels, "median": _median, "said": _said, "named": _named,
}  # fmt: skip
