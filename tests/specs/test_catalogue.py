"""The catalogue says of its tables what they are."""

import pytest

from aiaas_magics import errors
from aiaas_magics.engines import catalogue as engine
from aiaas_magics.engines.profile import roles
from aiaas_magics.specs.catalogue import BUILT_IN, CATALOGUE, check_openml, find

HERE = [table for table in CATALOGUE if table.origin == BUILT_IN]


@pytest.mark.parametrize("table", HERE, ids=lambda table: table.name)
def test_a_table_is_as_described(table):
    frame = engine.load(table.name)
    assert frame.shape == (table.rows, table.columns)
    assert frame.columns[-1] == table.target
    assert not frame.isna().to_numpy().any()
    classes = frame[table.target].nunique()
    assert (classes <= 20 < table.rows) == (table.task == "classification")


@pytest.mark.parametrize("table", CATALOGUE, ids=lambda table: table.name)
def test_a_table_says_where_it_comes_from(table):
    assert all((table.task, table.target, table.licence, table.source, table.summary, table.rows))


@pytest.mark.parametrize(
    "word", ["openml:61", "openml:iris", "openml:credit-g@1", "openml:a_(b).c"]
)
def test_openml_s_tables_go_by_number_or_name(word):
    assert check_openml(word)[0] == word


@pytest.mark.parametrize(
    "word", ["openml:", "openml:../x", "openml:a b", "openml:x@y", "openml:a/b?c=d", "openml:é"]
)
def test_a_word_that_would_lead_elsewhere_is_refused(word):
    with pytest.raises(errors.SpecError, match="names no table of OpenML"):
        check_openml(word)


@pytest.mark.parametrize("table", HERE, ids=lambda table: table.name)
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
