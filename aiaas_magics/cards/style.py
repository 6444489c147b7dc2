"""How numbers, words and colours look, in every card."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

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


def plural(count: int, word: str) -> str:
    """Return ``1 row``, ``569 rows``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def one_line(text: object, most: int = 60) -> str:
    """Return text on one line, cut where it is longer than `most`."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: most - 1] + "…"


def escape(text: object) -> str:
    """Return text that no page takes for markup."""
    return html.escape(str(text), quote=True)


CSS = """
.aiaas{font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,inherit);max-width:60rem}
.aiaas h4{margin:0 0 .35em;font-size:14px;font-weight:600}
.aiaas .soft{color:var(--jp-ui-font-color2,#767676)}
.aiaas table{border-collapse:collapse;margin:.4em 0;font-size:12.5px}
.aiaas th{font-weight:600;text-align:left;border-bottom:1px solid var(--jp-border-color1,#999);padding:2px 12px 2px 0}
.aiaas td{text-align:left;padding:2px 12px 2px 0;border-bottom:1px solid var(--jp-border-color2,#9993)}
.aiaas .n{text-align:right;font-variant-numeric:tabular-nums}
.aiaas code,.aiaas pre{font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:12px}
.aiaas pre{margin:.3em 0;padding:6px 9px;background:var(--jp-layout-color2,#8881);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere;color:inherit}
.aiaas .warn{border-left:3px solid #E69F00;padding-left:8px;margin:.35em 0}
.aiaas .bars{display:inline-flex;align-items:flex-end;height:18px;gap:1px;vertical-align:middle}
.aiaas .bars i{width:4px;background:#0072B2;display:block;min-height:1px}
""".strip().replace("\n", "")
"""JupyterLab's own colours, with fallbacks that read on light and dark pages."""


def card(title: str, *parts: str) -> str:
    """Return a card: a title and parts that are markup already."""
    body = "".join(part for part in parts if part)
    return f'<div class="aiaas"><style>{CSS}</style><h4>{escape(title)}</h4>{body}</div>'


def soft(text: str) -> str:
    """Return a line of lesser weight."""
    return f'<div class="soft">{escape(text)}</div>' if text else ""


def warning(text: str) -> str:
    """Return a warning's line."""
    return f'<div class="warn">{escape(text)}</div>'


def following(line: str) -> str:
    """Return the line to try next."""
    return f'<div class="soft">next: <code>{escape(line)}</code></div>'


def table(
    columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], numeric: frozenset[int] = frozenset()
) -> str:
    """Return a table; cells are text and escaped here, except those that are `Markup`."""
    head = "".join(f"<th{_class(i, numeric)}>{escape(c)}</th>" for i, c in enumerate(columns))
    body = "".join(
        "<tr>"
        + "".join(f"<td{_class(i, numeric)}>{_cell(c)}</td>" for i, c in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def _class(place: int, numeric: frozenset[int]) -> str:
    return ' class="n"' if place in numeric else ""


def _cell(value: str) -> str:
    return value if isinstance(value, Markup) else escape(value)


def bars(counts: tuple[tuple[str, int], ...]) -> Markup:
    """Return a small histogram; hovering a bar tells its label and count."""
    most = max((count for _, count in counts), default=0) or 1
    drawn = "".join(
        f'<i style="height:{max(1, round(18 * count / most))}px" title="{escape(label)}: {count}"></i>'
        for label, count in counts
    )
    return Markup(f'<span class="bars">{drawn}</span>')
