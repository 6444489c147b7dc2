"""The catalogue says of its tables what they are."""

import pytest

from aiaas_magics import errors
from aiaas_magics.engines import catalogue as engine
from aiaas_magics.engines.profile import roles
from aiaas_magics.specs.catalogue import CATALOGUE, find


@pytest.mark.parametrize("table", CATALOGUE, ids=lambda table: table.name)
def test_a_table_is_as_described(table):
    frame = engine.load(table.name)
    assert frame.shape == (table.rows, table.columns)
    assert frame.columns[-1] == table.target
    assert not frame.isna().to_numpy().any()
    classes = frame[table.target].nunique()
    assert (classes <= 20) == (table.task == "classification")
    assert all((table.licence, table.source, table.summary))


@pytest.mark.parametrize("table", CATALOGUE, ids=lambda table: table.name)
def test_a_table_is_the_same_each_time(table):
    assert engine.load(table.name).equals(engine.load(table.name))


def test_one_table_holds_every_kind_of_column():
    found = roles(engine.load("tickets"))
    assert found == {
        "received": "date",
        "channel": "category",
        "urgent": "boolean",
        "message": "text",
        "topic": "category",
    }


def test_classes_go_by_their_names():
    assert set(engine.load("breast_cancer")["diagnosis"]) == {"malignant", "benign"}


def test_an_unknown_table_is_named_with_the_nearest():
    with pytest.raises(errors.NotFound) as caught:
        find("irsi")
    assert caught.value.hint == "did you mean 'iris'?"
