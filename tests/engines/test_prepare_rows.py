"""Row steps: which rows and columns a recipe keeps."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines.recipe import EXCEPT, rows
from aiaas_magics.specs.prepare import Step

NAN = float("nan")
FRAME = pd.DataFrame(
    {
        "n": [1.0, NAN, 3.0, 4.0],
        "c": ["a", "b", None, "d"],
        "d": pd.to_datetime(["2020", "2020", "2020", None]),
        "y": [0, 1, 0, 1],
    }
)
DROPNA = Step(op="dropna")
IMPUTE = Step(op="impute", method="median")
DATES = Step(op="dates")


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([], [0, 1, 0, 1]),
        ([DROPNA], [0]),
        ([Step(op="drop", columns=("n",)), DROPNA], [0, 1]),
        ([Step(op="keep", columns=("n", "y")), DROPNA], [0, 0, 1]),
        ([DROPNA, IMPUTE], [0]),
        ([IMPUTE, DROPNA], [0, 1]),
        ([IMPUTE, DATES, DROPNA], [0, 1, 1]),
        ([DATES, IMPUTE, DROPNA], [0, 1, 1]),
        ([Step(op="impute", method="most_frequent"), DATES, DROPNA], [0, 1, 0, 1]),
        ([Step(op="encode", method="onehot"), DROPNA], [0, 0]),
        ([Step(op="impute", method="median", settings={EXCEPT: "n"}), DATES, DROPNA], [0, 1]),
        ([Step(op="scale", method="maxabs"), DROPNA], [0]),
    ],
)
def test_rows_with_gaps_go_when_their_turn_comes(steps, kept):
    found = rows(FRAME, steps)
    assert found["y"].tolist() == kept
    assert found.index.equals(pd.RangeIndex(len(kept)))


def test_without_gaps_nothing_is_copied():
    frame = pd.DataFrame(np.eye(3), columns=list("abc"))
    assert rows(frame, [DROPNA]) is frame


def test_columns_that_are_not_here_are_ignored():
    found = rows(
        FRAME[["n"]], [Step(op="keep", columns=("n", "y")), Step(op="drop", columns=("c",))]
    )
    assert list(found.columns) == ["n"]


@pytest.mark.parametrize(
    ("frame", "hint"),
    [
        (FRAME.assign(n=NAN), "column 'n' is missing in every row"),
        (FRAME.iloc[1:], "every row has a gap"),
    ],
)
def test_no_row_left_is_an_error(frame, hint):
    with pytest.raises(errors.DataError) as caught:
        rows(frame, [DROPNA])
    assert caught.value.hint == hint


def test_it_needs_no_scikit_learn():
    script = "import sys, aiaas_magics.engines.recipe; print('sklearn' in sys.modules, 'pandas' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert out.stdout.split() == ["False", "False"]
