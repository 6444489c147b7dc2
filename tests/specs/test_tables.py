"""The tables of the grammar fit the specs they become."""

import pytest

from aiaas_magics import specs
from aiaas_magics.specs.verbs import SUBMISSION, Kind

ACTIONS = [
    (verb, action) for name in specs.VERBS for verb in [specs.verb(name)] for action in verb.actions
]
MAKES = [(verb, action) for verb, action in ACTIONS if action.makes]
KINDS_OF_RECORDS = {**specs.spec_types(), **specs.command_types()}
# A source becomes one of three fields; a path, a report and replace are carried out by the session, export asks for another spec.
CARRIED_BY_SESSION = {
    "source",
    "path",
    "report",
    "replace",
    "export",
    *(option.python for option in SUBMISSION),
}


def ids(value):
    return getattr(value, "name", None) or "-"


def made(action):
    return next(cls for cls in KINDS_OF_RECORDS.values() if cls.__name__ == action.makes)


@pytest.mark.parametrize(("verb", "action"), MAKES, ids=ids)
def test_every_word_has_a_field(verb, action):
    fields = set(made(action).__struct_fields__)
    words = {option.python for option in (*action.arguments, *action.options)}
    assert words - fields <= CARRIED_BY_SESSION


@pytest.mark.parametrize(("verb", "action"), MAKES, ids=ids)
def test_defaults_agree_with_the_spec(verb, action):
    import msgspec

    defaults = {f.name: f.default for f in msgspec.structs.fields(made(action)) if not f.required}
    for option in action.options:
        if option.python in defaults and option.default is not None:
            assert defaults[option.python] == option.default


@pytest.mark.parametrize(("verb", "action"), ACTIONS, ids=ids)
def test_words_are_said_once(verb, action):
    names = [option.name for option in (*action.arguments, *action.options)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("verb", "action"), ACTIONS, ids=ids)
def test_choices_stand_where_they_belong(verb, action):
    for option in (*action.arguments, *action.options):
        assert bool(option.choices) == (option.kind in (Kind.CHOICE))


@pytest.mark.parametrize("name", list(specs.VERBS))
def test_the_default_action_exists(name):
    verb = specs.verb(name)
    assert verb.name == name
    assert verb.action(verb.default) is not None
