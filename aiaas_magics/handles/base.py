"""What every handle can do: say itself in a line, show itself as a card, tell itself as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aiaas_magics import errors
from aiaas_magics.cards import cards, charts, page, style
from aiaas_magics.cards.page import Card
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.results import Chart, Grid

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session

Bundle = dict[str, Any]
VEGA = "application/vnd.vegalite.v5+json"
RECORD = "application/vnd.aiaas+json"
"""What a handle says, for programs that read a notebook; no front end draws it."""
SECRETS = ("token", "log")


class Handle:
    """One line of text, one card, perhaps charts."""

    def line(self) -> str:
        """Return the one line."""
        raise TypeError(f"{type(self).__name__} has no line")

    def card(self) -> Card:
        """Return the card: the line and what belongs to it."""
        return page.card(self.line())

    def record(self) -> dict[str, JSON]:
        """Return what the handle says as JSON, without pictures and secrets."""
        return {"kind": "note", "text": self.line()}

    def grids(self) -> Sequence[Grid]:
        """Return the tables shown below the card."""
        return ()

    def pictures(self) -> Iterator[Bundle]:
        """Yield the charts shown below the card, ready for display."""
        yield from ()

    def __repr__(self) -> str:
        return errors.visible(self.line())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        del include, exclude
        # Records hold ids, times and seconds, which docs_mode must not show.
        told = {} if style.docs_mode() else {RECORD: self.record()}
        return bundle(self.card()) | told

    def bundles(self) -> Iterator[Bundle]:
        """Yield every output this handle consists of."""
        yield self._repr_mimebundle_()
        for grid in self.grids():
            yield bundle(cards.grid_card(grid))
        yield from self.pictures()


class Tables(Handle):
    """A handle whose tables can be worked with."""

    def table(self, name: str) -> pd.DataFrame:
        """Return a table shown below the card as a DataFrame, by its name.

        Raises
        ------
        NotFound
            If there is none of that name.
        """
        import pandas as pd

        found = {grid.name: grid for grid in self.grids()}
        if name not in found:
            raise errors.NotFound(
                f"there is no table {name!r}",
                errors.did_you_mean(name, found) if found else "there are no tables",
                "e.table('" + next(iter(found), "classes") + "')",
            )
        return pd.DataFrame(list(found[name].rows), columns=list(found[name].columns))


class Drawn(Handle):
    """A handle with charts: it displays several outputs."""

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for bundle in self.bundles():
            display(bundle, raw=True)  # type: ignore[no-untyped-call]


def bundle(card: Card) -> Bundle:
    """Return a card's output."""
    return {"text/plain": card.text(), "text/html": card.html()}


def plain(record: msgspec.Struct, *without: str) -> dict[str, JSON]:
    """Return a record as JSON, some of its fields and all secrets left out."""
    found: dict[str, JSON] = msgspec.to_builtins(record)
    return {name: value for name, value in found.items() if name not in (*without, *SECRETS)}


def picture(session: Session, chart: Chart) -> Bundle:
    """Return a chart's output: Vega-Lite, its PNG, one line. No HTML: it would be preferred."""
    import base64

    bundle: Bundle = {VEGA: rounded(chart.spec), "text/plain": errors.visible(chart.text)}
    if chart.png is not None:
        body = b"".join(session.backend.fetch(chart.png))
        bundle["image/png"] = base64.b64encode(body).decode()
    return bundle


def rounded(value: JSON) -> JSON:
    """Return a chart's dict with numbers of three digits in docs_mode."""
    if not style.docs_mode():
        return value
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return charts.significant(value, 3) if isinstance(value, float) else value
