"""An endpoint that goes elsewhere, through a session: what is written where, what is refused."""

import json

import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from aiaas_magics import errors, specs
from aiaas_magics.magics import grammar, manual

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 0.0, 1.0], "y": [1.0, 2.0, 3.0, 4.0]})  # fmt: skip
LINE = "clf --as api --export docker there"


@pytest.fixture
def session(empty, tmp_path, monkeypatch):
    """A session with the model ``m``, in a folder of its own."""
    import skops.io

    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.skops").write_bytes(
        skops.io.dumps(Ridge().fit(ROWS[["a", "b"]].to_numpy(), ROWS["y"]))
    )
    empty.run("models", "import", {"file": "m.skops", "sample": ROWS, "target": "y"})
    return empty


def export(session, path="there", **more):
    return session.run("deploy", "", {"model": "m", "export": "docker", "path": path, **more})


def parsed(line):
    return grammar.parse(specs.verb("deploy"), line)


def test_a_folder_is_written_and_told(session, tmp_path):
    handle = export(session, port=9000)
    assert repr(handle).startswith("m-api: a server of m@1 written to there")
    assert {each.name for each in (tmp_path / "there").iterdir()} >= {
        "Dockerfile", "README.md", "plan.json", "requirements.txt", "start.sh", "server",
    }  # fmt: skip
    shown = handle.card().text()
    assert "docker build -t m-api there" in shown
    assert "-p 127.0.0.1:9000:9000 m-api" in shown
    assert handle.record()["path"] == "there"
    assert (tmp_path / "there" / "start.sh").stat().st_mode & 0o111


def test_nothing_is_started_and_the_name_stays_free(session):
    export(session, as_="api")
    assert session.backend.query("endpoints") == []
    session.run("data", "load", {"source": ROWS, "as_": "api"})


def test_a_zip_is_one_file(session, tmp_path):
    export(session, path="there.zip")
    assert (tmp_path / "there.zip").read_bytes()[:2] == b"PK"


def test_only_such_a_folder_is_written_over_and_only_when_told(session, tmp_path):
    export(session)
    with pytest.raises(errors.NameTaken, match="there exists"):
        export(session)
    export(session, replace=True, schema="refuse")
    assert json.loads((tmp_path / "there" / "plan.json").read_text())["schema"] == "refuse"
    (tmp_path / "mine").mkdir()
    with pytest.raises(errors.NameTaken, match="mine is no folder of a server"):
        export(session, path="mine", replace=True)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("clf there", "PATH goes with --export only"),
        ("clf --export docker", "%aiaas_deploy needs PATH"),
        ("clf --export tarball there", "tarball"),
    ],
)
def test_words_that_mean_nothing_together_are_refused(line, what):
    with pytest.raises(errors.AiaasError, match=what) as caught:
        parsed(line)
    assert len(caught.value.lines()) == 3


def test_a_line_of_it_parses_to_itself():
    call = parsed(LINE)
    assert (call.values["path"], call.values["export"]) == ("there", "docker")
    assert parsed(grammar.render(call).removeprefix("%aiaas_deploy ")) == call


def test_a_schema_of_it_says_that_one_word_needs_the_other():
    verb = specs.verb("deploy")
    found = manual.schema(verb, verb.action(""))["dependentRequired"]
    assert found == {"path": ["export"], "export": ["path"]}
