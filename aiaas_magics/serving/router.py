"""Which version answers a request: the one asked for, else a canary for its share, else the main one.

A request with a key (``X-AIAAS-Key``) always meets the same version while the shares stay the same, at every worker; a
share that grows keeps those it had. Without a key the share is drawn anew each time.
"""

from __future__ import annotations

import hashlib
import random
from typing import NamedTuple
from urllib.parse import quote

from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving import asking
from aiaas_magics.serving.batching import TOGETHER, Batcher, Lane, Turn
from aiaas_magics.serving.protocols.base import Loaded, State

FEW = 256
"""Rows that a quick model answers while the event loop waits, which is a fraction of a millisecond."""


class Runner:
    """A version and the way it is asked."""

    def __init__(self, loaded: Loaded, lane: Lane, mode: str) -> None:
        self.loaded, self.mode = loaded, mode
        self.model = loaded.served.model
        self.headers = ((b"x-aiaas-model", quote(self.model, safe="@").encode()),)
        predictor = loaded.predictor
        self.inline = predictor.inline
        self._here = Batcher(predictor, None, 1 if loaded.alone else FEW)
        self._there = Batcher(predictor, lane, 1 if loaded.alone else TOGETHER)

    def now(self, rows: Rows, *, proba: bool) -> Outcome:
        """Return the predictions, or raise `Problem`."""
        return asking.predict(self.loaded.predictor, rows, proba=proba)

    async def soon(self, rows: Rows, *, proba: bool, only: bool = False) -> Outcome:
        """Return the predictions when it is their turn, or raise `Problem`; `only` tells that nobody else waits for any."""
        if not self.inline or rows.n > FEW:
            return await self._there.ask(rows, proba=proba)
        if only:
            return self.now(rows, proba=proba)
        return await self._here.ask(rows, proba=proba)

    def add(self, rows: Rows, *, proba: bool, answer: Turn) -> None:
        """Let few rows be asked of a quick model in the next batch."""
        self._here.add(rows, proba=proba, answer=answer)


class _Share(NamedTuple):
    below: float
    runner: Runner


class Router:
    """The versions of an endpoint at one moment."""

    def __init__(self, state: State, lane: Lane) -> None:
        self.state = state
        self._salt = hashlib.blake2b(state.plan.endpoint.encode(), digest_size=16).digest()
        mode = state.plan.schema
        runners = {number: Runner(each, lane, mode) for number, each in state.versions.items()}
        self._by_number = runners
        self.main = next(r for r in runners.values() if r.loaded.served.role == "main")
        self.shadows = [r for r in runners.values() if r.loaded.served.role == "shadow"]
        self._shares: list[_Share] = []
        below = 0.0
        for runner in runners.values():
            if runner.loaded.served.role == "canary":
                below += runner.loaded.served.percent / 100
                self._shares.append(_Share(below, runner))

    def choose(self, number: str | None, key: bytes) -> Runner:
        """Return the version that answers: by its number where one is asked for."""
        if number is not None:
            return self._by_number[number]
        if self._shares:
            point = self._point(key) if key else random.random()  # noqa: S311 - no secret
            for share in self._shares:
                if point < share.below:
                    return share.runner
        return self.main

    def _point(self, key: bytes) -> float:
        """Return where a key lies in [0, 1): evenly spread, and otherwise at each endpoint."""
        digest = hashlib.blake2b(key, digest_size=8, salt=self._salt).digest()
        return int.from_bytes(digest) / 2**64
