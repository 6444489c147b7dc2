"""Looking at an endpoint: what its workers counted is told by version, compared with the reference, and joined with labels."""

import time
from types import SimpleNamespace

import msgspec
import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors, frames
from aiaas_magics.engines import deploy, monitor, train
from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.monitoring import drift, looking, reference
from aiaas_magics.gauges import counters
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.predictors.base import Outcome, Rows
from aiaas_magics.serving import collector, plan
from aiaas_magics.serving.collector import Collector
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.monitor import MonitorSpec
from aiaas_magics.specs.reference import Reference, Series
from aiaas_magics.specs.serving import Plan, Served
from aiaas_magics.specs.train import TrainSpec

API = "api"


def table(rows, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(shift, size=rows), rng.normal(size=rows)
    town = rng.choice(["Graz", "Linz"], rows)
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "town": town,
            "y": np.where(x + 0.3 * rng.normal(size=rows) > 0, "yes", "no"),
        }
    )


class Served_:
    """An endpoint whose worker is this process: what it is asked, it answers and counts."""

    def __init__(self, context, folder, *, samples=True, versions=1, test=0.2):
        self.context, self.folder, self.models = context, context._watched_folder / API, {}
        self.folder.mkdir(parents=True)
        for number in range(1, versions + 1):
            data = context.save_frame(table(600, seed=number))
            spec = TrainSpec(
                data=data,
                target="y",
                algo="logistic_regression",
                as_="clf",
                test=test,
                params={"C": 1.0 * number},
            )
            train.run(spec, context)
            info, place = context.model(f"clf@{number}")
            pipeline = artefacts.load(place)
            build = folder / f"build{number}"
            build.mkdir()
            reference.write(build, info, pipeline, context)
            self.models[info.ref] = pipeline, info, build
        deploy.run(DeploySpec(model="clf@1", as_=API), context)
        roles = ("main", "canary", "shadow")
        served = [
            Served(
                model=ref,
                role=roles[i],
                percent=25.0 if i else 100.0,
                folder="",
                digest="",
                build=str(build),
                signature=info.signature,
            )
            for i, (ref, (_, info, build)) in enumerate(self.models.items())
        ]
        plan.write(self.folder, Plan(endpoint=API, versions=tuple(served), samples=samples))
        self.watch = Collector(self.folder)
        self.watch.serve(plan.read(self.folder))

    def ask(self, frame, *, model="clf@1", key=None, each=50):
        pipeline, info, _ = self.models[model]
        names = [name for name, _ in info.signature.inputs]
        records = frames.records(frame[names])
        labels, proba = (
            np.asarray(pipeline.predict(frame[names])),
            pipeline.predict_proba(frame[names]),
        )
        for start in range(0, len(frame), each):
            part = slice(start, start + each)
            rows = Rows(info.signature, {n: [r[n] for r in records[part]] for n in names})
            word = b"" if key is None else str(frame[key].iloc[start]).encode()
            self.watch.answered(
                model, 200, 0.002, rows, Outcome(labels[part], proba[part]), (), word
            )
            self.watch.look()

    def shadow(self, frame, model, *, key):
        pipeline, info, _ = self.models[model]
        names = [name for name, _ in info.signature.inputs]
        found = Outcome(np.asarray(pipeline.predict(frame[names])), None)
        for i, record in enumerate(frames.records(frame[names])):
            rows = Rows(info.signature, {n: [record[n]] for n in names})
            mine = Outcome(found.labels[i : i + 1], None)
            self.watch.compared("clf@1", model, rows, mine, mine, str(frame[key].iloc[i]).encode())
        self.watch.look()

    def look(self, **more):
        return monitor.run(MonitorSpec(endpoint=API, **more), self.context)


@pytest.fixture
def api(context, tmp_path, monkeypatch):
    monkeypatch.setattr(collector, "EVERY", 3600.0)
    monkeypatch.setattr(monitor, "LAG", 0.0)
    monkeypatch.setattr(monitor.pictures, "draw", lambda charts: ["not drawn here"] * len(charts))
    made = []

    def start(**more):
        made.append(Served_(context, tmp_path, **more))
        return made[-1]

    yield start
    for each in made:
        each.watch.close()


def names(result):
    return [alert.name for alert in result.alerts]


