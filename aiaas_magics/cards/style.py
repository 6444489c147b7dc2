"""How numbers and words look, in every card."""

from __future__ import annotations

import math
import time

from aiaas_magics.specs.base import JSON


class _State:
    docs_mode = False


def docs_mode() -> bool:
    """Whether outputs must be the same on every machine: no times, ids, ports; three digits."""
    return _State.docs_mode


def set_docs_mode(on: bool) -> None:  # noqa: FBT001 - a switch
    """Switch `docs_mode`."""
    _State.docs_mode = on


def number(value: JSON, digits: int | None = None) -> str:
    """Return a value for people: four significant digits, three in docs_mode."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "–"
    digits = digits or (3 if docs_mode() else 4)
    if abs(value) >= 10**digits - 0.5:  # what rounds up to 10**digits would read 1e+04
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"
    return f"{value:z,.{digits}g}"


def measure(value: float | None) -> str:
    """Return a metric's value with three decimals: columns of them line up."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:z.3f}" if abs(value) < 999.9995 else number(float(value))


def size(count: int) -> str:
    """Return bytes in a unit people read."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.95 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1000
    return ""


def duration(seconds: float | None) -> str:
    """Return a duration in a unit people read."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0.9995:
        return f"{1000 * max(0.0, seconds):.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def when(moment: float | None) -> str:
    """Return a moment, in seconds since 1970, by the clock on the wall; nothing in docs_mode."""
    if moment is None or docs_mode():
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def plural(count: int, word: str) -> str:
    """Return ``1 row``, ``569 rows``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def one_line(text: object, most: int = 60) -> str:
    """Return text on one line, cut where it is longer than `most`."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: most - 1] + "…"
