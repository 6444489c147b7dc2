"""What a user holds in hand: how it shows itself and what can be done with it."""

import base64
import json
import re
import subprocess

import msgspec
import pandas as pd
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.lib.pretty import pretty

from aiaas_magics import errors, frames, handles
from aiaas_magics.handles import RECORD, Endpoint, JobHandle, Listing, Note, Prediction
from aiaas_magics.specs.jobs import JobState
from aiaas_magics.testing.backend import states, wait_for
from aiaas_magics.testing.stages import Count, Noop

VEGA = "application/vnd.vegalite.v5+json"
MADE = ["iris", "clean", "clf", "best", "evaluation", "api"]


@pytest.fixture
def published(monkeypatch):
    """What IPython is told to display."""
    shell = InteractiveShell.instance()
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    return publisher.outputs


@pytest.mark.parametrize("name", MADE)
def test_every_handle_is_one_line_and_a_card(made, name):
    handle = made[1][name]
    first, *_ = handle.bundles()
    assert set(first) == {"text/plain", "text/html", RECORD}
    assert first["text/plain"] == handle.card().text()
    assert repr(handle) == handle.line()
    assert len(repr(handle).splitlines()) == 1
    assert first["text/html"].startswith('<div class="aiaas">')


@pytest.mark.parametrize("name", MADE)
def test_a_record_is_json_that_names_its_kind_and_tells_no_secret(made, name):
    handle = made[1][name]
    record = json.loads(json.dumps(handle.record(), allow_nan=False))
    assert record["kind"]
    assert not {"token", "charts", "log"} & set(record)


def test_docs_mode_tells_no_record(made, docs_mode):
    assert set(next(made[1]["clf"].bundles())) == {"text/plain", "text/html"}


@pytest.mark.parametrize("name", MADE)
def test_a_handle_shows_the_same_each_time(made, docs_mode, name):
    handle = made[1][name]
    assert list(handle.bundles()) == list(handle.bundles())
    assert " at 0x" not in repr(handle)


@pytest.mark.parametrize(("name", "count"), [("best", 1), ("evaluation", 3)])
def test_a_chart_is_an_output_without_html(made, name, count):
    charts = [bundle for bundle in made[1][name].bundles() if VEGA in bundle]
    assert len(charts) == count
    for bundle in charts:
        assert set(bundle) == {VEGA, "image/png", "text/plain"}
        assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
        assert len(bundle["text/plain"].splitlines()) == 1
        json.dumps(bundle, allow_nan=False)


def test_a_chart_without_a_picture_goes_without(made):
    session, known = made
    chart = msgspec.structs.replace(known["evaluation"].result.charts[0], png=None)
    assert set(handles.picture(session, chart)) == {VEGA, "text/plain"}


def test_a_chart_s_numbers_have_three_digits_in_docs_mode(docs_mode):
    spec = {"a": [0.123456, {"b": 12345.6}], "c": 7, "d": "0.123456", "e": True, "f": None}
    assert handles.rounded(spec) == {
        "a": [0.123, {"b": 12300.0}], "c": 7, "d": "0.123456", "e": True, "f": None,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "count"), [("clf", 1), ("best", 2), ("evaluation", 7)])
def test_displaying_a_handle_gives_card_tables_and_charts(made, published, name, count):
    made[1][name]._ipython_display_()
    assert [output["data"] for output in published] == list(made[1][name].bundles())
    assert len(published) == count


def test_data_gives_its_table_and_remembers_where_it_came_from(made):
    data = made[1]["iris"]
    frame = data.frame()
    assert (frame.shape, data.shape, tuple(frame.columns)) == ((150, 5), (150, 5), data.columns)
    assert frame.attrs[frames.ATTR] == data.ref == "iris@1"
    assert len(data.frame(rows=3)) == 3


def test_data_s_table_is_the_user_s_own(made):
    frame = made[1]["iris"].frame()
    frame.iloc[:, 0] = 0.0
    assert made[1]["iris"].frame().iloc[0, 0] == 5.1