def test_rows_like_those_of_the_training_raise_no_alert(api):
    one = api()
    one.ask(table(500, seed=7))
    found = one.look()
    assert found.alerts == ()
    (version,) = found.versions
    assert (version.model, version.role, version.requests, version.rows) == (
        "clf@1",
        "main",
        10,
        500,
    )
    assert version.p50 == pytest.approx(0.002, rel=0.1)
    assert found.rows == 500
    assert {each.name for each in found.drift} == {"x", "z", "town", "prediction", "probability"}


def test_a_column_that_moved_is_an_alert_and_moves_the_predictions(api):
    one = api()
    one.ask(table(500, seed=7, shift=1.0))
    found = one.look()
    assert {"drift:x", "drift:its prediction", "drift:its probability"} <= set(names(found))
    assert "drift:z" not in names(found)
    assert all(alert.new for alert in found.alerts)
    moved = next(each for each in found.drift if each.name == "x")
    assert moved.text.startswith("median ")
    assert moved.effect == pytest.approx(0.38, abs=0.08)
    assert {chart.name for chart in found.charts} >= {"drift", "moved-0"}


def test_a_column_that_only_became_wider_is_told_by_its_half():
    wide = Series(name="w", kind="number", edges=(0.0, 1.0, 2.0, 3.0, 4.0))
    before, now = np.array([0, 10, 80, 10, 0, 0]), np.array([40, 0, 20, 0, 40, 0])
    moved = drift.Drift(wide, 100, 0.3, 0.0, True, 0.0, 0.0, None, False, 0, before, now)
    assert monitor._text(moved) == "half of the rows in 2 to 2 before, in 0 to 4 now"


def test_traffic_and_latency_are_drawn_over_time(api, monkeypatch):
    one, now = api(), [time.time()]
    monkeypatch.setattr(counters.time, "time", lambda: now[0])
    for _ in range(3):
        for seconds in (0.001, 0.004):
            one.watch.answered("clf@1", 200, seconds)
        one.watch.look()
        now[0] += 60
    charts = {chart.name: chart for chart in one.look().charts}
    assert charts["traffic"].text == "Requests a minute: 2 at most"
    assert charts["latency"].text.startswith("Latency of clf@1: p99 4")
    assert len(charts["traffic"].spec["data"]["values"]) == 3


def test_an_alert_is_told_when_it_begins_and_when_it_ends(api, context):
    one = api()
    one.ask(table(500, seed=7, shift=1.0))
    first, again = one.look(window="500"), one.look(window="500")
    assert [alert.new for alert in again.alerts] == [False] * len(first.alerts)
    one.ask(table(500, seed=8))
    last = one.look(window="500")
    assert last.alerts == ()
    assert set(last.over) == set(names(first))
    told = [(body["name"], body["on"]) for _, body in context.alerts]
    assert told.count(("drift:x", True)) == told.count(("drift:x", False)) == 1


def test_a_window_too_small_to_tell_ends_no_alert(api, monkeypatch):
    one = api()
    one.ask(table(500, seed=7, shift=1.0))
    one.look()
    for path in (one.folder / "gauges").glob("bins.*"):
        path.write_bytes(b"")
    assert one.look().over == ()


def test_failures_and_slowness_are_alerts(api):
    one = api()
    for _ in range(98):
        one.watch.answered("clf@1", 200, 3.0)
    one.watch.answered("clf@1", 500, 0.1)
    one.watch.answered("clf@1", 500, 0.1)
    one.watch.look()
    assert names(one.look()) == ["errors:clf@1", "slow:clf@1"]
    assert names(one.look(slow=5.0, failing=0.05)) == []


def test_unknown_categories_and_gaps_are_told(api):
    one = api()
    frame = table(400, seed=7)
    frame.loc[:99, "town"] = "Wien"
    one.ask(frame)
    found = one.look()
    town = next(each for each in found.drift if each.name == "town")
    assert town.odd == 100
    assert "drift:town" in names(found)
    assert "odd:town" not in names(found)
    assert town.text.startswith("unknown values 0 % before, 25 % now")


@pytest.mark.parametrize("window", ["200", "1h"])
def test_a_window_is_of_time_or_of_rows(api, window):
    one = api()
    one.ask(table(600, seed=7))
    assert one.look(window=window).rows == (200 if window == "200" else 600)


def test_without_samples_a_window_of_rows_is_of_whole_minutes(api):
    one = api(samples=False)
    one.ask(table(600, seed=7))
    found = one.look(window="200")
    assert found.rows == 600
    assert found.kept == {"clf@1": 0}


