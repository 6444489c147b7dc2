"""Progress in a notebook: a bar that comes when a job takes long, and goes when it has ended."""

from __future__ import annotations

import time
from typing import Any

from IPython.display import display
from ipywidgets import HTML, FloatProgress, HBox, Layout

from aiaas_magics.cards import page
from aiaas_magics.specs.jobs import Event
from aiaas_magics.widgets.terminal import said

FIRST = 0.3
"""Seconds before the bar comes: a flash disturbs more than it tells."""
EVERY = 0.1


class NotebookProgress:
    """A bar, what is being done, how long it will take, and how to stop it."""

    def __init__(self) -> None:
        self._begun, self._last, self._stopping = time.monotonic(), 0.0, False
        self._box: Any = None
        self._bar: Any = None
        self._text: Any = None
        self._place: Any = None

    def __call__(self, event: Event) -> None:
        """Take an event."""
        now = time.monotonic()
        if event.type == "state" and event.body["to"] == "STOPPING":
            self._stopping = True
            if self._text is not None:
                self._text.value = self._words("stopping, keeping the best so far")
        if event.type != "progress" or now - self._begun < FIRST or now - self._last < EVERY:
            return
        self._last = now
        if self._box is None:
            self._show()
        total = event.body["total"] or 1
        self._bar.value = min(1.0, event.body["done"] / total)
        self._text.value = self._words(said(event))

    def _show(self) -> None:
        self._bar = FloatProgress(value=0.0, min=0.0, max=1.0, layout=Layout(width="240px"))
        self._text = HTML(value="")
        self._box = HBox([self._bar, self._text])
        self._place = display(self._box, display_id=True)  # type: ignore[no-untyped-call]

    def _words(self, text: str) -> str:
        how = "interrupt again to cancel" if self._stopping else "interrupt the kernel (■) to stop"
        hint = f'<span style="opacity:.65"> · {how}</span>'
        return f'<span style="font-size:13px">{page.escape(text)}{hint}</span>'

    def close(self) -> None:
        """Take the bar away."""
        if self._box is not None:
            # Otherwise a saved notebook keeps the address of a bar that is no more.
            self._place.update({"text/html": "", "text/plain": ""}, raw=True)
            self._box.close()
            self._bar.close()
            self._text.close()
