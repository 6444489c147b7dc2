"""``%config AIaaS``: the switches of a notebook."""

from __future__ import annotations

import sys
from typing import Any

from traitlets import Bool, observe
from traitlets.config import Configurable


class AIaaS(Configurable):
    """How aiaas_magics behaves in this notebook."""

    docs_mode = Bool(
        default_value=False,
        help="Make outputs the same on every machine: no times, ids, ports, progress; three digits.",
    ).tag(config=True)
    progress = Bool(default_value=True, help="Show the progress of jobs.").tag(config=True)

    @observe("docs_mode", "progress")
    def _changed(self, change: Any) -> None:
        del change
        self.apply()

    def apply(self) -> None:
        """Put the switches into force."""
        from aiaas_magics import session
        from aiaas_magics.cards import style

        style.set_docs_mode(self.docs_mode)
        shown = self.progress and not self.docs_mode
        session.watch_with(_watcher if shown else None)


def _watcher() -> Any:
    """Return a display of progress that suits where we are."""
    if "ipykernel" in sys.modules and sys.modules["ipykernel"] is not None and _in_kernel():
        from aiaas_magics.widgets.progress import NotebookProgress

        return NotebookProgress()
    from aiaas_magics.widgets.terminal import TerminalProgress

    return TerminalProgress()


def _in_kernel() -> bool:
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def attach(shell: Any) -> AIaaS:
    """Register the switches with a shell and put them into force."""
    known = next((each for each in shell.configurables if isinstance(each, AIaaS)), None)
    if known is not None:
        return known
    settings = AIaaS(parent=shell)
    shell.configurables.append(settings)
    if settings.docs_mode or not settings.progress:
        settings.apply()
    else:
        _later(shell, settings)
    return settings


def _later(shell: Any, settings: AIaaS) -> None:
    """Put the switches into force with the first cell, so that loading stays light."""

    def first(info: Any) -> None:
        del info
        shell.events.unregister("pre_run_cell", first)
        if not settings.docs_mode:
            settings.apply()

    shell.events.register("pre_run_cell", first)