@pytest.mark.parametrize("asking", [0, 5])
def test_a_probability_nobody_asked_for_is_not_missing(api, asking):
    one = api()
    frame = table(400, seed=7)
    pipeline, info, _ = one.models["clf@1"]
    records = frames.records(frame[[n for n, _ in info.signature.inputs]])
    labels, proba = pipeline.predict(frame), pipeline.predict_proba(frame)
    for i in range(0, 400, 40):
        rows = Rows(
            info.signature,
            {n: [r[n] for r in records[i : i + 40]] for n, _ in info.signature.inputs},
        )
        sure = proba[i : i + 40] if i < 40 * asking else None
        one.watch.answered("clf@1", 200, 0.002, rows, Outcome(labels[i : i + 40], sure))
    one.watch.look()
    found = one.look()
    assert found.alerts == ()
    told = next(each for each in found.drift if each.what == "probability")
    assert (told.missing, told.rows) == (0.0, 40 * asking)


def test_versions_stand_side_by_side(api):
    one = api(versions=2)
    one.ask(table(300, seed=7))
    one.ask(table(100, seed=8), model="clf@2")
    found = one.look()
    assert [(v.model, v.role, v.percent, v.rows) for v in found.versions] == [
        ("clf@1", "main", 75.0, 300), ("clf@2", "canary", 25.0, 100),
    ]  # fmt: skip
    assert one.look(version="clf@2").rows == 100
    assert one.look(version="2").model == "clf@2"


def test_a_version_is_compared_with_the_rows_of_another(api):
    one = api(versions=2)
    one.ask(table(400, seed=7))
    one.ask(table(400, seed=8, shift=1.0), model="clf@2")
    found = one.look(version="clf@2", against="clf@1")
    assert [each.name for each in found.drift if each.drifted and each.what == "feature"] == ["x"]
    assert found.reference == "400 rows that clf@1 answered"
    assert found.alerts == ()


def test_the_last_rows_of_one_are_compared_with_the_last_of_the_other(api):
    one = api(versions=2)
    one.ask(table(300, seed=7))
    one.ask(table(300, seed=8, shift=9.0), model="clf@2")
    one.ask(table(300, seed=8), model="clf@2")
    found = one.look(against="clf@2", window="300")
    assert found.reference == "300 rows that clf@2 answered"
    assert not any(each.drifted for each in found.drift)


def test_categories_are_compared_by_what_they_are_called():
    """Where two versions know other categories, their places in the lists differ."""
    known, fewer = (
        SimpleNamespace(reference=made, binning=Binning(made), model=made.model)
        for made in (
            Reference(
                model="m@1",
                task="regression",
                rows=1,
                answers=(Series(name="prediction", kind="number"),),
                features=(Series(name="t", kind="category", values=values),),
            )
            for values in (("a", "b", "c"), ("c", "a"))
        )
    )
    codes = np.array([[0, 1], [1, 1], [2, 1], [3, 1], [np.nan, 1]])
    counts, extras = fewer.binning.part(looking.recounted(codes, known, fewer), 0)
    assert counts.tolist() == [1, 1, 2]
    assert extras["missing"] == 1


def test_labels_are_joined_by_key_in_any_order(api):
    one = api()
    frame = table(200, seed=7).assign(id=lambda f: [f"c{i}" for i in range(len(f))])
    one.ask(frame, key="id", each=1)
    late = frame.sample(frac=1, random_state=0).head(120)[["id", "y"]]
    found = one.look(labels=one.context.save_frame(late), key="id")
    (performance,) = found.performance
    pipeline = one.models["clf@1"][0]
    truth = frame.set_index("id").loc[late["id"]]
    accuracy = (pipeline.predict(truth[["x", "z", "town"]]) == truth["y"]).mean()
    scores = {s.metric: s for s in performance.scores}
    assert performance.rows == 120
    assert scores["accuracy"].value == pytest.approx(accuracy)
    assert scores["roc_auc"].value > 0.9
    assert scores["accuracy"].baseline is not None
    assert found.labelled == "120 of 120 labels found their rows"


def test_of_a_key_that_was_asked_twice_the_last_answer_counts(api):
    one = api()
    frame = table(40, seed=7).assign(id=range(40))
    one.ask(frame.assign(x=-9.0), key="id", each=1)
    one.ask(frame.assign(x=9.0), key="id", each=1)
    labels = one.context.save_frame(pd.DataFrame({"id": range(40), "y": "yes"}))
    (performance,) = one.look(labels=labels, key="id").performance
    assert performance.rows == 40
    assert performance.scores[0].value == 1.0


