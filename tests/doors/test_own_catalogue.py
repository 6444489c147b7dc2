"""An organisation's own tables: named in a file, listed, loaded; a wrong file says where it is wrong."""

import pytest

from aiaas_magics import errors

OWN = """
[[table]]
name = "sales"
path = "tables/sales.csv"
task = "regression"
target = "revenue"
licence = "internal"
source = "team <b>finance</b>"
sep = ";"
decimal = ","

[[table]]
name = "flowers"
openml = 61
"""


@pytest.fixture
def own(empty):
    """Write the home's file, and the table it names."""

    def write(text):
        folder = empty.backend.folder
        (folder / "tables").mkdir(exist_ok=True)
        (folder / "tables" / "sales.csv").write_text("shop;revenue\na;1,500\nb;2,750\n")
        (folder / "catalogue.toml").write_text(text)
        return empty

    return write


def test_own_tables_stand_beside_the_built_in_ones(own):
    listed = own(OWN).run("data", "catalogue", {})
    assert "team <b>finance</b>" in listed.card().text()
    assert "<b>" not in listed.card().html()
    (record,) = [r for r in listed.records if r.name == "sales"]
    assert (record.task, record.licence, record.origin) == (
        "regression",
        "internal",
        "catalogue.toml",
    )


def test_a_word_chooses_among_them(own):
    listed = own(OWN).run("data", "catalogue", {"word": "Finance"})
    assert [r.name for r in listed.records] == ["sales"]
    with pytest.raises(errors.NotFound) as caught:
        own(OWN).run("data", "catalogue", {"word": "sails"})
    assert "'sales'" in caught.value.hint


def test_an_own_table_is_read_as_its_file_says_and_listed_with_its_licence(own):
    session = own(OWN)
    session.run("data", "load", {"source": "sales"})
    assert session.frame("sales")["revenue"].tolist() == [1.5, 2.75]
    assert session.data("sales").source == "catalogue:sales"
    (row,) = session.run("data", "list", {}).rows
    assert row[-3:] == ("catalogue:sales", "regression", "internal")


def test_the_line_says_otherwise(own):
    session = own(OWN)
    session.run("data", "load", {"source": "sales", "decimal": ".", "thousands": ","})
    assert session.frame("sales")["revenue"].tolist() == [1500, 2750]


def test_more_files_are_named_by_the_environment(own, tmp_path, monkeypatch):
    (tmp_path / "more.toml").write_text('[[table]]\nname = "more"\npath = "more.csv"\n')
    (tmp_path / "more.csv").write_text("a,b\n1,2\n")
    monkeypatch.setenv("AIAAS_CATALOGUE", str(tmp_path / "more.toml"))
    assert own(OWN).run("data", "load", {"source": "more"}).shape == (1, 2)


WRONG = {
    "no TOML": ("[[table]\n", "catalogue.toml is no catalogue", "line 1"),
    "unknown field": ('[[table]]\nname = "x"\npth = "x.csv"\n', "no catalogue", "$.table[0]"),
    "wrong type": ('[[table]]\nname = 3\npath = "x.csv"\n', "no catalogue", "$.table[0].name"),
    "name": ('[[table]]\nname = "../x"\npath = "x.csv"\n', "table '../x'", "starts with"),
    "nowhere": ('[[table]]\nname = "x"\n', "table 'x': it needs a path", "one of the two"),
    "twice": ('[[table]]\nname = "x"\npath = "x"\nopenml = 61\n', "needs a path", "one of the two"),
    "task": ('[[table]]\nname = "x"\npath = "x"\ntask = "regresion"\n', "task", "'regression'"),
    "address": ('[[table]]\nname = "x"\npath = "http://a/b"\n', "an address", "from here"),
    "openml": ('[[table]]\nname = "x"\nopenml = "a b"\n', "names no table", "number or its name"),
    "built in": ('[[table]]\nname = "Iris"\npath = "x"\n', "there is already", "built in"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_names_file_and_field(own, case):
    text, what, hint = WRONG[case]
    with pytest.raises(errors.SpecError) as caught:
        own(text).run("data", "catalogue", {})
    assert "catalogue.toml" in caught.value.what
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert len(caught.value.lines()) == 3


def test_a_file_that_is_named_and_not_there_is_told(own, monkeypatch):
    monkeypatch.setenv("AIAAS_CATALOGUE", "/nowhere/x.toml")
    with pytest.raises(errors.SpecError, match="is no catalogue"):
        own(OWN).run("data", "load", {"source": "iris"})


def test_an_own_table_whose_file_is_gone_says_who_named_it(own):
    session = own(OWN.replace("sales.csv", "gone.csv"))
    with pytest.raises(errors.DataError) as caught:
        session.run("data", "load", {"source": "sales"})
    assert caught.value.hint == "catalogue.toml says that sales lies there"
