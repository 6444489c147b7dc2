"""What may be given in place of a DataFrame: what can be meant in one way only."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.datasets import load_iris

from aiaas_magics import errors, frames

TABLE = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})


class Other:
    """A table of another library."""

    def to_pandas(self):
        return TABLE


class Broken:
    def to_pandas(self):
        raise OSError("no rows")


class Odd:
    def to_pandas(self):
        return [1, 2]


class Child(pd.DataFrame):
    """GeoPandas and others are DataFrames and more."""


TAKEN = {
    "records": TABLE.to_dict("records"),
    "columns": {"a": [1, 2], "b": np.array([0.5, 1.5])},
    "Arrow": pa.Table.from_pandas(TABLE),
    "another library's": Other(),
    "structured array": np.array([(1, 0.5), (2, 1.5)], dtype=[("a", "i8"), ("b", "f8")]),
    "a child": Child(TABLE),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_table_is_made_of(case):
    found = frames.as_table(TAKEN[case])
    assert type(found) is pd.DataFrame
    pd.testing.assert_frame_equal(found, TABLE)


def test_a_column_with_a_name_is_a_table():
    assert frames.as_table(TABLE["a"]).to_dict("list") == {"a": [1, 2]}


def test_a_dataframe_is_given_back_as_it_is():
    assert frames.as_table(TABLE) is TABLE


REFUSED = {
    "array": (np.eye(2), "an ndarray is no table", "columns=[...]"),
    "column without a name": (pd.Series([1]), "a Series is no table", "to_frame('name')"),
    "sparse": (sparse.csr_matrix(np.eye(2)), "a csr_matrix is", "from_spmatrix"),
    "groups": (TABLE.groupby("a"), "a DataFrameGroupBy is", "reset_index()"),
    "bunch": (load_iris(), "a Bunch is", "as_frame=True"),
    "index": (TABLE.index, "a RangeIndex is", "pd.DataFrame"),
    "number": (3, "an int is", "pd.DataFrame"),
    "nothing": (None, "a NoneType is", "pd.DataFrame"),
    "empty list": ([], "a list is", "pd.DataFrame"),
    "list of lists": ([[1]], "a list is", "pd.DataFrame"),
    "unequal columns": ({"a": [1], "b": [1, 2]}, "a dict is", "pd.DataFrame"),
    "settings": ({"a": 1, "b": 2}, "a dict is", "pd.DataFrame"),
    "texts": ({"a": "xy"}, "a dict is", "pd.DataFrame"),
    "class": (Other, "a type is", "pd.DataFrame"),
    "broken": (Broken(), "a Broken is", "pd.DataFrame"),
    "odd": (Odd(), "an Odd is", "pd.DataFrame"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused_with_the_line_that_makes_a_table(case):
    word, what, try_ = REFUSED[case]
    with pytest.raises(errors.DataError) as caught:
        frames.as_table(word)
    assert what in caught.value.what
    assert try_ in caught.value.try_
    assert len(caught.value.lines()) == 3