def test_rows_of_one_request_take_their_keys_labels_in_order(api):
    one = api()
    frame = table(60, seed=7).assign(batch=lambda f: np.arange(len(f)) // 20)
    one.ask(frame, key="batch", each=20)
    labels = one.context.save_frame(frame[["batch", "y"]])
    (performance,) = one.look(labels=labels, key="batch").performance
    pipeline = one.models["clf@1"][0]
    accuracy = (pipeline.predict(frame[["x", "z", "town"]]) == frame["y"]).mean()
    assert performance.scores[0].value == pytest.approx(accuracy)


def test_without_keys_labels_come_in_order(api):
    one = api()
    frame = table(80, seed=7)
    one.ask(frame, each=8)
    found = one.look(labels=one.context.save_frame(frame[["y"]]))
    pipeline = one.models["clf@1"][0]
    accuracy = (pipeline.predict(frame[["x", "z", "town"]]) == frame["y"]).mean()
    assert found.performance[0].scores[0].value == pytest.approx(accuracy)


def test_as_many_labels_as_the_window_has_rows_are_those_of_the_last(api):
    one = api()
    one.ask(table(100, seed=3), each=10)
    frame = table(80, seed=7)
    one.ask(frame, each=8)
    found = one.look(labels=one.context.save_frame(frame[["y"]]), window="80")
    pipeline = one.models["clf@1"][0]
    accuracy = (pipeline.predict(frame[["x", "z", "town"]]) == frame["y"]).mean()
    assert found.performance[0].rows == 80
    assert found.performance[0].scores[0].value == pytest.approx(accuracy)
    assert "no key: the labels were taken in order, for the last 80 of 180 rows" in found.warnings


def test_labels_in_order_are_taken_again_after_rows_that_came_too_fast(api, monkeypatch):
    one, now = api(), [time.time() // 60 * 60 + 5.0]
    monkeypatch.setattr(counters.time, "time", lambda: now[0])
    monkeypatch.setattr(collector, "RATE", 0)
    one.watch._purse = 50.0
    one.ask(table(90, seed=3), each=90)
    frame, labels = table(40, seed=7), None
    for later in (1.0, 60.0):
        now[0] += later
        one.watch._purse = 1000.0
        one.ask(frame, each=8)
        labels = one.context.save_frame(frame[["y"]])
        if later == 1.0:
            with pytest.raises(errors.DataError) as refused:
                one.look(labels=labels, window="40")
            assert "came too fast" in refused.value.hint
    for window in ("40", "30s"):
        assert one.look(labels=labels, window=window).performance[0].rows == 40


def test_a_model_that_has_become_worse_is_an_alert(api):
    one = api()
    frame = table(300, seed=7)
    one.ask(frame)
    wrong = frame[["y"]].assign(y=lambda f: f["y"].map({"yes": "no", "no": "yes"}))
    found = one.look(labels=one.context.save_frame(wrong))
    assert names(found) == ["performance:clf@1"]


def test_of_a_key_that_was_asked_twice_no_row_of_the_first_request_is_taken(api):
    """Its last request had fewer rows: the labels that are too many belong to nothing."""
    one = api()
    frame = table(20, seed=7).assign(id="k")
    one.ask(frame, key="id", each=20)
    one.ask(frame.head(5), key="id", each=5)
    (performance,) = one.look(
        labels=one.context.save_frame(frame[["id", "y"]]), key="id"
    ).performance
    assert performance.rows == 5


def test_a_label_that_is_missing_keeps_its_rows_place(api):
    one = api()
    frame = table(80, seed=7)
    one.ask(frame, each=8)
    right = pd.Series(one.models["clf@1"][0].predict(frame[["x", "z", "town"]]))
    labels = one.context.save_frame(pd.DataFrame({"y": right.mask(right.index == 3)}))
    found = one.look(labels=labels, window="80")
    assert found.performance[0].rows == 79
    assert found.performance[0].scores[0].value == 1.0
    assert found.labelled == "79 of 79 labels found their rows"
    assert not any("in order" in text for text in found.warnings)


def test_labels_in_order_are_refused_where_a_version_that_is_gone_answered_in_between(api):
    one = api(versions=2)
    one.ask(table(40, seed=7))
    one.ask(table(40, seed=8), model="clf@2")
    one.ask(table(40, seed=9))
    made = plan.read(one.folder)
    plan.write(one.folder, msgspec.structs.replace(made, versions=made.versions[:1]))
    labels = one.context.save_frame(table(80, seed=1)[["y"]])
    with pytest.raises(errors.DataError) as refused:
        one.look(labels=labels, window="80")
    assert "clf@2 answered are not looked at any more" in refused.value.hint


def test_a_shadow_is_judged_by_the_labels_of_the_same_keys(api):
    one = api(versions=3)
    frame = table(40, seed=7).assign(id=range(40))
    one.ask(frame, key="id", each=1)
    one.shadow(frame, "clf@3", key="id")
    labels = one.context.save_frame(frame[["id", "y"]])
    found = one.look(labels=labels, key="id").performance
    assert [(each.model, each.rows) for each in found] == [("clf@1", 40), ("clf@3", 40)]


def test_a_shadow_s_rows_alone_have_no_order(api):
    one = api(versions=3)
    frame = table(40, seed=7).assign(id=range(40))
    one.shadow(frame, "clf@3", key="id")
    with pytest.raises(errors.DataError) as refused:
        one.look(labels=one.context.save_frame(frame[["y"]]))
    assert "0 rows are kept, 40 labels came" in refused.value.hint


def test_labels_that_are_too_few_are_not_advised_away(api):
    """They may be those of any rows: a window as long as they are would join them with wrong ones."""
    one = api()
    one.ask(table(60, seed=7))
    with pytest.raises(errors.DataError) as refused:
        one.look(labels=one.context.save_frame(table(40)[["y"]]))
    assert "60 rows are kept, 40 labels came" in refused.value.hint
    assert "--window" not in refused.value.try_
    assert "None where there is none yet" in refused.value.try_


@pytest.mark.parametrize("rows", [1, 2])
def test_one_label_is_enough_to_be_told(api, rows):
    one = api()
    frame = table(rows, seed=7).assign(id=range(rows))
    one.ask(frame, key="id", each=1)
    (performance,) = one.look(labels=one.context.save_frame(frame), key="id").performance
    assert performance.rows == rows


@pytest.mark.parametrize(
    ("labels", "key", "message"),
    [
        (pd.DataFrame({"y": ["yes"] * 5}), None, "nothing tells which labels"),
        (pd.DataFrame({"z": ["yes"] * 5}), None, "no column 'y' in the labels"),
        (pd.DataFrame({"y": [None, None]}, dtype="str"), None, "the labels' column 'y' is empty"),
        (pd.DataFrame({"y": ["yes"], "id": [1]}), "ident", "no column 'ident' in the labels"),
        (pd.DataFrame({"y": ["yes"], "id": [1]}), "id", "no label finds its row"),
        (pd.DataFrame({"y": ["perhaps"] * 60}), None, "the model does not know the class"),
    ],
)
def test_labels_that_cannot_be_joined_are_refused(api, labels, key, message):
    one = api()
    one.ask(table(60, seed=7))
    with pytest.raises(errors.DataError) as refused:
        one.look(labels=one.context.save_frame(labels), key=key)
    assert message in refused.value.what


def test_labels_need_kept_rows(api):
    one = api(samples=False)
    one.ask(table(60, seed=7))
    with pytest.raises(errors.DataError) as refused:
        one.look(labels=one.context.save_frame(table(60)[["y"]]))
    assert "keeps no rows" in refused.value.what


def test_a_version_that_is_not_served_is_told(api):
    with pytest.raises(errors.NotFound) as refused:
        api().look(version="clf@9")
    assert "does not serve clf@9" in refused.value.what


def test_a_model_s_name_means_its_version_if_it_serves_one(api):
    assert api().look(version="clf").model == "clf@1"


def test_a_model_s_name_means_none_of_two_versions(api):
    with pytest.raises(errors.NotFound) as refused:
        api(versions=2).look(version="clf")
    assert refused.value.hint == "it serves clf@1, clf@2"


def test_an_endpoint_that_nobody_asked_has_nothing_to_tell(api):
    found = api().look()
    assert found.alerts == ()
    assert found.versions[0].requests == 0
    assert found.versions[0].p99 is None
    assert found.ever == 0
    assert not any("too few" in text for text in found.warnings)


def test_few_rows_are_too_few_to_tell_drift(api):
    one = api()
    one.ask(table(29, seed=7))
    found = one.look()
    assert any("29 rows: too few to tell drift" in text for text in found.warnings)
    assert found.ever == 1


def test_an_endpoint_whose_processes_are_gone_is_an_alert_until_they_are_back(api, context):
    one = api()
    (ready,) = context.endpoints
    context.endpoints[:] = [msgspec.structs.replace(ready, state="LOST")]
    found = one.look()
    assert names(found) == ["down"]
    assert found.alerts[0].text == "api does not answer: its processes are gone"
    context.endpoints[:] = [ready]
    assert one.look().over == ("down",)


def test_a_worker_that_died_in_the_window_is_an_alert(api):
    one = api()
    words = one.watch.counters._words
    words[counters.DEATHS], words[counters.DIED] = 1, int(time.time())
    found = one.look()
    assert names(found) == ["died"]
    assert "are counted nowhere" in found.alerts[0].text
    words[counters.DIED] = int(time.time()) - 3700
    assert one.look().over == ("died",)


def test_an_endpoint_that_was_stopped_is_no_alert(api, context):
    one = api()
    context.endpoints[:] = [msgspec.structs.replace(context.endpoints[0], state="STOPPED")]
    assert one.look().alerts == ()
    assert one.look().state == "STOPPED"


def test_an_endpoint_without_a_plan_has_figures_only(context, monkeypatch):
    monkeypatch.setattr(monitor, "LAG", 0.0)
    train.run(
        TrainSpec(
            data=context.save_frame(table(100)),
            target="y",
            algo="logistic_regression",
            as_="clf",
        ),
        context,
    )
    deploy.run(DeploySpec(model="clf", as_=API), context)
    assert monitor.run(MonitorSpec(endpoint=API), context).drift == ()


def test_without_held_out_rows_that_is_told(api):
    one = api(test=0.0)
    one.ask(table(200, seed=7))
    found = one.look()
    assert any("no rows were held out" in text for text in found.warnings)
    assert next(each for each in found.drift if each.name == "prediction").p is None


def texts(one, kind):
    return [t.body["text"] for t in one.context.told if t.type == kind]


def watching(monkeypatch, one, *between):
    """Look again after each of these was done, and then be stopped."""
    steps = iter(between)

    def waited(seconds, context):
        step = next(steps, None)
        if step is not None:
            step()
        return step is not None

    monkeypatch.setattr(monitor, "_waited", waited)
    return lambda **more: one.look(every=5.0, **more)


def test_looking_again_and_again_tells_each_look_and_ends_when_it_is_stopped(api, monkeypatch):
    one = api()
    found = watching(
        monkeypatch, one, lambda: None, lambda: one.ask(table(200, seed=7, shift=2.0))
    )()
    told = [t.body["text"] for t in one.context.told if t.type == "progress"]
    told = told[told.index("looking at api") :]
    assert told[1] == told[2].replace("look 2", "look 1")
    assert told[1] == "look 1: 0 requests in the last hour, no alert; until it is stopped"
    assert told[3].startswith(
        "look 3: 4 requests in the last hour, 3 alerts: drift of x, its prediction"
    )
    logged = texts(one, "log")
    assert sum("column 'x' has drifted" in text for text in logged) == 1
    assert found.rows == 200


def test_only_the_last_look_is_drawn(api, monkeypatch):
    """A watch of a week would fill the disk with pictures that nobody sees."""
    one, drawn = api(), []
    monkeypatch.setattr(
        monitor.pictures, "draw", lambda charts: drawn.append(1) or ["none"] * len(charts)
    )
    one.ask(table(200, seed=7))
    assert watching(monkeypatch, one, lambda: None, lambda: None)().charts
    assert len(drawn) == 1


def test_a_look_that_fails_is_told_once_and_does_not_end_the_watch(api, monkeypatch):
    one, frame = api(), table(80, seed=7)
    one.ask(frame)
    more = lambda: one.ask(table(10, seed=8))
    labels = one.context.save_frame(frame[["y"]])
    found = watching(monkeypatch, one, more, more)(labels=labels)
    assert found.performance[0].rows == 80
    said = "look failed: nothing tells which labels belong to which rows"
    assert texts(one, "warning") == [f"the last {said}"]
    assert [text for text in texts(one, "log") if "failed" in text] == [f"a {said}"]


def test_a_look_that_failed_is_no_news_when_a_later_one_did_not(api, monkeypatch):
    one, looks, bare = api(), iter((None, errors.DataError("not now"), None)), monitor._looked

    def looked(*args):
        error = next(looks)
        if error is not None:
            raise error
        return bare(*args)

    monkeypatch.setattr(monitor, "_looked", looked)
    watching(monkeypatch, one, lambda: None, lambda: None)()
    assert "a look failed: not now" in texts(one, "log")
    assert not any("failed" in text for text in texts(one, "warning"))


def test_a_first_look_that_fails_ends_the_job(api):
    with pytest.raises(errors.NotFound):
        api().look(version="clf@9", every=5.0)
