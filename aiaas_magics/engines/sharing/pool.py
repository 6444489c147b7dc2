"""Threads of a search, and who watches it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, Self

from sklearn import config_context, get_config
from threadpoolctl import threadpool_limits

from aiaas_magics.engines.sharing.base import Item, Made
from aiaas_magics.engines.threads import in_order


class Watcher(Protocol):
    """Who watches a search."""

    def progress(self, done: float, text: str = "") -> None:
        """Hear how many units of a group's plan are done."""
        ...

    def stopping(self) -> bool:
        """Tell whether the best so far is wanted."""
        ...


class Unwatched:
    """Nobody watches."""

    def progress(self, done: float, text: str = "") -> None:
        """Hear nothing."""

    def stopping(self) -> bool:
        """Want all of it."""
        return False


class Threads:
    """A `Pool` of threads, which end with the ``with`` block; one core computes in the caller's own."""

    def __init__(self, cores: int, watcher: Watcher | None = None) -> None:
        self.cores, self._watcher = cores, watcher or Unwatched()
        self._threads = ThreadPoolExecutor(cores, "sharing", _narrow) if cores > 1 else None
        self._config = get_config()  # scikit-learn's holds for one thread only

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """Yield the results in the order of the items; at most twice as many as threads are in the making."""
        if self._threads is None:
            yield from map(function, self._wanted(items))
            return
        configured = functools.partial(self._configured, function)
        yield from in_order(self._threads, configured, self._wanted(items), 2 * self.cores)

    def _wanted(self, items: Iterable[Item]) -> Iterator[Item]:
        return itertools.takewhile(lambda _: not self.stopping(), items)

    def _configured(self, function: Callable[[Item], Made], item: Item) -> Made:
        with config_context(**self._config):
            return function(item)

    def progress(self, done: float, text: str = "") -> None:
        """Tell who watches."""
        self._watcher.progress(done, text)

    def stopping(self) -> bool:
        """Ask who watches."""
        return self._watcher.stopping()


def _narrow() -> None:
    """Give a thread no OpenMP threads of its own: it does not inherit the limit of who began it."""
    threadpool_limits(1, "openmp")
