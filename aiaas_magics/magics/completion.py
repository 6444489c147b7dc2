"""Completion inside the magics: verbs, actions, options, columns, algorithms, parameters, stored names."""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aiaas_magics import errors, specs
from aiaas_magics.magics.names import estimators, is_table
from aiaas_magics.specs import rollout
from aiaas_magics.specs.verbs import Action, Kind, Option, Verb

LINE = re.compile(r"(?:^|=)\s*(%{1,2})aiaas(?:_(\w*))?(?:\s+(.*))?$")
TEXTS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
PACKED = tuple(f"{text}{packed}" for text in TEXTS for packed in (".gz", ".bz2", ".xz"))
DATA_FILES = (*TEXTS, *PACKED, ".zip", ".parquet", ".pq", ".arrow", ".feather")
MODEL_FILES = (".skops", ".joblib", ".pkl", ".pickle")
ENDINGS: dict[Kind, tuple[str, ...]] = {
    Kind.SOURCE: DATA_FILES,
    Kind.PATH: DATA_FILES,
    Kind.FILE: MODEL_FILES,
    Kind.FOLDER: (),
}
"""Kind of a word -> endings of the files it may mean; folders are proposed for all."""
VERSIONED = {Kind.DATA: "data", Kind.MODEL: "models", Kind.MODELS: "models"}
"""Kind of a word -> the table of what has versions, ``clf@4``."""
REMEMBER = 2.0
"""Seconds a list of stored names is good for: a burst of keys asks once."""


class Completer:
    """Proposes the next word of a line. The home is opened for the first stored name that is asked for."""

    def __init__(
        self, variables: Callable[[], Mapping[str, Any]], session: Callable[[], Any]
    ) -> None:
        self._variables, self._session = variables, session
        self._names: dict[Kind, tuple[float, list[str]]] = {}

    def complete(self, text: str) -> tuple[str, list[str]] | None:
        """Return the fragment to replace and what could stand there; None if the line is not ours."""
        found = LINE.search(text)
        if found is None:
            return None
        percent, name, rest = found.groups()
        if rest is None:
            fragment = f"{percent}aiaas" + (f"_{name}" if name is not None else "")
            known = [
                f"{percent}aiaas_{verb}" if verb else f"{percent}aiaas" for verb in specs.VERBS
            ]
            return fragment, [word for word in known if word.startswith(fragment)]
        if name not in specs.VERBS:
            return None
        words = rest.split()
        fragment = "" if rest.endswith((" ", "\t")) or not words else words.pop()
        return self._word(specs.verb(name), words, fragment)

    def _word(self, verb: Verb, words: list[str], fragment: str) -> tuple[str, list[str]]:
        action, rest = _action(verb, words)
        if action is None or (not words and verb.action("") is None):
            names = [a.name for a in verb.actions if a.name.startswith(fragment)]
            if action is None or names:
                return fragment, names
        before = next((o for o in action.options if rest and rest[-1] == f"--{o.name}"), None)
        if before is not None and before.kind is not Kind.FLAG:
            return self._value(before, action, rest, fragment)
        if fragment.startswith("--") and "=" not in fragment:
            given = {word.partition("=")[0] for word in rest}
            options = [f"--{o.name}" for o in action.options if f"--{o.name}" not in given]
            return fragment, [o for o in options if o.startswith(fragment)]
        name, equals, value = fragment.partition("=")
        if equals:
            return value, self._choices(name, action, rest, value)
        place = _place(action, rest)
        proposed = []
        if place < len(action.arguments):
            free = action.arguments[place]
            if not free.beside or f"--{free.beside}" in rest:
                proposed = self._known(free.kind, action, rest, fragment)
        elif action.parameters:
            proposed = [f"{p}=" for p in self._parameters(action, rest)]
        options = (
            []
            if fragment
            else [f"--{o.name}" for o in action.options if o.required and f"--{o.name}" not in rest]
        )
        return fragment, [word for word in (*proposed, *options) if word.startswith(fragment)]

    def _value(
        self, option: Option, action: Action, rest: list[str], fragment: str
    ) -> tuple[str, list[str]]:
        head, comma, tail = fragment.rpartition(",")
        if option.kind not in (Kind.COLUMNS, Kind.ALGORITHMS):
            head, comma, tail = "", "", fragment
        done = head.split(",")
        known = self._known(option.kind, action, rest, tail) or list(option.choices)
        return tail, [
            word for word in known if word.startswith(tail) and word not in done
        ] if comma or known else []

    def _known(self, kind: Kind, action: Action, rest: list[str], fragment: str) -> list[str]:
        if kind in (Kind.COLUMN, Kind.COLUMNS):
            return self._columns(action, rest)
        if kind is Kind.VERSION:
            return self._versions(action, rest)
        if kind in (Kind.ALGORITHM, Kind.ALGORITHMS):
            from aiaas_magics.specs.algorithms import ALGORITHMS, AUTO

            alone = kind is Kind.ALGORITHM and action.parameters == "fixed"
            return [*([AUTO.name] if alone else []), *(each.name for each in ALGORITHMS)]
        if kind is Kind.METRIC:
            from aiaas_magics.specs.metrics import METRICS

            return [metric.name for metric in METRICS]
        if kind is Kind.ESTIMATOR:
            return sorted(estimators(self._variables()))
        tables = [
            name for name, value in self._variables().items() if is_table(value) and name[0] != "_"
        ]
        found = tables if kind in (Kind.DATA, Kind.SOURCE) else []
        if kind in ENDINGS:
            found = [*found, *_files(fragment, ENDINGS[kind])]
        return sorted({*found, *self._stored(kind, fragment)})

    def _stored(self, kind: Kind, fragment: str) -> list[str]:
        name, at, _ = fragment.partition("@")
        if at and kind in VERSIONED:
            with contextlib.suppress(errors.AiaasError):  # the line itself will say it
                found = self._session().backend.query(VERSIONED[kind], {"name": name})
                return [record.ref for record in found]
            return []
        when, names = self._names.get(kind, (0.0, []))
        if time.monotonic() - when > REMEMBER:
            names = []
            with contextlib.suppress(errors.AiaasError):  # the line itself will say it
                names = self._session().names(kind)
            self._names[kind] = (time.monotonic(), names)
        return names

    def _columns(self, action: Action, rest: list[str]) -> list[str]:
        places = [i for i, option in enumerate(action.arguments) if option.kind is Kind.DATA]
        tables = {f"--{option.name}" for option in action.options if option.kind is Kind.DATA}
        words = _positional(action, rest)
        given = words[places[0] : places[0] + 1] if places else []
        given += [value for name, value in itertools.pairwise(rest) if name in tables]
        if not given:
            return self._inputs(action, words)
        word = given[0].partition(":")[2] or given[0]
        value = self._variables().get(word)
        if is_table(value):
            return [str(name) for name in value.columns]  # type: ignore[union-attr]
        try:
            found: list[str] = self._session().columns(word)
        except errors.AiaasError:  # no such data, or not yet
            return []
        return found

    def _inputs(self, action: Action, words: list[str]) -> list[str]:
        """Return the columns of the model a line names."""
        place = next((i for i, o in enumerate(action.arguments) if o.kind is Kind.MODEL), None)
        if place is None or len(words) <= place:
            return []
        try:
            inputs = self._session().model(words[place]).signature.inputs
        except errors.AiaasError:  # no such model, or not yet
            return []
        return [name for name, _ in inputs]

    def _versions(self, action: Action, rest: list[str]) -> list[str]:
        """Return the versions of the endpoint a line names."""
        words = _positional(action, rest)
        try:
            return rollout.known(self._session().endpoint(words[0])) if words else []
        except errors.AiaasError:  # no such endpoint, or not yet
            return []

    def _parameters(self, action: Action, rest: list[str]) -> list[str]:
        algorithm = _algorithm(rest)
        given = {word.partition("=")[0] for word in rest}
        if algorithm is None or not action.parameters:
            return []
        return list(dict.fromkeys(p.name for p in algorithm.parameters if p.name not in given))

    def _choices(self, name: str, action: Action, rest: list[str], value: str) -> list[str]:
        algorithm = _algorithm(rest)
        option = next((o for o in action.options if f"--{o.name}" == name), None)
        if option is not None:
            return [
                w
                for w in (*option.choices, *self._known(option.kind, action, rest, value))
                if w.startswith(value)
            ]
        rows = [p for p in algorithm.parameters if p.name == name] if algorithm else []
        words = [repr(choice) for p in rows for choice in p.choices]
        words += ["True", "False"] if any("bool" in p.types for p in rows) else []
        words += ["None"] if any("none" in p.types for p in rows) else []
        if action.parameters == "grid":
            words += [worth for p in rows if p.search and (worth := _worth(p.search))]
        return [word for word in words if word.startswith(value)]


