"""A search in a card: what it cost, its candidates, how far their scores are to be trusted."""

import pytest

from aiaas_magics.cards import cards, searching
from aiaas_magics.specs.results import ModelResult, Sharing, Trial


def trial(rank, equality="exact", **params):
    return Trial(
        params=params,
        mean=0.9,
        std=0.01,
        folds=(0.9, 0.9),
        seconds=0.1,
        rank=rank,
        equality=equality,
    )


def card(*trials, **words):
    plan = Sharing(
        candidates=4, folds=2, groups=1, unit="trees", shared=20, alone=80, exact=1,
        grower="direct", text="4 candidates -> 1 group x 2 folds: 20 trees instead of 80",
    )  # fmt: skip
    fields = {
        "ref": "best@1", "algo": "random_forest", "task": "classification", "target": "y", "rows": 80, "held_out": 20,
        "seconds": 0.1, "metric": "accuracy", "cells": len(trials), "strategy": "grid", "reason": "all of it", "sharing": plan,
    }  # fmt: skip
    return cards.model_card(ModelResult(trials=trials, **(fields | words)), (), "").text()


def test_the_plan_and_the_reason_come_first():
    text = card(trial(1, depth=1))
    assert (
        "grid: all of it; 4 candidates -> 1 group x 2 folds: 20 trees instead of 80 (direct grower)"
        in text
    )
    assert text.index("grid:") < text.index("rank")


def test_scores_that_are_all_exact_need_no_marks():
    assert not set(searching.MARKS.values()) & set(card(trial(1, depth=1)).split())


def test_each_kind_of_score_is_marked_counted_and_explained():
    labels = ("exact", "distribution", "distribution", "tolerance")
    text = card(*(trial(i, label, depth=i) for i, label in enumerate(labels, 1)))
    for label in searching.MARKS:
        assert f"{labels.count(label)} {searching.MEANING[label]}" in text


def test_candidates_without_all_folds_are_counted():
    assert "3 candidates not compared to the end: given up" in card(trial(1, depth=1), cells=4)
    assert "to the end: stopped before" in card(trial(1, depth=1), cells=4, partial=True)
    assert "to the end" not in card(trial(1, depth=1), cells=1)


@pytest.mark.parametrize(
    ("value", "words"), [(1.0192809312767017, "1.019"), (1e-7, "1e-07"), (None, "None"), (10, "10"), ("gini", "gini")]
)  # fmt: skip
def test_a_value_is_shown_as_people_read_it(value, words):
    assert searching.shown(value) == words