def test_a_card_proposes_the_next_line(made):
    proposed = {
        name: re.search(r"next: <code>(\S+)", made[1][name].card().html())[1] for name in MADE
    }
    assert proposed == {
        "iris": "%aiaas_prepare", "clean": "%aiaas_train", "clf": "%aiaas_evaluate",
        "best": "%aiaas_evaluate", "evaluation": "%aiaas_deploy", "api": "%aiaas_predict",
    }  # fmt: skip


def test_a_model_tells_scores_parameters_and_trials(made):
    best = made[1]["best"]
    assert set(best.scores) == {"accuracy"}
    assert best.params["alpha"] in (0.1, 1.0)
    assert best.trials["rank"].is_monotonic_increasing
    assert sorted(best.trials["param_alpha"]) == [0.1, 1.0]
    assert best.trials["mean"].dtype == float
    assert best.info.ref == best.ref == "best@1"


def test_an_evaluation_tells_scores_and_importance(made):
    evaluation = made[1]["evaluation"]
    assert evaluation.scores["accuracy"] > 0.5
    assert list(evaluation.importance.values()) == sorted(
        evaluation.importance.values(), reverse=True
    )


# Endpoint ------------------------------------------------------------------------------------------
def endpoint(session, value="x", token="top-secret"):
    info = msgspec.structs.replace(
        session.endpoint("api"), example={"X_test": [[value]]}, token=token
    )
    return Endpoint(session, info)


@pytest.mark.parametrize(("token", "given"), [("top-secret", "top-secret"), (None, "")])
def test_the_token_is_given_and_never_shown(made, token, given):
    api = endpoint(made[0], token=token)
    assert api.token == given
    for shown in (repr(api), api.card().html(), api.curl, str(api._repr_mimebundle_())):
        assert "top-secret" not in shown
    listing = Listing("endpoints", ("name",), [("api",)], [api.info])
    told = [api.info, list(listing), listing.record(), vars(listing)]
    assert not any("top-secret" in pretty(each) or "top-secret" in str(each) for each in told)
    assert "name='api', model='clf@1'" in repr(api.info)


@pytest.mark.parametrize("value", ['it\'s "so"', "$(id) `id` \\n", "a\nb", "数", None, 1.5])
def test_the_curl_line_sends_the_example_through_a_shell(made, value):
    said = endpoint(made[0], value).curl.replace("curl -s", "printf '%s\\n'", 1)
    said = "aiaas() { echo token; }\n" + said
    done = subprocess.run(["bash"], input=said, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"X_test": [[value]]}
    assert value != "数" or value in said


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("form", ["name", "handle", "frame"])
def test_an_endpoint_predicts_names_handles_and_tables(made, form):
    session, known = made
    data = {"name": "iris", "handle": known["iris"], "frame": known["iris"].frame()}[form]
    found = Endpoint(session, session.endpoint("api")).predict(data, rows=2)
    assert found.values == ["class 0", "class 1"]


def test_an_endpoint_is_stopped(empty, made):
    info = made[0].endpoint("api")
    empty.backend.endpoints.append(info)
    assert repr(Endpoint(empty, info).stop()) == "api is stopped"
    assert empty.endpoint("api").state == "STOPPED"


# Prediction ----------------------------------------------------------------------------------------
def prediction(count=2, **columns):
    frame = pd.DataFrame({"a": [1.5] * count, **{k: [v] * count for k, v in columns.items()}})
    return Prediction("api", "y", frame.assign(prediction=["yes"] * count, probability=0.75))


def test_a_prediction_s_card_begins_with_what_was_asked_for():
    markup = prediction().card().html()
    assert re.findall(r"<th(?: [^>]*)?>(.*?)</th>", markup) == ["prediction", "probability", "a"]
    assert re.findall(r"<td[^>]*>(.*?)</td>", markup)[:3] == ["yes", "0.75", "1.5"]


