"""Checks of a table: each finds what it is for, and none cries on tables that are sound."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, profile, quality
from aiaas_magics.engines.checks import effects, lines
from aiaas_magics.engines.checks.identity import names_rows
from aiaas_magics.engines.checks.look import Look, share
from aiaas_magics.magics import grammar
from aiaas_magics.specs import verb
from aiaas_magics.specs.catalogue import BUILT_IN, CATALOGUE
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.quality import SEVERITIES, QualitySpec
from aiaas_magics.specs.train import TrainSpec

HERE = [table for table in CATALOGUE if table.origin == BUILT_IN]
N = 400
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=N)
CLASSES = RNG.choice(["no", "yes"], N)
SOUND = pd.DataFrame(
    {
        "size": NOISE + (CLASSES == "yes"),
        "grade": RNG.integers(0, 8, N),
        "city": RNG.choice(["Bern", "Basel", "Genf"], N),
        "when": pd.Timestamp("2025-01-01") + pd.to_timedelta(RNG.integers(0, 900, N), unit="h"),
        "paid": RNG.random(N) < 0.5,
        "y": CLASSES,
    }
)


def look(frame, target="y", before=None, word="t"):
    roles = profile.roles(frame)
    task = quality._task(frame[target]) if target else None
    columns = profile.profile(frame, roles)
    return Look(frame, roles, columns, word=word, target=target, task=task, before=before)


def findings(frame, target="y", before=None):
    seen = look(frame, target, before)
    asked = [name for name in quality.CHECKS if quality._asked(name, seen)]
    return quality.ordered([each for name in asked for each in quality.CHECKS[name](seen)])


def found(frame, target="y", before=None):
    return {(each.find, each.column) for each in findings(frame, target, before)}


def without(values, share_=0.3, where=None):
    where = RNG.random(N) < share_ if where is None else where
    return np.where(where, np.nan, values)


def test_a_sound_table_has_no_findings():
    assert found(SOUND) == set()
    assert found(SOUND, None, SOUND) == set()


SICK = {
    ("missing", "size"): {"size": without(NOISE)},
    ("missing", "y"): {"y": [None, *CLASSES[1:]]},
    ("telling gaps", "size"): {"size": without(NOISE, where=(CLASSES == "yes") & (NOISE > 0))},
    ("infinite", "size"): {"size": [np.inf, *NOISE[1:]]},
    ("constant", "x"): {"x": 1},
    ("nearly constant", "x"): {"x": ["b", *["a"] * (N - 1)]},
    ("duplicate column", "x"): {"x": SOUND["grade"].astype("float64")},
    ("id", "x"): {"x": range(7, N + 7)},
    ("id", "customer id"): {"customer id": RNG.permutation(10**6)[:N]},
    ("id", "token"): {"token": [f"{v:08x}" for v in RNG.permutation(2**28)[:N]]},
    ("id", "name"): {"name": [f"name {'abcdefghij'[i % 10] * (i // 10 + 1)}" for i in range(N)]},
    ("leak", "x"): {"x": np.where(CLASSES == "yes", "paid", "open")},
    ("leak", "late"): {"late": without(NOISE, where=CLASSES == "yes")},
    ("leak", "score"): {"score": np.where(CLASSES == "yes", 5, 0) + RNG.random(N)},
    ("imbalanced", "y"): {"y": ["yes"] * 20 + ["no"] * (N - 20)},
    ("rare classes", "y"): {"y": ["maybe", *CLASSES[1:]]},
    ("numbers as text", "x"): {"x": [*(f"{v:.2f}" for v in NOISE[1:]), "n/a"]},
    ("dates as text", "x"): {"x": SOUND["when"].dt.strftime("%Y-%m-%d")},
    ("spellings", "city"): {"city": SOUND["city"].where(NOISE > 0, "bern ")},
    ("spellings", "y"): {"y": np.where(NOISE > 1, "Yes", CLASSES)},
    ("many categories", "x"): {"x": [f"c{i % 90}-" for i in range(N)]},
    ("outliers", "size"): {"size": [1e6, *NOISE[1:]]},
    ("skew", "x"): {"x": np.exp(2 * NOISE)},
}  # fmt: skip


@pytest.mark.parametrize("what", SICK, ids=lambda what: f"{what[0]} {what[1]}")
def test_what_is_wrong_is_found(what):
    assert what in found(SOUND.assign(**SICK[what]))


@pytest.mark.parametrize("texts", [("5 %", "10 %", "20 %"), ("12,50 €", "1.200,00 €", "7,95 €")])
def test_signs_of_money_or_percent_make_numbers_of_texts(texts):
    assert ("numbers as text", "x") in found(SOUND.assign(x=RNG.choice(texts, N)))


@pytest.mark.parametrize(("one", "two"), [([], [1.0]), ([1.0], [2.0])])
def test_too_few_values_have_not_moved(one, two):
    assert effects.distance(np.array(one), np.array(two)) == (0.0, 1.0)


def test_prices_are_no_names_of_rows():
    prices = [f"{v},{v % 100:02} €" for v in RNG.permutation(10**4)[:N]]
    assert ("id", "x") not in found(SOUND.assign(x=prices))


REPEATED = pd.concat([SOUND, SOUND.head(40)], ignore_index=True)
CONTRARY = pd.concat([SOUND, SOUND.head(40).assign(y="yes")], ignore_index=True)


@pytest.mark.parametrize(
    ("frame", "find"), [(REPEATED, "duplicate rows"), (CONTRARY, "contradictions")]
)
def test_rows_that_repeat_are_found(frame, find):
    assert find in {each.find for each in findings(frame)}


DRIFTED = {
    ("drift", "size"): {"size": NOISE + 1},
    ("drift", "when"): {"when": SOUND["when"] + pd.Timedelta(days=20)},
    ("drift", "city"): {"city": SOUND["city"].where(NOISE > 0, "Bern")},
    ("drift", "paid"): {"paid": RNG.random(N) < 0.9},
    ("new categories", "city"): {"city": SOUND["city"].where(NOISE > 1, "Zug")},
    ("vanished categories", "city"): {"city": SOUND["city"].replace("Genf", "Bern")},
    ("gaps changed", "size"): {"size": without(NOISE)},
    ("changed columns", "grade"): {"grade": SOUND["grade"].astype("str")},
    ("changed columns", "new"): {"new": 1},
}


@pytest.mark.parametrize("what", DRIFTED, ids=lambda what: f"{what[0]} {what[1]}")
def test_drift_is_found(what):
    assert what in found(SOUND.assign(**DRIFTED[what]), None, SOUND)


def test_a_column_that_is_gone_is_found():
    assert ("changed columns", "city") in found(SOUND.drop(columns="city"), None, SOUND)


HARMLESS = {
    "survey codes": {"x": RNG.choice(["1", "2", "3"], N)},
    "postcodes": {"x": RNG.choice(["01067", "04103", "08056", "09111", "02625", "03046"], N)},
    "large distinct amounts": {"x": RNG.permutation(10**7)[:N]},
    "initials": {"x": RNG.choice(["A", "B"], N)},
    "few gaps at random": {"size": without(NOISE, 0.02)},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_at_most_low(name):
    assert {each.severity for each in findings(SOUND.assign(**HARMLESS[name]))} <= {"low"}


@pytest.mark.parametrize("table", HERE, ids=lambda table: table.name)
def test_textbook_tables_raise_no_false_alarm(table):
    frame = catalogue.load(table.name)
    alarms = {each.find for each in findings(frame, table.target) if each.severity != "low"}
    assert alarms <= {"constant"}  # the corners of the digits


@pytest.mark.parametrize("table", HERE, ids=lambda table: table.name)
@pytest.mark.parametrize("seed", range(3))
def test_halves_of_a_table_have_not_drifted(table, seed):
    mixed = catalogue.load(table.name).sample(frac=1, random_state=seed, ignore_index=True)
    half = len(mixed) // 2
    told = {each.find for each in findings(mixed[half:], None, mixed[:half])}
    assert not told & {"drift", "new categories", "vanished categories", "gaps changed"}


def test_an_easy_task_is_told_softly():
    """Setosa is apart from the other irises by each petal measure: no column is a leak."""
    iris = catalogue.load("iris")
    easy = iris.assign(species=np.where(iris["species"] == "setosa", "setosa", "other"))
    easy["sepal_width_cm"] += (easy["species"] == "setosa") * 0.9
    severities = {each.severity for each in findings(easy, "species") if each.find == "leak"}
    assert severities == {"medium"}


def test_leaks_are_found_for_numbers_too():
    frame = SOUND.assign(y=NOISE, x=np.exp(NOISE), other=SOUND["grade"])
    assert ("leak", "x") in found(frame)
    assert not {each for each in found(SOUND.assign(y=NOISE)) if each == ("leak", "size")}


@pytest.mark.parametrize("values", [range(19), RNG.normal(size=99), [1, 1, *range(2, 90)]])
def test_what_names_no_rows_is_no_id(values):
    column = pd.Series(values)
    assert names_rows(column, "number", "x") == ""


def test_effects_grow_with_the_difference_not_with_the_rows():
    small, large = np.array([[30, 70], [70, 30]]), np.array([[300, 700], [700, 300]])
    assert effects.cramer(small)[0] == pytest.approx(effects.cramer(large)[0], abs=0.02)
    assert effects.cramer(np.array([[50, 50], [50, 50]])) == (0.0, 1.0)
    assert effects.cramer(small)[1] == pytest.approx(
        chi2_contingency(small, correction=False).pvalue
    )
    assert effects.apart(np.array([1, 0]), np.array([0, 9])) == 1.0


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(1, 3, "33 %"), (1, 1, "100 %"), (9999, 10000, "99.99 %"), (0, 0, "0 %")]
)  # fmt: skip
def test_shares_are_short_and_true(part, whole, shown):
    assert share(part, whole) == shown


NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3, unique=True)


@given(NAMES)
def test_lines_parse_whatever_a_column_is_called(names):
    """The line is pasted: braces are evaluated by the notebook."""
    line = lines.prepare(
        "t", f"--drop {lines.columns(names)}", f"--target {lines.column(names[0])}"
    )
    assert len(line.splitlines()) == 1
    words = grammar.parse(verb("prepare"), line.removeprefix("%aiaas_prepare "), evaluate=eval)
    assert words.values["drop"] == tuple(names)
    assert (words.values["target"], words.values["as_"]) == (names[0], "t-clean")


CELLS = st.one_of(
    st.lists(st.none(), min_size=6, max_size=6),
    st.lists(st.floats(), min_size=6, max_size=6),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.lists(st.none() | st.text(max_size=5), min_size=6, max_size=6).map(lambda v: pd.Series(v, dtype="str")),
    st.lists(st.none() | st.sampled_from("ab"), min_size=6, max_size=6).map(pd.Categorical),
    st.lists(st.none() | st.datetimes(), min_size=6, max_size=6).map(lambda v: pd.Series(v, dtype="datetime64[us]")),
)  # fmt: skip


@given(
    st.lists(CELLS, min_size=1, max_size=4),
    st.integers(0, 6),
    st.sampled_from([1, 2, 12]),
    st.data(),
)
@settings(max_examples=40, deadline=None)
def test_any_table_can_be_looked_at(columns, rows, times, data):
    whole = pd.DataFrame({f"c{i}": pd.Series(cells) for i, cells in enumerate(columns)})
    whole = whole.astype({n: "str" for n in whole if whole[n].dtype == object})
    frame = pd.concat([whole.head(rows)] * times, ignore_index=True)
    target = data.draw(st.sampled_from([None, *frame.columns]))
    for each in findings(frame, target, whole):
        assert each.severity in SEVERITIES
        assert "nan" not in each.text.replace("'nan'", "")


def test_all_repairs_follow_one_another():
    sick = SOUND.assign(
        size=without(NOISE),
        k=1,
        l=2,
        day=SOUND["when"].dt.strftime("%Y-%m-%d"),
        x=np.exp(2 * NOISE),
    )
    found_ = lines.repairs("t", findings(sick))
    assert found_[:3] == (
        "%aiaas_prepare t --drop k,l --as t-clean",
        "%aiaas_prepare t-clean --fix --columns day --as t-clean",
        "%aiaas_prepare t-clean --impute median --columns size --as t-clean",
    )
    assert found_[-1] == "%aiaas_prepare t-clean --scale power --columns x --as t-clean"


@pytest.mark.parametrize("what", SICK, ids=lambda what: f"{what[0]} {what[1]}")
def test_every_line_is_one_that_can_be_asked(what):
    """Those of Python apart, which a test of the session carries out."""
    for each in findings(SOUND.assign(**SICK[what])):
        name, _, rest = each.fix.removeprefix("%aiaas_").partition(" ")
        if each.fix.startswith("%"):
            call = grammar.parse(verb(name), rest, evaluate=eval)
            fields = {n: v for n, v in call.values.items() if n in SPECS[name].__struct_fields__}
            SPECS[name](
                **{"as_": "m"} | fields, **({"params": call.parameters} if call.parameters else {})
            )
        else:
            assert each.find == "spellings"


SPECS = {"prepare": PrepareSpec, "train": TrainSpec}


# the engine ----------------------------------------------------------------------------------------


def test_the_engine_looks_at_stored_data_and_versions(context):
    from aiaas_magics.engines import data
    from aiaas_magics.specs.data import DataSpec

    for frame in (SOUND, SOUND.assign(size=without(NOISE) + 2)):
        data.run(DataSpec(as_="t", frame=context.save_frame(frame)), context)
    result = quality.run(QualitySpec(data="t", target="y", against="t@1"), context)
    assert (result.data, result.against, result.rows, result.columns) == ("t@2", "t@1", N, 6)
    assert {each.find for each in result.findings} >= {"missing", "drift", "gaps changed"}
    assert all(" t " in each.fix for each in result.findings)
    assert [chart.name for chart in result.charts] == ["missing", "drift"]
    assert all(chart.png for chart in result.charts)


def test_a_stopped_look_says_what_it_looked_for(tmp_path):
    from aiaas_magics.testing.context import LocalContext

    context = LocalContext(tmp_path, stop_after=2)
    result = quality.run(QualitySpec(data=context.save_frame(SOUND)), context)
    assert result.partial
    assert len(result.looked) == 2


def test_a_target_that_is_no_column_is_refused(context):
    with pytest.raises(errors.DataError, match="no column 'yy'") as caught:
        quality.run(QualitySpec(data=context.save_frame(SOUND), target="yy"), context)
    assert caught.value.try_ == "--target y"


def test_gaps_of_two_rows_tell_nothing():
    frame = pd.DataFrame({"word": pd.Series([None, ""], dtype="str"), "size": [0.0, 0.5]})
    assert "telling gaps" not in {each.find for each in findings(frame, "size", frame)}
