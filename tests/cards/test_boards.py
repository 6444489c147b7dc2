"""A leaderboard's table: one line an algorithm, what may be said of it, nothing that differs by machine."""

import pytest

from aiaas_magics.cards import boards, cards, charts
from aiaas_magics.specs.results import Entrant, ModelResult, Score

HOSTILE = "<script>alert(1)</script>\nsecond line"


def entrant(rank, algo="ridge", mean=0.9, **more):
    base = {"low": 0.8, "high": 1.0, "folds": (0.9,) * 5, "rows": 100, "fit_seconds": 123.4}
    if mean is None:
        base |= {"low": None, "high": None, "folds": ()}
    return Entrant(rank=rank, algo=algo, mean=mean, **{**base, **more})


def model(*board, **more):
    base = {"held_out": 30, "scores": (Score(metric="accuracy", value=0.8),), "metric": "accuracy"}
    return ModelResult(
        ref="best@1", algo=board[0].algo, task="classification", target="y", rows=120, seconds=1.0,
        leaderboard=board, **{**base, **more},
    )  # fmt: skip


BOARD = (
    entrant(1, "svm", 0.95), entrant(2, "svm", 0.94, tied=True), entrant(3, "ridge", 0.93, tied=True),
    entrant(4, "sgd", 0.5), entrant(5, "mlp", None, note=HOSTILE),
)  # fmt: skip


def shown(result):
    return cards.model_card(result, (), "").text()


def test_each_algorithm_has_one_line_with_its_best_and_how_many_it_had():
    assert [(e.rank, count) for e, count in boards.families(BOARD)] == [(1, 2), (3, 1), (4, 1), (5, 1)]  # fmt: skip
    lines = [line.split() for line in shown(model(*BOARD)).splitlines() if " svm " in line]
    assert lines[-1][:4] == ["★", "svm", "2", "0.950"]


def test_what_is_not_told_apart_from_the_best_is_said():
    text = shown(model(*BOARD))
    assert text.count("not told apart from the best") == 1
    assert "2 candidates cannot be told apart from the best" in text
    assert "trust the held-out score" in text


def test_the_line_counts_the_candidates():
    assert cards.model_line(model(*BOARD)).startswith("best@1: svm, best of 5 candidates")


@pytest.mark.parametrize(("rows", "told"), [((100, 100), False), ((1000, 100), True)])
def test_rows_are_told_where_they_differ(rows, told):
    board = [entrant(n, f"algo{n}", rows=count) for n, count in enumerate(rows, start=1)]
    assert ("  rows" in shown(model(*board))) is told


def test_seconds_stand_outside_docs_mode_alone(docs_mode):
    assert "2 min" not in shown(model(*BOARD))
    assert "predict 1,000" not in shown(model(*BOARD))


def test_seconds_are_told():
    assert "2 min 3 s" in shown(model(*BOARD))


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (20.0, "compared within 20 s on 100 training rows"),
        (60.0, "compared within 60 s (the default: --time) on 100 training rows"),
        (None, "compared on 100 training rows"),
    ],
)
def test_the_time_there_was_is_told(budget, text):
    assert text in shown(model(*BOARD, budget=budget))


def test_a_note_is_text_on_one_line():
    page = cards.model_card(model(*BOARD), (), "").html()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_ranking_marks_the_best_and_draws_what_has_no_interval():
    rows = [{"label": "a", "value": 0.9, "low": 0.8, "high": 1.0}, {"label": "b", "value": 0.5, "low": None, "high": None}]  # fmt: skip
    spec = charts.ranking("r", "t", "t: x", rows, axis="accuracy", best="a").spec
    whisker, dot = spec["layer"]
    assert whisker["transform"] == [{"filter": "isValid(datum.low)"}]
    assert dot["encoding"]["color"]["condition"]["test"] == 'datum.label === "a"'
    assert dot["encoding"]["x"]["scale"] == {"zero": False}
