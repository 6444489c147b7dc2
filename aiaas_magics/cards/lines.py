"""The line that made something, told again from its spec."""

from __future__ import annotations

from aiaas_magics import specs
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.calls import Call, render
from aiaas_magics.specs.records import Lineage

ACTIONS = {"import_model": ("models", "import")}
"""Specs that are not called as their verb is."""
UNNAMED = "DATA"
"""What stands for a table that was a variable of the notebook."""


def of(lineage: Lineage) -> str:
    """Return the line that makes a model like this again; its data by version."""
    spec = dict(lineage.spec)
    kind = str(spec.pop("kind"))
    verb, action = ACTIONS.get(kind, (kind, ""))
    if verb not in specs.VERBS:
        return f"%aiaas_{kind}"
    spec |= {name: lineage.data_ref or UNNAMED for name in ("data", "sample") if spec.get(name)}
    spec |= {"file": spec["filename"]} if "filename" in spec else {}
    table = specs.verb(verb).action(action)
    words = (*table.arguments, *table.options) if table is not None else ()
    values = {option.python: _word(spec.get(option.python)) for option in words}
    known = {name: value for name, value in values.items() if value not in (None, (), False)}
    return render(Call(verb, action, known, spec.get("params") or {}))


def _word(value: JSON) -> JSON:
    return tuple(value) if isinstance(value, list) else value
