"""Time in cells: one a minute for the last two hours, one an hour for the last week.

Cells lie in a ring and bear a stamp, so that nothing is ever moved: a cell whose stamp is old is emptied and used again.
The recent past is told by the minute, what lies before it by the hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

MINUTE, HOUR = 60, 3600
MINUTES, HOURS = 120, 7 * 24
CELLS = MINUTES + HOURS
"""Of a ring: first the minutes, then the hours."""


class Span(NamedTuple):
    """A cell that holds something: its place in the ring, when it began, and how long it is (seconds)."""

    place: int
    begin: int
    seconds: int


def places(now: float) -> tuple[Span, Span]:
    """Return the cells of the minute and of the hour of a moment (seconds since 1970)."""
    minute, hour = int(now) // MINUTE, int(now) // HOUR
    return (
        Span(minute % MINUTES, minute * MINUTE, MINUTE),
        Span(MINUTES + hour % HOURS, hour * HOUR, HOUR),
    )


def ends(now: float) -> float:
    """Return when the minute of a moment ends."""
    return (int(now) // MINUTE + 1) * MINUTE


def border(now: float) -> int:
    """Return from when on the past is told by the minute: the first hour whose minutes are all in the ring."""
    oldest = (int(now) // MINUTE - MINUTES + 1) * MINUTE
    return -(-oldest // HOUR) * HOUR


def chosen(stamps: Sequence[int], since: float, now: float) -> Iterator[Span]:
    """Yield the cells that hold what happened since a moment, each moment in one of them, oldest first.

    Parameters
    ----------
    stamps
        When each cell of the ring began; 0: it was never used. Those that a silent version left behind are too old.
    since
        Cells that end later count: a window is of whole minutes, and beyond two hours of whole hours.
    """
    first = border(now)
    found = [
        Span(place, begin, MINUTE if place < MINUTES else HOUR)
        for place, begin in enumerate(stamps)
        if begin > now - HOURS * HOUR
    ]
    for span in sorted(found, key=lambda each: each.begin):
        fine = span.seconds == MINUTE
        if span.begin + span.seconds > since and fine == (span.begin >= first):
            yield span
