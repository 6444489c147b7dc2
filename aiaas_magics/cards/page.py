"""A card: a title and parts, told once and shown twice: as HTML for pages, as text for terminals.

Words are plain text in every part; the HTML escapes them, the text shows them as they are; control
characters, which a terminal would obey, are shown by their names in both.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aiaas_magics import errors

BLOCKS = "▁▂▃▄▅▆▇█"
"""Text, because pages that are not trusted yet, and code hosts, strip all style from HTML."""

CSS = """
.aiaas{font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,inherit);max-width:66rem;padding:2px 0 4px}
.aiaas h4{margin:0 0 .35em;font-size:14px;font-weight:600}
.aiaas .soft{color:var(--jp-ui-font-color2,#767676)}
.aiaas table{border-collapse:collapse;margin:.4em 0;font-size:12.5px}
div.aiaas.aiaas th{font-weight:600;text-align:left;border-bottom:1px solid var(--jp-border-color1,#999);padding:2px 12px 2px 0}
div.aiaas.aiaas td{text-align:left;padding:2px 12px 2px 0;border-bottom:1px solid var(--jp-border-color2,#9993)}
div.aiaas.aiaas .n{text-align:right;font-variant-numeric:tabular-nums}
div.aiaas.aiaas .bars{color:#0072B2;white-space:nowrap;line-height:1.2;font-size:11px}
.aiaas code,.aiaas pre{font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:12px}
div.aiaas.aiaas pre{margin:.3em 0;padding:6px 9px;background:var(--jp-layout-color2,#8881);border-radius:4px;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;color:inherit}
.aiaas .warn{border-left:3px solid #E69F00;padding-left:8px;margin:.35em 0}
""".strip().replace("\n", "")
"""JupyterLab's own colours, with fallbacks that read on light and dark pages. Doubled class names
outweigh JupyterLab's rule that sets all cells to the right."""


class Part(Protocol):
    """A piece of a card."""

    def html(self) -> str:
        """Return its markup."""
        ...

    def text(self) -> str:
        """Return its lines."""
        ...


class Card(NamedTuple):
    """A title and what stands below it; parts that are None are left out."""

    title: str
    parts: tuple[Part | None, ...] = ()

    def html(self) -> str:
        """Return the card as HTML."""
        body = "".join(part.html() for part in self.parts if part is not None)
        return f'<div class="aiaas"><style>{CSS}</style><h4>{escape(self.title)}</h4>{body}</div>'

    def text(self) -> str:
        """Return the card as text: the title, and the parts indented below it."""
        body = "\n".join(part.text() for part in self.parts if part is not None)
        lines = [f"  {line}".rstrip() for line in body.splitlines()]
        return errors.visible("\n".join([" ".join(self.title.split()), *lines]))


def card(title: str, *parts: Part | None) -> Card:
    """Return a card."""
    return Card(title, parts)


class Line(NamedTuple):
    """A line of words, with a weight: plain, ``soft`` or ``warn``."""

    words: str
    weight: str = ""

    def html(self) -> str:
        """Return its markup."""
        kind = f' class="{self.weight}"' if self.weight else ""
        return f"<div{kind}>{escape(self.words)}</div>"

    def text(self) -> str:
        """Return its line."""
        words = " ".join(self.words.split())
        return f"warning: {words}" if self.weight == "warn" else words


def soft(words: str) -> Line | None:
    """Return a line of lesser weight, or nothing where there are no words."""
    return Line(words, "soft") if words else None


def warning(words: str) -> Line:
    """Return a warning's line."""
    return Line(words, "warn")


class Following(NamedTuple):
    """The line to try next."""

    line: str

    def html(self) -> str:
        """Return its markup."""
        return f'<div class="soft">next: <code>{escape(self.line)}</code></div>'

    def text(self) -> str:
        """Return its line."""
        return f"next: {self.line}"


def following(line: str) -> Following | None:
    """Return the line to try next, or nothing where there is none."""
    return Following(line) if line else None


class Code(NamedTuple):
    """Lines to be copied, as they are."""

    lines: str

    def html(self) -> str:
        """Return its markup."""
        return f"<pre>{escape(self.lines)}</pre>"

    def text(self) -> str:
        """Return its lines."""
        return self.lines


class Link(NamedTuple):
    """An address to open, shown as `words`."""

    address: str
    words: str

    def html(self) -> str:
        """Return its markup."""
        href = escape(self.address)
        return (
            f'<div><a href="{href}" target="_blank" rel="noopener">{escape(self.words)}</a></div>'
        )

    def text(self) -> str:
        """Return its line."""
        return self.address


class Table(NamedTuple):
    """Rows of words below the columns' names; the columns in `numeric` stand to the right."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numeric: frozenset[int] = frozenset()

    def html(self) -> str:
        """Return its markup."""
        head = "".join(self._cell("th", i, name) for i, name in enumerate(self.columns))
        rows = (
            "".join(self._cell("td", i, cell) for i, cell in enumerate(row)) for row in self.rows
        )
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def text(self) -> str:
        """Return its lines, columns two spaces apart."""
        rows = [[" ".join(cell.split()) for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(self._padded, range(len(row)), row, widths)) for row in rows)

    def _padded(self, place: int, cell: str, wide: int) -> str:
        space = " " * (wide - width(cell))
        return space + cell if place in self.numeric else cell + space

    def _cell(self, tag: str, place: int, cell: str) -> str:
        kind = ' class="n"' if place in self.numeric else ""
        kind = ' class="bars"' if isinstance(cell, Bars) else kind
        return f"<{tag}{kind}>{escape(cell)}</{tag}>"


def width(text: str) -> int:
    """Return how many places of a terminal a text takes: letters of East Asia and emojis two, accents on their own none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


class Bars(str):
    """A small histogram drawn with block characters."""

    __slots__ = ()


def bars(counts: Sequence[tuple[str, int]]) -> Bars:
    """Return a small histogram: a block a (label, count) pair, the highest for the most.

    The lowest block is kept for no rows at all.
    """
    most = max((count for _, count in counts), default=0) or 1
    top = len(BLOCKS) - 1
    heights = (max(1, round(top * count / most)) if count else 0 for _, count in counts)
    return Bars("".join(BLOCKS[height] for height in heights))


def escape(text: object) -> str:
    """Return text that no page takes for markup."""
    return html.escape(errors.visible(str(text)), quote=True)
