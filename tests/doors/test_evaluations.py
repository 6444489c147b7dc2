"""What a user holds after an evaluation: numbers, tables, sentences, and what to do next."""

import pandas as pd
import pytest

from aiaas_magics import errors


@pytest.fixture(scope="module")
def two(opened):
    """A session with two models of the same rows."""
    with opened() as session:
        session.run("data", "load", {"source": "breast_cancer", "as_": "cancer"})
        for name, algo in (("a", "ridge"), ("b", "logistic_regression")):
            session.run(
                "train", "", {"data": "cancer", "target": "diagnosis", "algo": algo, "as_": name}
            )
        yield session


def evaluate(session, **values):
    return session.run("evaluate", "", {"repeats": 100, "shuffles": 1, **values})


def test_a_comparison_tells_who_is_better_by_how_much(two):
    found = evaluate(two, model="a", against="b")
    assert found.better in ("a@1", "b@1", None)
    assert set(found.differences) == set(found.intervals) == {"accuracy", "balanced_accuracy", "f1", "precision", "recall"}  # fmt: skip
    low, high = found.intervals["accuracy"]
    assert low <= found.differences["accuracy"] <= high
    assert 0 <= found.p <= 1
    assert found.table("agreement")["rows"].sum() == 114
    assert found.record()["verdict"] == found.line()
    assert "charts" not in found.record()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"against": "b"}, "%aiaas_evaluate a@1 --against b@1 --cv 5 --rounds 3"),
        ({"against": "b", "cv": 2}, "%aiaas_evaluate a@1 --curve"),
    ],
)
def test_where_nothing_can_be_told_the_next_line_asks_more(two, values, line):
    found = evaluate(two, model="a", confidence=0.999, **values)
    assert found.better is None
    assert f"next: {line}" in found.card().text()


def test_an_evaluation_s_tables_are_frames(two):
    found = evaluate(two, model="b", cost={"fp": 1.0, "fn": 5.0})
    mistakes = found.table("mistakes")
    assert isinstance(mistakes, pd.DataFrame)
    assert {"row", "true", "predicted", "probability"} <= set(mistakes)
    raw = two.frame("cancer")
    shown = [name for name in mistakes if name in raw]
    assert raw.iloc[mistakes["row"]][shown].reset_index(drop=True).equals(mistakes[shown])
    assert (raw.iloc[mistakes["row"]]["diagnosis"].to_numpy() == mistakes["true"]).all()
    assert 0 < found.threshold < 1
    assert found.findings[0].startswith("calling malignant from a probability of")
    assert found.intervals["accuracy"][0] < found.scores["accuracy"]


def test_a_table_nobody_made_says_which_there_are(two):
    with pytest.raises(errors.NotFound) as caught:
        evaluate(two, model="a").table("mistaks")
    assert "did you mean 'mistakes'" in " ".join(caught.value.lines())


def test_no_row_of_the_data_is_shown_where_none_may_be(two):
    found = evaluate(two, model="b", rows=0)
    assert "mistakes" not in {grid.name for grid in found.grids()}


def test_folds_say_how_their_interval_was_made(two):
    found = evaluate(two, model="a", cv=3, rounds=2)
    assert "mean of 3 folds, 2 rounds; interval corrected" in found.card().text()
    assert len(found.table("folds")) == 6
    assert found.threshold is None
