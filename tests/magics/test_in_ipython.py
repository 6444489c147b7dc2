"""The magics in a real IPython, on a recording session."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import aiaas_magics
from aiaas_magics import errors, magics, session, specs
from aiaas_magics.handles import Note
from aiaas_magics.magics.completion import Completer
from aiaas_magics.specs.records import Signature
from aiaas_magics.specs.verbs import Kind


class Recording:
    """A session that writes down what it is asked."""

    backend = None

    def __init__(self):
        self.calls = []

    def run(self, verb, action, values, parameters=None):
        self.calls.append((verb, action, dict(values), dict(parameters or {})))
        return Note("done")

    def names(self, kind):
        return {
            Kind.DATA: ["clean", "cancer"],
            Kind.SOURCE: ["iris"],
            Kind.MODEL: ["clf"],
            Kind.ENDPOINT: ["api"],
        }.get(kind, [])

    def holds(self, ref, table):
        return list(table.columns) == ["same"]

    def columns(self, data):
        if data != "clean":
            raise errors.NotFound(f"no data {data!r}")
        return ["diagnosis", "mean_radius", "mean_texture"]

    def model(self, ref):
        if ref != "clf":
            raise errors.NotFound(f"no model {ref!r}")
        return SimpleNamespace(
            signature=Signature(inputs=(("worst_area", "double"),), output="long")
        )


@pytest.fixture(scope="module")
def loaded():
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "aiaas_magics")
    yield shell
    shell.run_line_magic("unload_ext", "aiaas_magics")


@pytest.fixture
def shell(loaded, monkeypatch):
    recording = Recording()
    monkeypatch.setattr(session, "_current", [recording])
    loaded.recording = recording
    before = set(loaded.user_ns)
    yield loaded
    for name in set(loaded.user_ns) - before:
        del loaded.user_ns[name]


def completions(shell, text):
    with provisionalcompleter():
        return list(shell.Completer.completions(text, len(text)))


def error_of(shell, code):
    result = shell.run_cell(code)
    return result.error_in_exec or result.error_before_exec


def test_a_line_reaches_the_session(shell):
    handle = shell.run_line_magic("aiaas_train", "clean --target y --algo ridge --as m alpha=2")
    assert repr(handle) == "done"
    verb, action, values, parameters = shell.recording.calls[-1]
    assert (verb, action, parameters) == ("train", "", {"alpha": 2})
    assert (values["data"], values["target"], values["as_"]) == ("clean", "y", "m")


def test_a_cell_reaches_the_session(shell):
    shell.run_cell("%%aiaas_tune clean --target y --algo ridge\n{'alpha': [1, 2]}").raise_error()
    assert shell.recording.calls[-1][3] == {"alpha": [1, 2]}


def test_an_assignment_gives_the_handle(shell):
    shell.run_cell("m = %aiaas_evaluate clf").raise_error()
    assert repr(shell.user_ns["m"]) == "done"


def test_a_variable_goes_before_a_path(shell):
    import pandas as pd

    shell.user_ns["df"] = pd.DataFrame({"a": [1]})
    shell.run_cell("%aiaas_data load df --as d").raise_error()
    assert shell.recording.calls[-1][2]["source"] is shell.user_ns["df"]
    shell.run_cell("%aiaas_data load {df.head(0)} --as d").raise_error()
    assert len(shell.recording.calls[-1][2]["source"]) == 0


def test_a_word_that_means_two_things_is_refused_with_two_ways(shell):
    import pandas as pd

    shell.user_ns["clean"] = pd.DataFrame({"a": [1]})
    line = "%aiaas_train {} --target a --algo ridge"
    assert error_of(shell, line.format("clean")).try_ == "var:clean or ref:clean"
    shell.run_cell(line.format("ref:clean")).raise_error()
    assert shell.recording.calls[-1][2]["data"] == "clean"
    shell.run_cell(line.format("var:clean")).raise_error()
    assert shell.recording.calls[-1][2]["data"] is shell.user_ns["clean"]


def test_a_variable_that_is_the_stored_table_needs_no_choice(shell):
    import pandas as pd

    shell.user_ns["clean"] = pd.DataFrame({"same": [1]})
    shell.run_cell("%aiaas_train clean --target a --algo ridge").raise_error()
    assert shell.recording.calls[-1][2]["data"] == "clean"


def test_local_variables_of_a_function_are_seen(shell):
    code = "def f():\n    import pandas as pd\n    inner = pd.DataFrame({'a': [1]})\n    %aiaas_data load inner --as x\nf()"
    shell.run_cell(code).raise_error()
    assert list(shell.recording.calls[-1][2]["source"].columns) == ["a"]


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        ("%aiaas_trian x", "no magic %aiaas_trian", "%aiaas_train"),
        ("m = %aiaas_trian x", "no magic %aiaas_trian", "%aiaas_train"),
        ("%aiaas evaluat clf", "no magic", "%aiaas_evaluate"),
        ("%aiaas_train clean --target y --algo random_frost", "unknown algorithm", "random_forest"),
        ("%aiaas_data show var:nothing", "no variable 'nothing'", ""),
        ("%aiaas_train c --target y --algo ridge --alpha 1", "no option --alpha", "no dashes"),
        ("%aiaas_evaluate clf --data clean", "no option --data", "DATA is a word"),
        ("%aiaas_prepare c --drop a b --as d", "one word too many", "with commas"),
        ("%aiaas_train {1/0} --target y --algo ridge", "ZeroDivisionError", "traceback"),
    ],
)
def test_mistakes_are_three_lines_in_the_output(shell, code, what, hint):
    error = error_of(shell, code)
    assert isinstance(error, errors.AiaasError)
    assert what in error.what
    assert hint in error.hint
    assert len(error._render_traceback_()) <= 3


@pytest.mark.parametrize("code", ["%aiaas_train --help", "%aiaas --manual"])
def test_help_is_an_answer(shell, code):
    shell.run_cell("h = " + code).raise_error()
    assert "%aiaas_train DATA --target COLUMN" in shell.user_ns["h"].body


def test_a_question_about_an_option_is_answered(shell):
    shell.run_cell("h = %aiaas_deploy clf --schema ?").raise_error()
    assert "refuse" in shell.user_ns["h"].body


def test_the_question_mark_shows_the_same(loaded, capsys):
    loaded.run_cell("%aiaas_train?")
    info = loaded.object_inspect("%aiaas_train")
    assert "Fits an algorithm on data" in info["docstring"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%aiaas_tr", ["%aiaas_train"]),
        ("m = %aiaas_ev", ["%aiaas_evaluate"]),
        ("%aiaas_data lo", ["load"]),
        ("%aiaas_train cl", ["clean"]),
        ("%aiaas_train clean --ta", ["--target", "--task"]),
        ("%aiaas_train clean --target mean_", ["mean_radius", "mean_texture"]),
        ("%aiaas_train clean --target diagnosis --algo random", ["random_forest"]),
        ("%aiaas_train clean --target y --algo random_forest max_d", ["max_depth="]),
        (
            "%aiaas_train clean --target y --algo random_forest criterion=",
            ["'gini'", "'entropy'", "'log_loss'"],
        ),
        ("%aiaas_tune clean --target y --algo ridge --metric roc", ["roc_auc"]),
        ("%aiaas_evaluate c", ["clf"]),
        ("%aiaas_evaluate clf --against ", ["clf"]),
        ("%aiaas_evaluate clf --columns wor", ["worst_area"]),
        ("%aiaas_evaluate clf clean --columns mean_r", ["mean_radius"]),
        ("%aiaas_deploy ", ["clf"]),
        ("%aiaas_predict ", ["api"]),
        ("%aiaas_prepare clean --scale m", ["minmax", "maxabs"]),
        ("%aiaas_prepare clean --drop mean_radius,mean_t", ["mean_texture"]),
        ("%%aiaas_tune clean --tar", ["--target"]),
    ],
)
def test_completion(shell, text, expected):
    found = completions(shell, text)
    assert set(expected) <= {c.text for c in found}
    assert all(
        text[c.start : c.end] == "" or c.text.startswith(text[c.start : c.end]) for c in found
    )


@pytest.mark.parametrize("text", ["%aiaas_xyz ", "import os", "x = 1", "print('%aiaas') "])
def test_what_is_not_ours_is_left_to_ipython(shell, text):
    assert Completer(dict, lambda: shell.recording).complete(text) is None


WORDS = st.sampled_from(
    [
        "clean",
        "--target",
        "--algo",
        "ridge",
        "alpha=",
        "[1,",
        "'",
        "{",
        "--",
        "load",
        ":",
        "/no/",
        "",
    ]
)


@given(st.sampled_from(list(specs.VERBS)), st.lists(WORDS | st.text(max_size=5), max_size=6))
def test_any_line_of_ours_gets_words_or_none(verb, words):
    text = f"%aiaas_{verb} {' '.join(words)}".replace("\n", " ")
    found = Completer(dict, Recording).complete(text)
    assert found is None or all(isinstance(word, str) for word in (found[0], *found[1]))


def test_columns_of_a_variable_are_completed(shell):
    import pandas as pd

    shell.user_ns["df"] = pd.DataFrame({"height": [1], "weight": [2]})
    text = "%aiaas_train df --target he"
    assert "height" in {c.text for c in completions(shell, text)}


def test_loading_twice_registers_once_and_unloading_cleans_up(loaded):
    count = len(loaded.Completer.custom_matchers)
    aiaas_magics.load_ipython_extension(loaded)
    assert len(loaded.Completer.custom_matchers) == count


def test_the_light_list_of_verbs_is_the_true_one():
    assert set(magics.VERBS) == set(specs.VERBS)


LIGHT = """
import sys
from types import SimpleNamespace
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "aiaas_magics")
new = set(sys.modules) - before
heavy = {"numpy", "pandas", "sklearn", "sqlalchemy", "pydantic", "ipywidgets", "anywidget", "msgspec"}
print(len(new), sorted(heavy & set(sys.modules)))
"""


def test_loading_is_light():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    count, _, heavy = done.stdout.strip().partition(" ")
    assert int(count) < 40
    assert heavy == "[]"
