"""How rows are held out, and how folds are made: by chance, class, group and time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.engines import evaluate, learning, prepare, splitting, train, tune
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

RNG = np.random.default_rng(0)
ROWS = 400
PATIENT = RNG.integers(0, 40, ROWS)
VISITS = pd.DataFrame(
    {
        "patient": [f"p{i}" for i in PATIENT],
        "day": pd.to_datetime("2025-01-01") + pd.to_timedelta(RNG.permutation(ROWS), unit="h"),
        "x": RNG.normal(size=ROWS),
        "cost": RNG.normal(size=ROWS),
    }
).assign(sick=lambda f: np.where(f["x"] + PATIENT % 2 > 0.5, "yes", "no"))
PARAMS = {"max_iter": 20}


def spec(data, target="sick", kind=TrainSpec, **more):
    algo = more.pop("algo", "hist_gradient_boosting")
    return kind(data=data, target=target, algo=algo, as_="m", **{"params": PARAMS, **more})


@pytest.fixture
def task(context):
    def task(frame=VISITS, target="sick", **more):
        return learning.assemble(spec(context.save_frame(frame), target, **more), context)

    return task


def said(context):
    return [told.body["text"] for told in context.told if told.type == "warning"]


@pytest.mark.parametrize("target", ["sick", "cost"])
@pytest.mark.parametrize("seed", range(3))
def test_no_group_stands_on_both_sides(task, target, seed):
    made = task(target=target, split="group", by="patient", seed=seed)
    sides = [set(made.by.iloc[rows]) for rows in (made.train, made.test)]
    assert not sides[0] & sides[1]
    assert len(made.test) / ROWS == pytest.approx(0.2, abs=0.03)
    assert "patient" not in made.X.columns
    for learned, tested in splitting.folds(made, 4, seed).split():
        groups = made.by.iloc[made.train]
        assert not set(groups.iloc[learned]) & set(groups.iloc[tested])


def test_held_out_groups_have_the_classes_in_proportion(task):
    made = task(split="group", by="patient")
    shares = [(made.y.iloc[rows] == "yes").mean() for rows in (made.train, made.test)]
    assert shares[0] == pytest.approx(shares[1], abs=0.05)


def test_groups_are_drawn_by_the_seed_alone(task):
    one, two, other = (task(split="group", by="patient", seed=s).test for s in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_newest_rows_are_held_out(task):
    made = task(split="time", by="day")
    assert made.by.iloc[made.train].max() < made.by.iloc[made.test].min()
    assert len(made.test) == ROWS / 5
    assert "day" in made.X.columns


def test_each_fold_learns_from_what_is_older(task):
    made = task(split="time", by="day")
    days, before = made.by.iloc[made.train], 0
    for learned, tested in splitting.folds(made, 5, 0).split():
        assert days.iloc[learned].max() < days.iloc[tested].min()
        assert len(learned) > before
        before = len(learned)


@for_all(
    st.lists(st.integers(0, 9), min_size=12, max_size=60),
    st.floats(0.05, 0.9),
    st.integers(2, 4),
)
@settings(max_examples=60, deadline=None)
def test_rows_of_one_moment_stay_together(moments, share, cv):
    by = pd.Series(moments, name="t")
    try:
        pairs = splitting._over_time(by, cv)
    except errors.DataError as error:
        assert len(error.lines()) <= 3
        return
    assert len(pairs) == cv
    for learned, tested in pairs:
        assert len(learned)
        assert by.iloc[learned].max() < by.iloc[tested].min()
    start = splitting._edge(np.sort(by.to_numpy()), int((1 - share) * len(by)))
    ordered = np.sort(by.to_numpy())
    assert ordered[start - 1] < ordered[start]


def test_a_share_that_ties_forbid_is_said(task, context):
    frame = VISITS.assign(year=np.repeat([2023, 2024], ROWS // 2))
    assert len(task(frame, split="time", by="year").test) == ROWS // 2
    assert said(context)[0].startswith("50% of the rows are held out, not 20%")


@pytest.mark.parametrize("way", ["group", "time"])
def test_rows_of_no_known_group_or_moment_are_left_out(task, context, way):
    by = {"group": "patient", "time": "day"}[way]
    frame = VISITS.assign(**{by: VISITS[by].where(VISITS.index > 9)})
    made = task(frame, split=way, by=by)
    assert len(made.train) + len(made.test) == len(made.X) == ROWS - 10
    assert said(context) == [f"10 rows without a {by!r} were left out"]


@pytest.mark.parametrize(
    "times",
    [
        pd.Categorical(["old", "new"] * (ROWS // 2), ["old", "new"], ordered=True),
        VISITS["day"].dt.tz_localize("Europe/Berlin"),
        np.arange(ROWS),
    ],
    ids=["ordered", "zoned", "numbers"],
)
def test_what_has_an_order_can_tell_time(task, times):
    made = task(VISITS.assign(t=times), split="time", by="t")
    assert made.by.iloc[made.train].max() < made.by.iloc[made.test].min()


def test_classes_are_left_to_chance_where_that_is_asked(task):
    frame = VISITS.assign(sick=np.where(np.arange(ROWS) % 10 < 1, "yes", "no"))
    chance, even = task(frame, split="random"), task(frame, split="stratified")
    counts = [made.y.iloc[made.test].eq("yes").sum() for made in (chance, even)]
    assert counts[1] == 8
    assert counts[0] != 8


def test_a_dropped_column_can_tell_groups_apart(context):
    address = context.save_frame(VISITS)
    prepare.run(PrepareSpec(data=address, as_="p", drop=("patient",), dropna=True), context)
    made = learning.assemble(spec("p", split="time", by="day"), context)
    assert "day" in made.X.columns
    made = learning.assemble(spec("p", split="group", by="patient"), context)
    assert list(made.X.columns) == ["day", "x", "cost"]
    assert made.by.nunique() == 40


def test_a_group_is_a_feature_where_it_is_asked_for(task):
    made = task(split="group", by="patient", features=("patient", "x"))
    assert list(made.X.columns) == ["patient", "x"]


@pytest.mark.parametrize(("way", "by"), [("group", "patient"), ("time", "day")])
def test_evaluation_finds_the_same_rows(context, way, by):
    asked = spec(context.save_frame(VISITS), split=way, by=by)
    made = learning.assemble(asked, context)
    trained = train.run(asked, context)
    found = evaluate.run(EvaluateSpec(model=trained.ref, repeats=100, shuffles=0), context)
    assert found.rows == len(made.test) == trained.held_out
    assert found.scores[0].value == pytest.approx(trained.scores[0].value)


@pytest.mark.parametrize(("way", "by"), [("group", "patient"), ("time", "day")])
@pytest.mark.parametrize("target", ["sick", "cost"])
def test_a_search_has_folds_of_the_same_kind(context, way, by, target):
    params = {"max_iter": [5, 10]}
    address = context.save_frame(VISITS)
    asked = spec(address, target, TuneSpec, split=way, by=by, cv=3, params=params)
    assert [len(trial.folds) for trial in tune.run(asked, context).trials] == [3, 3]


REFUSED = {
    "no column 'patiend'": {"split": "group", "by": "patiend"},
    "'one' holds one group only": {"split": "group", "by": "one"},
    "'one' is the same in every row": {"split": "time", "by": "one"},
    "'none' is missing in every row": {"split": "time", "by": "none"},
    "'patient' tells no order in time": {"split": "time", "by": "patient"},
    "'flag' tells no order in time": {"split": "time", "by": "flag"},
    "no training row is of class 'late'": {"split": "time", "by": "day", "target": "phase"},
    "'cost' has no classes to stratify by": {"split": "stratified", "target": "cost"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_three_lines(what, task):
    late = VISITS["day"] > VISITS["day"].quantile(0.9)
    frame = VISITS.assign(
        one=1, none=np.nan, flag=VISITS["x"] > 0, phase=np.where(late, "late", VISITS["sick"])
    )
    with pytest.raises(errors.DataError) as caught:
        task(frame, **REFUSED[what])
    assert caught.value.what.startswith(what)
    assert len(caught.value.lines()) == 3


@pytest.mark.parametrize(
    ("by", "way", "cv", "what"),
    [
        ("patient", "group", 33, "--cv 33 is more than 'patient' has groups"),
        ("year", "time", 3, "--cv 3 is more than 'year' tells moments apart"),
    ],
)
def test_too_many_folds_are_refused(task, by, way, cv, what):
    made = task(VISITS.assign(year=VISITS.index % 3), split=way, by=by)
    with pytest.raises(errors.DataError) as caught:
        splitting.folds(made, cv, 0)
    assert caught.value.what.startswith(what)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"split": "group"}, "--split group needs --by"),
        ({"split": "time"}, "--split time needs --by"),
        ({"by": "g"}, "--by goes with --split group or time"),
        ({"split": "random", "by": "g"}, "--by goes with --split group or time"),
        ({"split": "group", "by": "sick"}, "--by sick is the target"),
        ({"split": "groups", "by": "g"}, "unknown split 'groups'"),
    ],
)
@pytest.mark.parametrize("kind", [TrainSpec, TuneSpec])
def test_a_line_that_does_not_say_how_is_refused(kind, more, what):
    params = {"max_iter": [5]} if kind is TuneSpec else PARAMS
    with pytest.raises(errors.SpecError) as caught:
        spec("d", kind=kind, params=params, **more)
    assert caught.value.what == what
