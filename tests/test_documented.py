"""Nothing is undocumented, and the manual names everything."""

import inspect
import itertools
import json
import pkgutil

import jsonschema
import pytest

import aiaas_magics
from aiaas_magics import specs
from aiaas_magics.magics import manual
from aiaas_magics.specs.algorithms import ALGORITHMS
from aiaas_magics.specs.metrics import METRICS

ACTIONS = [
    (verb, action) for name in specs.VERBS for verb in [specs.verb(name)] for action in verb.actions
]
PAGE = manual.page()


@pytest.mark.parametrize(("verb", "action"), ACTIONS, ids=lambda x: x.name or "-")
def test_every_word_is_explained(verb, action):
    assert verb.summary
    assert len(verb.description) > 40
    assert action.summary
    assert action.examples
    for option in (*action.arguments, *action.options):
        assert len(option.help) >= 6
        assert option.help in PAGE
        assert option.help in " ".join(manual.help_text(verb).split())


@pytest.mark.parametrize(("verb", "action"), ACTIONS, ids=lambda x: x.name or "-")
def test_a_heading_stands_once_above_all_its_words(verb, action):
    groups = [name for name, _ in itertools.groupby(o.group for o in action.options)]
    assert len(groups) == len(set(groups))
    assert "" not in groups[1:]
    for heading in filter(None, groups):
        assert f"\n  {heading}:\n" in manual.help_text(verb)
        assert f"| *{heading}* | |" in PAGE


def test_no_line_of_help_is_wider_than_a_page():
    helps = [manual.help_text(specs.verb(name)).partition("Examples:")[0] for name in specs.VERBS]
    assert max(len(line) for text in helps for line in text.splitlines()) <= manual.WHOLE


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
def test_every_algorithm_is_explained(algorithm):
    assert f"`{algorithm.name}`" in PAGE
    assert algorithm.summary in PAGE
    for parameter in algorithm.parameters:
        assert f"| `{parameter.name}` | {parameter.help} | {parameter.allowed()} |" in PAGE
        assert parameter.help
        assert parameter.allowed()


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_every_metric_is_explained(metric):
    assert f"| `{metric.name}` | {metric.task} | {metric.summary} |" in PAGE


@pytest.mark.parametrize(("verb", "action"), ACTIONS, ids=lambda x: x.name or "-")
def test_the_schema_is_one(verb, action):
    found = manual.schema(verb, action)
    jsonschema.Draft202012Validator.check_schema(found)
    assert json.loads(json.dumps(found))["title"].startswith("%aiaas")


@pytest.mark.parametrize(
    "name", [n for n in aiaas_magics.__all__ if n not in ("__version__", "errors", "session")]
)
def test_every_twin_says_what_it_does(name):
    found = getattr(aiaas_magics, name)
    assert len(inspect.getdoc(found)) > 20
    assert str(inspect.signature(found))


def test_no_package_takes_the_place_of_a_public_name():
    packages = {module.name for module in pkgutil.iter_modules(aiaas_magics.__path__)}
    assert packages & set(aiaas_magics.__all__) == {"errors", "session"}


def test_the_public_face_is_complete():
    assert {name or "overview" for name in specs.VERBS} <= set(aiaas_magics.__all__)
    assert sorted(aiaas_magics.__all__) == sorted(dir(aiaas_magics))
    with pytest.raises(AttributeError):
        aiaas_magics.nothing  # noqa: B018 - asking is the test
