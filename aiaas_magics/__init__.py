"""AI as a service inside a notebook: from a table to a live endpoint, one line a step.

In a notebook: ``%load_ext aiaas_magics``, then ``%aiaas``. In Python, the same verbs with the same names and
answers::

    import aiaas_magics as aiaas
    aiaas.train(df, target="diagnosis", algo="random_forest", as_="clf")

This file puts the doors together and imports nothing heavy: names are loaded when they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiaas_magics.version import __version__

if TYPE_CHECKING:
    from aiaas_magics import errors, session
    from aiaas_magics.engines.sharing.search import SharedGridSearchCV

__all__ = [
    "SharedGridSearchCV",
    "__version__",
    "connect",
    "data",
    "deploy",
    "endpoints",
    "errors",
    "evaluate",
    "jobs",
    "load_ipython_extension",
    "models",
    "monitor",
    "overview",
    "predict",
    "prepare",
    "session",
    "train",
    "tune",
    "unload_ipython_extension",
]

MODULES = ("errors", "session")
OBJECTS = {"SharedGridSearchCV": "engines.sharing.search"}
"""Public classes, and the module of each; they need scikit-learn, which is loaded with them."""

_loaded: dict[int, Callable[[], None]] = {}


def __getattr__(name: str) -> Any:
    if name in OBJECTS:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{OBJECTS[name]}"), name)
    if name in __all__ and name not in MODULES:
        from aiaas_magics import twin

        found: Any = twin.twin(name)
        globals()[name] = found
        return found
    if name in MODULES:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def connect(home: str | None = None) -> session.Session:
    """Open a home and make it this process's.

    Parameters
    ----------
    home
        A folder; the usual home (``$AIAAS_HOME``, else the platform's) where it is not given.

    Raises
    ------
    errors.BackendUnavailable
        If the folder cannot be used.
    """
    from aiaas_magics import session

    return session.connect(home)


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: ``%load_ext aiaas_magics``."""
    from aiaas_magics import configuration, magics

    if id(shell) in _loaded:
        return
    unregister = magics.register(shell)
    configuration.attach(shell)
    _loaded[id(shell)] = unregister


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away: ``%unload_ext aiaas_magics``; jobs and endpoints go on."""
    from aiaas_magics import session

    _loaded.pop(id(shell), lambda: None)()
    session.close()
