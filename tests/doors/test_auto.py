"""--algo auto through a session: the line, the handle, the list of algorithms, the twin."""

import pytest

import aiaas_magics as aiaas
from aiaas_magics import answers, session
from aiaas_magics.cards import style
from aiaas_magics.specs.verbs import Kind

LINE = {"data": "iris", "target": "species", "algo": "auto", "as_": "best", "trials": 3, "cv": 3,
        "algos": ("logistic_regression", "ridge")}  # fmt: skip


@pytest.fixture(scope="module")
def best(opened):
    with opened() as found:
        found.run("data", "load", {"source": "iris"})
        yield found, found.run("train", "", LINE)


def test_the_line_names_the_algorithm_that_was_chosen(best):
    _, model = best
    assert repr(model).startswith(f"best@1: {model.result.algo}, best of 3 candidates, accuracy")
    assert model.info.algo == model.result.algo != "auto"


def test_the_leaderboard_is_a_table(best):
    board = best[1].leaderboard
    assert list(board["rank"]) == [1, 2, 3]
    assert board["algo"][0] == best[1].result.algo
    assert {"mean", "low", "high", "folds", "fit_seconds", "predict_seconds", "tied"} < set(board)


def test_the_leaderboard_holds_no_seconds_in_docs_mode(best, monkeypatch):
    monkeypatch.setattr(style._State, "docs_mode", True)
    assert not {"fit_seconds", "predict_seconds"} & set(best[1].leaderboard)


def test_the_same_line_again_is_the_same_leaderboard(best):
    spec = best[1].info.lineage.spec
    again = best[0].run("train", "", {name: spec[name] for name in (*LINE, "seed")} | {"as_": "b"})
    seconds = ["fit_seconds", "predict_seconds"]
    assert again.leaderboard.drop(columns=seconds).equals(best[1].leaderboard.drop(columns=seconds))


def test_it_is_evaluated_like_any_other(best):
    found = best[0].run("evaluate", "", {"model": "best", "repeats": 100, "shuffles": 0})
    assert found.scores["accuracy"] == best[1].scores["accuracy"]


def test_it_stands_in_the_list_of_algorithms(best):
    assert "auto" in str(answers.known(best[0], Kind.ALGORITHM).card().text())


def test_the_twin_says_the_same(best, monkeypatch):
    monkeypatch.setattr(session, "_current", [best[0]])
    words = {name: value for name, value in LINE.items() if name != "data"} | {"as_": "twin"}
    assert aiaas.train("iris", **words).result.algo == best[1].result.algo


def test_a_parameter_of_that_name_stays_the_algorithm_s(best, monkeypatch):
    monkeypatch.setattr(session, "_current", [best[0]])
    found = aiaas.train("iris", target="species", algo="knn", metric="manhattan")
    assert found.params == {"metric": "manhattan"}
