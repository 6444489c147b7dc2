"""What an endpoint keeps of its requests: counted off the path, bounded, and nothing of it in the way of an answer."""

import contextlib
import os
import time

import numpy as np
import pytest

from aiaas_magics.gauges import bins, samples
from aiaas_magics.gauges.counters import merged
from aiaas_magics.gauges.samples import key_of
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving import collector
from aiaas_magics.serving.collector import Collector
from aiaas_magics.specs.base import encode
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.reference import FILE, Reference, Series
from aiaas_magics.specs.serving import Plan, Served

SIGNATURE = Signature(inputs=(("x", "double"), ("n", "long")), output="y", classes=("no", "yes"))
MIXED = Signature(inputs=(("x", "double"), ("town", "string")), output="y", classes=("no", "yes"))


def reference(model, second):
    return Reference(
        model=model,
        task="classification",
        rows=4,
        features=(Series(name="x", kind="number", edges=(0.0,), counts=(2, 2)), second),
        answers=(
            Series(name="prediction", kind="category", values=("no", "yes"), counts=(2, 2, 0)),
            Series(name="probability", kind="number", edges=(0.5,), counts=(2, 2)),
        ),
    )  # fmt: skip


NUMBER = Series(name="n", kind="number", edges=(5.0,), counts=(2, 2))
TOWN = Series(name="town", kind="category", values=("Graz",), counts=(4, 0))