def _worth(search: Any) -> str:
    """Return the distribution of what is worth trying; of listed values there is none."""
    from aiaas_magics.specs.spaces import Distribution, compact

    if search.values or search.low is None or search.high is None or search.low >= search.high:
        return ""
    name = ("log" if search.log and search.low > 0 else "") + (
        "randint" if search.whole else "uniform"
    )
    return compact(Distribution(name, search.low, search.high + search.whole))


def _action(verb: Verb, words: list[str]) -> tuple[Action | None, list[str]]:
    only = verb.action("")
    if only is not None:
        return only, words
    named = verb.action(words[0]) if words else None
    if named is not None:
        return named, words[1:]
    return verb.action(verb.default), words


def _positional(action: Action, rest: list[str]) -> list[str]:
    found, skip = [], False
    takes = {f"--{o.name}" for o in action.options if o.kind is not Kind.FLAG}
    for word in rest:
        if not skip and not word.startswith("--") and "=" not in word:
            found.append(word)
        skip = word in takes and not skip
    return found


def _place(action: Action, rest: list[str]) -> int:
    place, last = len(_positional(action, rest)), len(action.arguments) - 1
    return min(place, last) if last >= 0 and action.arguments[last].many else place


def _algorithm(rest: list[str]) -> Any:
    from aiaas_magics.specs.algorithms import ALGORITHMS

    pairs = itertools.pairwise(rest)
    name = next((b for a, b in pairs if a == "--algo"), None)
    name = name or next((w.partition("=")[2] for w in rest if w.startswith("--algo=")), None)
    return next((algorithm for algorithm in ALGORITHMS if algorithm.name == name), None)


def _files(fragment: str, endings: tuple[str, ...]) -> Iterable[str]:
    folder, _, start = fragment.rpartition("/")
    try:
        entries = sorted(
            Path(folder + "/" if folder or fragment.startswith("/") else ".").iterdir()
        )
    except OSError:
        return []
    prefix = f"{folder}/" if folder or fragment.startswith("/") else ""
    shown = (
        f"{prefix}{e.name}{'/' if e.is_dir() else ''}" for e in entries if e.name.startswith(start)
    )
    wanted = (*endings, "/")
    return [
        name
        for name in shown
        if name.lower().endswith(wanted) and not Path(name).name.startswith(".")
    ]
