"""Looking at a table and holding rows to a schema, as a user asks for them."""

import pandas as pd
import pytest

from aiaas_magics import handles, session
from aiaas_magics.magics import grammar, names
from aiaas_magics.serving import client
from aiaas_magics.specs import verb
from aiaas_magics.specs.schema import Note

TABLE = pd.DataFrame(
    {"id": range(60), "a": [i % 2 + i / 1000 for i in range(60)], "<b>": 1, "y": ["p", "q"] * 30}
)


@pytest.fixture
def check(empty):
    def look(line, **variables):
        call = grammar.parse(verb("data"), f"check {line}", evaluate=eval)
        call = names.resolve(call, variables, empty.names, empty.holds)
        return empty.run(call.verb, call.action, call.values)

    return look


def test_findings_are_a_table_with_the_lines_that_repair(check):
    found = check("df --target y", df=TABLE)
    assert isinstance(found, handles.Quality)
    assert repr(found) == "the table: 3 findings (2 high, 1 medium)"
    assert [(each.find, each.column) for each in found] == [
        ("leak", "a"),
        ("id", "id"),
        ("constant", "<b>"),
    ]
    text = found.card().text()
    assert "%aiaas_prepare df --drop id --as df-clean" in text
    assert "&lt;b&gt;" in found.card().html()
    assert [each.find for each in found.of("id")] == ["id"]
    assert found.record()["target"] == "y"


def test_the_lines_that_repair_do(check, empty):
    """Every line that a user is given is carried out as it stands."""
    empty.run("data", "load", {"source": TABLE, "as_": "t"})
    found = check("t")
    for line in (*(each.fix for each in found), *found.repairs):
        call = grammar.parse(verb("prepare"), line.removeprefix("%aiaas_prepare "))
        assert empty.run(call.verb, call.action, call.values).ref.startswith("t-clean@")
    assert not check("t-clean")


def test_spellings_are_made_one_by_a_line_of_python(empty, monkeypatch):
    cities = pd.DataFrame({"the city": ["Bern", "bern ", "Basel"] * 9})
    found = empty.run("data", "check", {"data": cities, "data word": "df"})
    scope = {"df": cities}
    exec(next(each.fix for each in found if each.find == "spellings"), scope)
    assert set(scope["df"]["the city"]) == {"bern", "basel"}
    empty.run("data", "load", {"source": cities, "as_": "c"})
    monkeypatch.setattr(session, "_current", [empty])
    found = empty.run("data", "check", {"data": "c"})
    exec(next(each.fix for each in found if each.find == "spellings"))
    assert not empty.run("data", "check", {"data": "c-clean"}).of("the city")


def test_versions_are_compared(check, empty):
    for frame in (TABLE, TABLE.assign(a=TABLE["a"] + 1)):
        empty.run("data", "load", {"source": frame, "as_": "t"})
    found = check("t --against t@1")
    assert ("drift", "a") in {(each.find, each.column) for each in found}
    assert "since t@1" in found.card().text()
    (bundle,) = found.pictures()
    assert "image/png" in bundle


def test_prose_by_declaration_has_not_changed_its_kind(check, empty):
    notes = pd.DataFrame({"note": ["good coat", "bad hat", "nice"] * 20, "y": ["p", "q"] * 30})
    for frame in (notes, notes[::-1].reset_index(drop=True)):
        empty.run("data", "load", {"source": frame, "as_": "n", "texts": ("note",)})
    assert not check("n --against n@1").of("note")


def test_many_findings_alike_share_a_row(check):
    frame = pd.DataFrame({f"c{i}": [1] * 9 for i in range(20)})
    text = check("df", df=frame).card().text()
    assert "16 more columns" in text
    assert len(text.splitlines()) < 16


def test_a_prediction_asks_for_a_schema_and_shows_notes(made, asked, monkeypatch):
    iris = made[0].frame("iris").head(2)
    made[0].run("predict", "", {"endpoint": "api", "data": iris, "schema": "fix"})
    assert asked[-1]["schema"] == "fix"
    made[0].run("predict", "", {"endpoint": "api", "data": iris})
    assert "schema" not in asked[-1]
    note = Note(column="a", problem="out of range", rows=1, first=0, got=9, expected="seen 1 to 2")
    said = {"y_pred": ["x", "y"], "warnings": [note]}
    monkeypatch.setattr(client, "predict", lambda *words, **more: said)
    found = made[0].run("predict", "", {"endpoint": "api", "data": iris})
    assert "column 'a': out of range (row 0): got 9, seen 1 to 2" in found.card().text()
    assert found.record()["warnings"][0]["column"] == "a"


def test_a_column_that_may_be_absent_can_be_left_to_the_endpoint(made, asked):
    """The model of irises knows no gaps: each of its columns is needed, whatever the schema."""
    from aiaas_magics import errors

    iris = made[0].frame("iris").head(2).drop(columns="petal_width_cm")
    with pytest.raises(errors.DataError, match="no column 'petal_width_cm'"):
        made[0].run("predict", "", {"endpoint": "api", "data": iris, "schema": "fix"})
    assert not asked
