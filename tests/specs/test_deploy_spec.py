"""What a line of %aiaas_deploy may ask."""

import msgspec
import pytest

from aiaas_magics import errors
from aiaas_magics.magics import grammar
from aiaas_magics.specs import verb
from aiaas_magics.specs.converting import convert
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import EndpointInfo, ServingLimits


def asked(**more):
    return DeploySpec(model="clf", as_=more.get("to", "api"), **more)


@pytest.mark.parametrize(
    ("more", "words", "try_"),
    [
        ({"canary": 10.0}, "--canary needs an endpoint", "%aiaas_deploy clf --to ENDPOINT --canary 10%"),
        ({"shadow": True}, "--shadow needs an endpoint", "%aiaas_deploy clf --to ENDPOINT --shadow"),
        ({"to": "api", "canary": 1.0, "shadow": True}, "are alternatives", "--canary 10%"),
        ({"to": "api", "canary": 101.0}, "--canary 101 is no percentage", "--canary 10%"),
        ({"to": "api", "canary": -1.0}, "--canary -1 is no percentage", "--canary 10%"),
        ({"to": "api", "workers": 2}, "--workers is the endpoint's", "%aiaas_endpoints scale api --workers 2"),
        ({"to": "api", "port": 80}, "--port is the endpoint's", "%aiaas_deploy clf --as api --replace --port"),
        ({"workers": 65}, "--workers 65 is out of range", "--workers 1"),
        ({"concurrency": 0}, "--concurrency 0 is out of range", "--concurrency 64"),
        ({"memory": 1 << 20}, "less than a worker needs", "--memory 1GB"),
        ({"host": "localhost"}, "is no address", "--host 127.0.0.1"),
        ({"host": "0.0.0.0"}, "lets other machines ask", "--host 0.0.0.0 --open-to-network"),
        ({"host": "::"}, "lets other machines ask", "--host :: --open-to-network"),
        ({"open_to_network": True}, "is not open", "--host 0.0.0.0 --open-to-network"),
        ({"host": "::1", "open_to_network": True}, "is not open", "--host 0.0.0.0 --open-to-network"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_the_way_out(more, words, try_):
    with pytest.raises(errors.SpecError, match=words) as caught:
        asked(**more)
    assert caught.value.try_ == try_


@pytest.mark.parametrize(
    "more",
    [
        {"to": "api"},
        {"to": "api", "canary": 0.0},
        {"to": "api", "canary": 100.0},
        {"to": "api", "shadow": True},
        {"host": "127.0.0.2"},
        {"host": "::1"},
        {"host": "0.0.0.0", "open_to_network": True},
        {"concurrency": 1, "timeout": 0.5, "memory": 64 << 20},
    ],
)
def test_what_makes_sense_is_taken(more):
    assert asked(**more).as_ == "api"


def parse(line):
    return grammar.parse(verb("deploy"), line).values


@pytest.mark.parametrize("word", ["10%", "10", "10.0%", "1e1"])
def test_a_percentage_has_a_sign_or_none(word):
    assert parse(f"clf@4 --to api --canary {word}")["canary"] == 10.0


@pytest.mark.parametrize("word", ["ten", "%", "10%%", "nan", "inf%"])
def test_what_is_no_percentage_is_said_so(word):
    with pytest.raises(errors.UsageError, match="is not a percentage: 10%"):
        parse(f"clf@4 --to api --canary {word}")


def test_a_new_name_and_a_known_one_are_alternatives():
    with pytest.raises(errors.UsageError, match="--as and --to are alternatives"):
        parse("clf --as new --to api")


def test_the_limits_of_the_endpoint_are_its_own():
    values = parse("clf --timeout 2s --memory 1GB --concurrency 8")
    spec = asked(**{name: values[name] for name in ("timeout", "memory", "concurrency")})
    limits = spec.settings()["limits"]
    assert (limits.timeout, limits.memory, limits.concurrency) == (2.0, 10**9, 8)


HAD = EndpointInfo(
    name="api", model="clf@1", state="STOPPED", url="", port=8765, workers=2, schema="refuse",
    limits=ServingLimits(concurrency=3, timeout=2.0), samples=False,
)  # fmt: skip


def test_an_endpoint_deployed_again_keeps_what_it_had():
    found = asked().settings(HAD)
    assert {name: getattr(HAD, name) for name in found} == found
    assert set(found) == {"port", "workers", "schema", "host", "limits", "samples"}
    assert asked().kept(HAD) == [
        "schema refuse", "no rows kept", "timeout 2 s", "3 at once a worker", "2 workers"
    ]  # fmt: skip


def test_what_is_asked_for_again_is_not_kept():
    spec = asked(schema="warn", timeout=30.0, workers=1, port=80, no_samples=False)
    found = spec.settings(HAD)
    assert (found["schema"], found["workers"], found["port"]) == ("warn", 1, 80)
    assert (found["limits"].timeout, found["limits"].concurrency, found["samples"]) == (30, 3, True)
    now = msgspec.structs.replace(HAD, **found)
    assert spec.kept(now) == ["3 at once a worker"]


def test_a_first_endpoint_keeps_nothing():
    now = msgspec.structs.replace(HAD, **asked().settings())
    assert asked().kept(now) == []
    assert (now.workers, now.schema, now.host, now.samples) == (1, "warn", "127.0.0.1", True)


@pytest.mark.parametrize("value", [0.3, "0.3", ".25"])
def test_a_part_of_one_without_its_sign_is_asked_about(value):
    option = next(o for o in verb("deploy").actions[0].options if o.name == "canary")
    with pytest.raises(errors.UsageError, match="may mean") as caught:
        convert(option, value)
    assert caught.value.try_.startswith(f"--canary {100 * float(value):g}% or --canary 0.")
    assert convert(option, "0.3%") == 0.3
    assert (convert(option, 1), convert(option, 0)) == (1.0, 0.0)