@pytest.mark.parametrize(
    ("count", "columns", "words"),
    [
        (20, 0, None),
        (21, 0, "21 rows, the first 20 shown"),
        (2, 8, "2 rows, 1 more column"),
        (1022, 17, "1,022 rows, the first 20 shown, 10 more columns"),
    ],
)
def test_a_prediction_s_card_says_what_it_leaves_out(count, columns, words):
    markup = prediction(count, **{f"c{i}": i for i in range(columns)}).card().html()
    found = re.search(r'<div class="soft">(.*?)</div>', markup)
    assert (found and found[1]) == words


def test_a_prediction_s_line_is_one_line_whatever_was_predicted():
    frame = pd.DataFrame({"prediction": ["a\nb", "x" * 5000, None, 1.23456, "last", "hidden"]})
    line = repr(Prediction("api", "the\ntarget", frame))
    assert line.startswith("api: 6 predictions of the target: a b, xxx")
    assert line.endswith("–, 1.235, last, ...")
    assert len(line) < 200


@pytest.mark.parametrize("value", [pd.NaT, pd.NA, float("nan"), None])
def test_a_missing_value_is_a_dash(value):
    markup = prediction(gap=value).card().html()
    assert markup.count("–") == 2
    assert "NaT" not in markup


def test_hostile_columns_are_no_markup():
    markup = prediction(**{"<script>": "<b>&"}).card().html()
    assert "<script>" not in markup
    assert "<b>" not in markup


# Listing and Note ----------------------------------------------------------------------------------
def test_a_listing_is_counted_looped_and_shown():
    listing = Listing("models", ("name", "n"), [("a", 1), ("<b>", 2)], ["r", "s"], "%next")
    assert (len(listing), list(listing), repr(listing)) == (2, ["r", "s"], "models: a, <b>")
    assert "&lt;b&gt;" in listing.card().html()
    assert "next: <code>%next" in listing.card().html()


def test_a_long_listing_s_line_names_twelve():
    assert repr(Listing("jobs", ("n",), [(i,) for i in range(13)])).endswith("10, 11, ...")


def test_an_empty_listing_says_so():
    listing = Listing("models", ("name",), [])
    assert repr(listing) == "models: none yet"
    assert "none yet" in listing.card().html()


def test_a_note_s_text_holds_its_body_and_its_html_escapes_it():
    bundle = Note("the log", "<b>&")._repr_mimebundle_()
    assert bundle["text/plain"] == "the log\n  <b>&"
    assert "&lt;b&gt;&amp;" in bundle["text/html"]


# JobHandle -----------------------------------------------------------------------------------------
def job(session, spec):
    name = session.backend.submit(spec)
    return JobHandle(session, next(session.jobs({"id": name})))


def test_a_job_is_waited_for(empty):
    found = job(empty, Noop(as_="thing"))
    assert repr(found.wait()) == "0 rows"
    assert found.state == "SUCCEEDED"
    assert repr(found) == f"job {found.id}: test_noop thing, succeeded"


@pytest.mark.parametrize(("verb", "end"), [("stop", "SUCCEEDED"), ("cancel", "CANCELLED")])
def test_a_job_is_stopped_and_cancelled(empty, verb, end):
    found = job(empty, Count(steps=1000, seconds=0.01))
    wait_for(empty.backend, found.id, "progress")
    getattr(found, verb)()
    assert states(empty.backend, found.id)[-1] == found.state == end
    assert found.job.partial == (verb == "stop")


def test_waiting_for_a_cancelled_job_is_an_error_of_three_lines(empty):
    found = job(empty, Count(steps=1000, seconds=0.01))
    found.cancel()
    with pytest.raises(errors.JobCancelled):
        found.wait()


def test_a_job_s_line_is_the_same_whenever_it_is_looked_at_in_docs_mode(empty, docs_mode):
    found = job(empty, Count(steps=1000, seconds=0.01, as_="thing"))
    before = found._repr_mimebundle_()
    found.cancel()
    assert JobState(found.state).final
    assert found._repr_mimebundle_() == before
    assert found.id not in before["text/plain"]