def plan(folder, *references, samples=True):
    versions = []
    for i, each in enumerate(references):
        build = folder / f"build{i}"
        build.mkdir(exist_ok=True)
        (build / FILE).write_bytes(encode(each))
        versions.append(
            Served(
                model=each.model,
                role="shadow" if i else "main",
                folder="m",
                digest="",
                build=str(build),
                signature=MIXED if each.features[1] is TOWN else SIGNATURE,
            )
        )
    return Plan(endpoint="api", versions=tuple(versions), samples=samples)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a collector whose thread sleeps: a test looks by itself."""
    monkeypatch.setattr(collector, "EVERY", 3600.0)
    with contextlib.ExitStack() as stack:

        def started(*references, **more):
            made = Collector(tmp_path)
            stack.callback(made.close)
            if references:
                made.serve(plan(tmp_path, *references, **more))
            return made

        yield started


CLF = reference("clf@1", NUMBER)


def numbers(*rows):
    return Rows(SIGNATURE, matrix=np.array(rows, dtype="float64"))


def outcome(*labels, proba=True):
    sure = np.array([[0.1, 0.9] if label == "yes" else [0.8, 0.2] for label in labels])
    return Outcome(np.array(labels), sure if proba else None)


def counted(folder, known):
    history = bins.history(folder, known.model, known.layout, known.width, 0.0)
    return sum(history.values(), np.zeros(known.width, dtype="int64"))


def kept(folder, known):
    record = samples.dtype(len(known.series), 2)
    return samples.read(folder, known.model, known.layout, record)[0]


def test_rows_and_answers_are_counted_in_their_cells(tmp_path, start):
    watch = start(CLF)
    watch.answered("clf@1", 200, 0.001, numbers([-1, 9], [1, np.nan]), outcome("yes", "no"))
    watch.answered("clf@1", 200, 0.001, numbers([2, 3]), outcome("yes"))
    watch.look()
    x, n, prediction, probability = (
        [1, 2, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 2, 0, 0, 0, 0],
        [1, 2, 0, 0, 0],
    )
    assert counted(tmp_path, CLF).tolist() == [*x, *n, *prediction, *probability]


def test_texts_are_counted_too(tmp_path, start):
    known = reference("clf@1", TOWN)
    watch = start(known)
    rows = Rows(MIXED, {"x": [1.0, 2.0], "town": ["Graz", "Wien"]})
    watch.answered("clf@1", 200, 0.001, rows, outcome("yes", "no"))
    watch.look()
    assert counted(tmp_path, known)[5:10].tolist() == [1, 1, 0, 0, 0]


def test_the_last_rows_are_kept_with_time_key_and_answer(tmp_path, start):
    watch = start(CLF)
    watch.answered("clf@1", 200, 0.001, numbers([1, 2], [3, 4]), outcome("yes", "no"), key=b"4711")
    watch.answered("clf@1", 200, 0.001, numbers([5, 6]), outcome("no", proba=False))
    watch.look()
    found = kept(tmp_path, CLF)
    assert found["codes"][:, :3].tolist() == [[1, 2, 1], [3, 4, 0], [5, 6, 0]]
    assert found["key"].tolist() == [samples.key_of(b"4711")] * 2 + [0]
    assert found["place"].tolist() == [0, 1, 0]
    assert found["proba"][0].tolist() == [0.1, 0.9]
    assert np.isnan(found["proba"][2]).all()
    assert abs(found["time"] - time.time()).max() < 60


def test_no_row_is_kept_where_that_is_switched_off(tmp_path, start):
    watch = start(CLF, samples=False)
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    assert counted(tmp_path, CLF)[:2].tolist() == [0, 1]
    assert not list((tmp_path / "gauges").glob("rows.*"))


def test_rows_that_were_kept_are_removed_when_that_is_switched_off(tmp_path, start):
    watch = start(CLF)
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    watch.serve(plan(tmp_path, CLF, samples=False))
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    assert counted(tmp_path, CLF)[:2].tolist() == [0, 2]
    assert not list((tmp_path / "gauges").glob("rows.*"))


def test_refused_requests_are_counted_without_rows(tmp_path, start):
    watch = start(CLF)
    watch.answered("", 401, 0.0001)
    watch.answered("clf@1", 422, 0.001)
    watch.look()
    assert merged(tmp_path).of("clf@1").codes == {422: 1}
    assert merged(tmp_path).of("-").codes == {401: 1}
    assert counted(tmp_path, CLF).sum() == 0


def test_of_too_many_rows_some_are_counted_and_the_rest_is_told(tmp_path, start, monkeypatch):
    monkeypatch.setattr(collector, "BURST", 100)
    monkeypatch.setattr(collector, "RATE", 0)
    watch = start(CLF)
    rows = numbers(*([i, i] for i in range(1000)))
    for _ in range(3):
        watch.answered("clf@1", 200, 0.001, rows, outcome(*["yes"] * 1000))
    watch.look()
    found = kept(tmp_path, CLF)
    assert len(found) == 100
    assert found["codes"][:, 0].tolist() == found["place"].tolist()
    assert merged(tmp_path).thinned == 2900
    assert merged(tmp_path).of("clf@1").rows == 3000


def test_a_pause_pays_for_many_rows_at_once(tmp_path, start, monkeypatch):
    monkeypatch.setattr(collector, "RATE", 10**9)
    watch = start(CLF)
    for count in (1, 2):
        watch.answered(
            "clf@1", 200, 0.001, numbers(*([i, i] for i in range(9000))), outcome(*["yes"] * 9000)
        )
        watch.look()
        assert len(kept(tmp_path, CLF)) == 9000 * count
    assert merged(tmp_path).thinned == 0


def test_of_what_is_too_much_each_request_has_the_same_chance(tmp_path, start, monkeypatch):
    monkeypatch.setattr(collector, "MOST_WAITING", 20)
    watch = start(CLF)
    for number in range(200):
        watch.answered(
            "clf@1", 200, 0.001, numbers([number, 2]), outcome("yes"), key=b"%d" % number
        )
    watch.look()
    assert (merged(tmp_path).thinned, merged(tmp_path).lost) == (180, 0)
    assert merged(tmp_path).of("clf@1").requests == 200
    places = {key_of(b"%d" % number): number for number in range(200)}
    found = [places[key] for key in kept(tmp_path, CLF)["key"].tolist()]
    assert len(set(found)) == 20
    assert max(found) > 40  # else it would have a chance of 0.05 ** 20 a row


def test_more_rows_than_wait_for_a_look_are_lost_and_said_so(tmp_path, start, monkeypatch):
    monkeypatch.setattr(collector, "MOST_ROWS", 1)
    watch = start(CLF)
    for _ in range(5):
        watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    assert merged(tmp_path).lost == 3


def test_a_shadow_is_compared_and_counted_by_itself(tmp_path, start):
    shadow = reference("clf@2", NUMBER)
    watch = start(CLF, shadow)
    rows, ours, theirs = numbers([1, 2], [3, 4]), outcome("yes", "no"), outcome("yes", "yes")
    watch.compared("clf@1", "clf@2", rows, ours, theirs)
    watch.compared("clf@1", "clf@2", rows, ours, None)
    watch.look()
    found = merged(tmp_path).of("clf@2")
    assert (found.compared, found.agreeing, found.failed) == (2, 1, 1)
    assert found.apart == pytest.approx(0.7 / 2)
    assert counted(tmp_path, shadow)[10:13].tolist() == [0, 2, 0]
    assert counted(tmp_path, CLF).sum() == 0


def test_a_version_that_is_served_no_more_is_counted_no_more(tmp_path, start):
    later = reference("clf@2", NUMBER)
    watch = start(CLF)
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.serve(plan(tmp_path, later))
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.answered("clf@2", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    assert counted(tmp_path, later)[:2].tolist() == [0, 1]
    assert merged(tmp_path).of("clf@1").requests == 2


def test_without_a_reference_requests_are_counted_all_the_same(tmp_path, start):
    served = Served(model="clf@9", folder="m", digest="", signature=SIGNATURE)
    watch = start(CLF)
    watch.serve(Plan(endpoint="api", versions=(served,)))
    watch.answered("clf@9", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    assert merged(tmp_path).of("clf@9").rows == 1


def test_what_waits_is_counted_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(collector, "EVERY", 3600.0)
    watch = Collector(tmp_path)
    watch.serve(plan(tmp_path, CLF))
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.close()
    assert len(kept(tmp_path, CLF)) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b'{"kind": "plan"}'])
def test_a_damaged_reference_stops_no_endpoint(tmp_path, start, body):
    watch = start()
    wished = plan(tmp_path, CLF)
    (tmp_path / "build0" / FILE).write_bytes(body)
    watch.serve(wished)
    watch.answered("clf@1", 200, 0.001, numbers([1, 2]), outcome("yes"))
    watch.look()
    assert merged(tmp_path).of("clf@1").requests == 1


def test_old_rows_of_versions_that_are_gone_go_when_the_plan_changes(tmp_path, start):
    watch = start(reference("clf@0", NUMBER))
    watch.serve(plan(tmp_path, CLF))
    old = tmp_path / "gauges" / "rows.0.clf@0"
    assert old.is_file()
    os.utime(old, (0, 0))
    watch.serve(plan(tmp_path, CLF))
    assert not old.exists()
