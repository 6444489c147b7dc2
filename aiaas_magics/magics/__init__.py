"""The notebook door.

Loading it registers the magics by name and nothing else: the tables, and what they need, are imported
with the first line that uses them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

VERBS = (
    "",
    "connect",
    "data",
    "prepare",
    "train",
    "tune",
    "evaluate",
    "deploy",
    "predict",
    "monitor",
    "jobs",
    "models",
    "endpoints",
)
"""Those of ``specs.VERBS``, which must not be imported to know them; a test compares."""

UNKNOWN = re.compile(r"^(\s*(?:\w+\s*=\s*)?)%aiaas_(\w+)")


class Magic:
    """A magic that loads what it needs when it is first used.

    The attributes are IPython's: the line comes as typed (``no_var_expand``), with the caller's own
    variables (``needs_local_scope``).
    """

    _ipython_magic_no_var_expand = True
    needs_local_scope = True

    def __init__(self, shell: Any, verb: str) -> None:
        self._shell, self._verb = shell, verb
        self.__name__ = f"aiaas_{verb}" if verb else "aiaas"

    def __call__(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> object:
        """Carry out a line, perhaps with a cell's body."""
        from aiaas_magics.magics import lines

        return lines.run(self._shell, self._verb, line, cell, local_ns)

    def getdoc(self) -> str:
        """Return what ``?`` shows."""
        from aiaas_magics import specs
        from aiaas_magics.magics import manual

        return manual.help_text(specs.verb(self._verb))


class Matcher:
    """IPython's way to ask for completions."""

    matcher_api_version = 2
    matcher_priority = 100
    matcher_identifier = "aiaas_magics"

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._completer: Any = None
        self.__qualname__ = self.matcher_identifier  # IPython takes matchers for functions

    def __call__(self, context: Any) -> dict[str, Any]:
        """Return the completions of the line under the cursor; anything else is not ours."""
        nothing = {"completions": [], "suppress": False}
        text = context.line_with_cursor[: context.cursor_position]
        if "%aiaas" not in text:
            return nothing
        try:
            found = self._find().complete(text)
        except Exception:  # noqa: BLE001 - completion must never disturb typing
            return nothing
        if found is None:
            return nothing
        from IPython.core.completer import SimpleCompletion

        fragment, words = found
        return {
            "completions": [SimpleCompletion(word, type="magic") for word in words],
            "matched_fragment": fragment,
            "ordered": True,
            "suppress": bool(words),
        }

    def _find(self) -> Any:
        if self._completer is None:
            from aiaas_magics import session
            from aiaas_magics.magics.completion import Completer

            self._completer = Completer(lambda: self._shell.user_ns, session.current)
        return self._completer


def redirect(lines: list[str]) -> list[str]:
    """Let an unknown ``%aiaas_word`` be answered by us, with what was meant.

    IPython's own message for an unknown magic cannot be replaced; this input transformer hands the line
    to ``%aiaas word``.
    """
    return [UNKNOWN.sub(_known_or_ours, line) for line in lines]


def _known_or_ours(found: re.Match[str]) -> str:
    return found[0] if found[2] in VERBS else f"{found[1]}%aiaas {found[2]}"


def register(shell: Any) -> Callable[[], None]:
    """Register the magics in an IPython shell; return how to take them away again."""
    matcher = Matcher(shell)
    for verb in VERBS:
        magic = Magic(shell, verb)
        shell.register_magic_function(magic, magic_kind="line_cell", magic_name=magic.__name__)
    shell.Completer.custom_matchers.append(matcher)
    shell.input_transformers_cleanup.append(redirect)

    def unregister() -> None:
        for verb in VERBS:
            name = f"aiaas_{verb}" if verb else "aiaas"
            for kind in ("line", "cell"):
                shell.magics_manager.magics[kind].pop(name, None)
        shell.Completer.custom_matchers.remove(matcher)
        shell.input_transformers_cleanup.remove(redirect)

    return unregister
