"""Work shared out over threads, in order: numpy and scikit-learn let go of the interpreter's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def shared(function: Callable[[Item], Made], items: Iterable[Item], cores: int) -> Iterator[Made]:
    """Yield ``function(item)`` for each item, in order; what has not begun when it is closed never does."""
    if cores < 2:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(cores) as pool:
        yield from in_order(pool, function, items, cores + 1)


def in_order(
    pool: ThreadPoolExecutor, function: Callable[[Item], Made], items: Iterable[Item], ahead: int
) -> Iterator[Made]:
    """Yield ``function(item)`` for each item, in order, at most `ahead` of them in the making.

    What has not begun when it is closed, or after an error, never does.
    """
    waiting: deque[Future[Made]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
