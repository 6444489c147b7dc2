"""What differs between models: scores, parameters, columns, data; pure functions of records."""

import pytest

from aiaas_magics import comparing
from aiaas_magics.cards import models as cards
from aiaas_magics.specs.records import DataInfo, Lineage, ModelInfo, Signature
from aiaas_magics.specs.results import Column

SPEC = {"kind": "train", "test": 0.2, "seed": 0, "data": "d@1"}


def model(
    name="a",
    *,
    data="d@1",
    address="sha256:" + "0" * 64,
    spec=None,
    steps=(),
    inputs=(("x", "double"),),
    **more,
):
    lineage = Lineage(
        spec=SPEC | (spec or {}),
        data=address,
        data_ref=data,
        steps=steps,
        libraries={"numpy": more.pop("numpy", "2")},
    )
    fields = {
        "task": "classification",
        "algo": "random_forest",
        "target": "y",
        "scores": {"accuracy": 0.9},
    } | more
    signature = Signature(inputs=inputs, output="y", classes=("p", "q"))
    return ModelInfo(
        name=name, version=1, created=0.0, digest="", signature=signature, lineage=lineage, **fields
    )


def table(*columns, rows=100, version=1):
    return DataInfo(
        name="d", version=version, frame="", rows=rows, columns=columns, size=0, created=0.0
    )


def number(mean, std=1.0, missing=0, name="x"):
    return Column(
        name=name, dtype="float64", role="number", missing=missing, distinct=9, mean=mean, std=std
    )


def kinds(name="k", **counts):
    return Column(
        name=name, dtype="str", role="category", missing=0, distinct=2, counts=tuple(counts.items())
    )


def rows(found, title):
    return {row[0]: row[1:] for part in found.parts if part.title == title for row in part.rows}


def compared(*infos, data=None):
    return comparing.of(infos, data or [table() for _ in infos])


def test_both_are_measured_on_rows_that_have_the_columns_of_both():
    more = model("b", inputs=(("x", "double"), ("city", "string")))
    lines = {"%aiaas_evaluate b@1 --against a@1"}
    assert {compared(model("a"), more).following, compared(more, model("a")).following} == lines


def test_what_is_the_same_is_named_and_not_shown():
    found = compared(model("a"), model("b"))
    assert [part.title for part in found.parts] == ["scores"]
    assert {"algorithm", "seed", "parameters", "columns", "numpy", "learned from"} <= set(
        found.same
    )
    assert found.warnings == ()


def test_scores_stand_side_by_side():
    found = compared(
        model("a"), model("b", scores={"accuracy": 0.8}), model("c", scores={"f1": 0.7})
    )
    assert rows(found, "scores")["accuracy"] == (0.9, 0.8, None)
    assert rows(found, "scores")["f1"] == (None, None, 0.7)
    assert found.summary == "accuracy 0.900 against 0.800 against –"


def test_models_without_a_common_score_say_so():
    assert compared(model("a"), model("b", scores={"r2": 0.7})).summary == "no score in common"


OTHER_ROWS = [
    {"address": "sha256:" + "1" * 64},
    {"spec": {"test": 0.3}},
    {"spec": {"seed": 1}},
    {"steps": ({"op": "dropna"},)},
    {"target": "z"},
    {"spec": {"kind": "import_model"}},
]


@pytest.mark.parametrize("more", OTHER_ROWS)
def test_scores_on_other_rows_are_warned_of(more):
    (warning,) = compared(model("a"), model("b", **more)).warnings
    assert "not of the same rows" in warning


@pytest.mark.parametrize("more", [{"spec": {"algo": "ridge"}}, {"steps": ({"op": "scale"},)}])
def test_what_does_not_move_rows_is_not_warned_of(more):
    assert compared(model("a"), model("b", **more)).warnings == ()


def test_parameters_are_filled_in_with_what_holds_without_them():
    found = compared(
        model("a", params={"max_depth": 3}),
        model("b"),
        model("c", algo="ridge", params={"alpha": 2.0}),
        model("d", algo="svc", params={"C": 1.0}),
    )
    assert rows(found, "parameters") == {
        "max_depth": ("3", "None (default)", "–", "default"),
        "alpha": ("–", "–", "2.0", "default"),
        "C": ("–", "–", "–", "1.0"),
    }


def test_columns_that_came_and_went_are_shown_with_their_types():
    two = model("b", inputs=(("x", "long"), ("z", "string")))
    found = compared(model("a", inputs=(("x", "double"), ("w", "boolean"))), two)
    assert rows(found, "columns") == {
        "x": ("double", "long"),
        "w": ("boolean", "–"),
        "z": ("–", "string"),
    }


def test_data_differs_in_rows_steps_and_columns():
    steps = ({"op": "scale", "method": "maxabs", "columns": ["x"]},)
    data = [table(number(0.0)), table(number(0.0), kinds(), rows=90, version=2)]
    found = rows(compared(model("a"), model("b", data="d@2", steps=steps), data=data), "data")
    assert found["rows"] == (100, 90)
    assert found["step scale maxabs (x)"] == ("–", "yes")
    assert found["column k"] == ("–", "yes")


def test_columns_that_moved_most_come_first():
    before = table(
        number(0.0), number(5.0, name="still"), number(1.0, name="far"), kinds(p=50, q=50)
    )
    after = table(
        number(0.5), number(5.0, name="still"), number(9.0, name="far"), kinds(p=90, q=10)
    )
    found = rows(compared(model("a"), model("b"), data=[before, after]), "values")
    assert list(found) == ["far", "x", "k"]
    assert found["far"] == ("1 ± 1", "9 ± 1")
    assert found["k"] == ("p 50%, q 50%", "p 90%, q 10%")


def test_gaps_move_a_column_too():
    data = [table(number(0.0)), table(number(0.0, missing=30))]
    assert (
        rows(compared(model("a"), model("b"), data=data), "values")["x"][1] == "0 ± 1, 30% missing"
    )


def test_data_that_is_gone_is_left_out():
    found = compared(model("a"), model("b", data=None), data=[table(number(0.0)), None])
    assert rows(found, "data") == {"learned from": ("d@1", "a DataFrame"), "rows": (100, None)}
    assert rows(found, "values") == {}


def test_words_of_the_user_s_are_shown_as_text(read):
    evil = "<script>alert(1)</script>\n"
    found = compared(model("a", inputs=((evil, "double"),)), model("b", params={"max_depth": evil}))
    page = read(cards.comparison_card(found))
    assert "script" not in page.tags
    assert evil.strip() in page.text
