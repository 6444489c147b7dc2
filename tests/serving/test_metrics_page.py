"""GET /metrics: everything that was counted, in lines that Prometheus reads."""

import re

import pytest

from aiaas_magics.gauges.counters import Counters
from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols.base import Request, State
from aiaas_magics.serving.protocols.metrics import Metrics
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.serving import Plan, Served

LINE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (\S+)')


def plan(name="api", *roles):
    served = [
        Served(
            model=f"clf@{i}", role=role, percent=percent, folder="", digest="",
            signature=Signature(inputs=(), output="y"),
        )
        for i, (role, percent) in enumerate(roles or [("main", 100.0)])
    ]  # fmt: skip
    return Plan(endpoint=name, versions=tuple(served))


def scraped(folder, plan):
    """Return the values by name and labels; every line that is not a comment must be one."""
    metrics = Metrics(folder)
    reply = metrics.routes[0].tell(Request("GET", "/metrics", {}, b"", {}), State(plan, {}))
    assert reply.kind == b"text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in reply.body.decode().splitlines() if not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    assert len({match[0].rpartition(" ")[0] for match in found}) == len(found)
    return {(match[1], match[2]): float(match[3]) for match in found}


@pytest.fixture
def counted(tmp_path):
    """Count requests of two workers."""
    for slot, status in enumerate((200, 422)):
        counters = Counters(tmp_path, slot)
        counters.answered("clf@0", status, 0.001, rows=3, noted=1)
        counters.answered("", 401, 0.5)
        counters.compared("clf@0", rows=4, agreeing=3, apart=0.1)
        counters.failed("clf@0")
        counters.close()
    return tmp_path


def test_all_workers_are_added_up(counted):
    told = scraped(counted, plan())
    here = 'endpoint="api",model="clf@0"'
    assert told["aiaas_rows_total", here] == 6
    assert told["aiaas_odd_rows_total", here] == 2
    assert told["aiaas_shadow_rows_total", here] == 8
    assert told["aiaas_shadow_agreeing_rows_total", here] == 6
    assert told["aiaas_shadow_failures_total", here] == 2
    assert told["aiaas_request_seconds_count", here] == 2
    assert told["aiaas_request_seconds_sum", here] == pytest.approx(0.002)


def test_requests_are_told_by_status_and_those_refused_at_the_door_too(counted):
    told = scraped(counted, plan())
    assert told["aiaas_requests_total", 'endpoint="api",model="clf@0",code="200"'] == 1
    assert told["aiaas_requests_total", 'endpoint="api",model="clf@0",code="422"'] == 1
    assert told["aiaas_requests_total", 'endpoint="api",model="",code="401"'] == 2


def test_buckets_grow_up_to_the_count(counted):
    told = scraped(counted, plan())
    reached = [v for (name, labels), v in told.items() if name.endswith("_bucket")]
    assert reached == sorted(reached)
    assert (reached[0], reached[-1]) == (0, 2)
    assert told["aiaas_request_seconds_bucket", 'endpoint="api",model="clf@0",le="+Inf"'] == 2


def test_shares_are_those_of_the_plan(tmp_path):
    told = scraped(tmp_path, plan("api", ("main", 100.0), ("canary", 10.0), ("shadow", 100.0)))
    shares = {labels: v for (name, labels), v in told.items() if name == "aiaas_served_ratio"}
    assert list(shares.values()) == [0.9, 0.1, 0.0]
    assert 'role="canary",tier="sklearn"' in list(shares)[1]


def test_a_version_that_was_never_asked_stands_at_nought(tmp_path):
    assert scraped(tmp_path, plan())["aiaas_rows_total", 'endpoint="api",model="clf@0"'] == 0


def test_names_may_hold_anything(tmp_path):
    told = scraped(tmp_path, plan('a"\\\n{}'))
    assert ("aiaas_rows_total", r'endpoint="a\"\\\n{}",model="clf@0"') in told


def test_a_refusal_is_no_metric(tmp_path):
    reply = Metrics(tmp_path).refuse(Problem(401, "a token is needed", "send it"))
    assert reply[:2] == (401, b"# a token is needed: send it\n")
