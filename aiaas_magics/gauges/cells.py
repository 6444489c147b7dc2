"""A cell of the counters: what is counted of a version in a minute, an hour, or ever; in words of 64 bits.

A cell: its stamp, `FIELDS`, a count a status code, a count a latency bin.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence

import numpy as np

CODES = (200, 400, 401, 403, 404, 405, 408, 413, 415, 421, 422, 429, 500, 503, 504, 0)
"""Status codes that are counted; 0 stands for all others."""
FIELDS = ("rows", "noted", "nanoseconds", "compared", "agreeing", "apart", "failed")
"""Rows asked about, rows of them that were noted as odd, time spent; rows a shadow was asked about as well, those of them
with the same label, the differences summed up (a float's bits: they may be of any size), and requests the shadow had no
answer to."""
LOWEST, OCTAVES, PARTS = -15, 21, 8
"""Latency bins: from 2**-15 s (30 microseconds) on, 21 octaves of 8 bins, each 9 % wide; the last is for all beyond 64 s."""
BINS = OCTAVES * PARTS + 1
ROWS, NOTED, NANOS, COMPARED, AGREEING, APART, FAILED = range(1, 1 + len(FIELDS))
FIRST_CODE = 1 + len(FIELDS)
FIRST_BIN = FIRST_CODE + len(CODES)
CELL = FIRST_BIN + BINS
LARGEST = 2**64 - 1
PLACE = {code: FIRST_CODE + i for i, code in enumerate(CODES)}
OTHER = PLACE[0]


def added(place: int, one: int, other: int) -> int:
    """Return the sum of two words at a place of a cell; of what would be too large for a word, the largest."""
    if place == APART:
        return as_bits(as_float(one) + as_float(other))
    return min(one + other, LARGEST)


def as_float(word: int) -> float:
    """Return the number whose bits a word holds."""
    found: float = struct.unpack("=d", struct.pack("=Q", word))[0]
    return found


def as_bits(value: float) -> int:
    """Return the bits of a number; of one that is too large, the largest's."""
    found: int = struct.unpack("=Q", struct.pack("=d", min(value, sys.float_info.max)))[0]
    return found


def bins_of(seconds: Sequence[float]) -> list[tuple[int, int]]:
    """Return (number of a bin, requests in it) of latencies."""
    above = np.log2(np.maximum(seconds, 2.0**LOWEST)) - LOWEST
    numbers, counts = np.unique(
        np.minimum(above * PARTS, BINS - 1).astype("int64"), return_counts=True
    )
    return list(zip(numbers.tolist(), counts.tolist(), strict=True))


def edge(number: int) -> float:
    """Return the lower edge of a latency bin, in seconds; the first begins at 0."""
    return 2 ** (LOWEST + number / PARTS) if number else 0.0


class Tally:
    """What was counted of one version in some time."""

    def __init__(self) -> None:
        self._words = [0] * CELL

    def add(self, words: memoryview[int]) -> None:
        """Add the words of a cell."""
        apart = added(APART, self._words[APART], words[APART])
        self._words = [a + b for a, b in zip(self._words, words, strict=True)]
        self._words[APART] = apart

    @property
    def codes(self) -> dict[int, int]:
        """Status code -> requests; 0: any code without a count of its own."""
        return {code: self._words[PLACE[code]] for code in CODES if self._words[PLACE[code]]}

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(self._words[FIRST_CODE:FIRST_BIN])

    @property
    def errors(self) -> int:
        """Requests that failed on our side: status 500 and above."""
        return sum(count for code, count in self.codes.items() if code >= 500)

    @property
    def refused(self) -> int:
        """Requests that were refused: status 400 to 499."""
        return sum(count for code, count in self.codes.items() if 400 <= code < 500)

    @property
    def rows(self) -> int:
        """Rows asked about."""
        return self._words[ROWS]

    @property
    def noted(self) -> int:
        """Rows that were noted as odd."""
        return self._words[NOTED]

    @property
    def seconds(self) -> float:
        """Time spent, summed up."""
        return self._words[NANOS] / 1e9

    @property
    def bins(self) -> list[int]:
        """Requests by latency bin."""
        return self._words[FIRST_BIN:]

    @property
    def compared(self) -> int:
        """Rows a shadow was asked about."""
        return self._words[COMPARED]

    @property
    def agreeing(self) -> int:
        """Rows of those that both gave the same label."""
        return self._words[AGREEING]

    @property
    def failed(self) -> int:
        """Requests to which a shadow had no answer."""
        return self._words[FAILED]

    @property
    def apart(self) -> float | None:
        """Mean difference of probabilities, or of predicted numbers, to those of the main version.

        None: nothing was compared, or labels without probabilities.
        """
        total = as_float(self._words[APART])
        if not self.compared or (not total and self.agreeing < self.compared):
            return None
        return total / self.compared

    def quantile(self, share: float) -> float | None:
        """Return the latency that a share of the requests stayed below, in seconds; within 5 %. None without requests."""
        total = sum(self.bins)
        if not total:
            return None
        reached, wanted = 0.0, share * total
        for number, count in enumerate(self.bins):
            if count and reached + count >= wanted:
                low, high = edge(number), edge(number + 1)
                return low + (high - low) * (wanted - reached) / count
            reached += count
        return edge(BINS - 1)

    def buckets(self) -> list[tuple[float, int]]:
        """Return (upper edge in seconds, requests up to it) at whole octaves, as Prometheus has histograms."""
        found, reached = [], 0
        for octave in range(OCTAVES):
            reached += sum(self.bins[octave * PARTS : (octave + 1) * PARTS])
            found.append((2.0 ** (LOWEST + octave + 1), reached))
        return found
