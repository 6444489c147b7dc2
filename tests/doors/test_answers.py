"""Lines that ask for no job: lists, records, logs, predictions."""

import msgspec
import pandas as pd
import pytest

from aiaas_magics import answers, errors, handles, specs
from aiaas_magics.specs.jobs import Event, JobState
from aiaas_magics.specs.verbs import Kind
from aiaas_magics.testing.backend import states
from aiaas_magics.testing.stages import Fail, Noop

LISTS = {
    ("data", "list"): "data", ("models", "list"): "models", ("endpoints", "list"): "endpoints", ("jobs", "list"): "jobs",
}  # fmt: skip


def column(listing, name):
    return [row[listing.columns.index(name)] for row in listing.rows]


def test_every_line_that_makes_nothing_is_answered():
    asked = {
        (verb, action.name)
        for verb in specs.VERBS
        for action in specs.verb(verb).actions
        if not action.makes and verb != "connect"
    }
    assert asked == set(answers.ANSWERS)


@pytest.mark.parametrize(("verb", "action"), LISTS)
def test_an_empty_list_says_so(empty, verb, action):
    listing = empty.run(verb, action, {})
    assert repr(listing) == f"{LISTS[verb, action]}: none yet"
    assert (len(listing), list(listing)) == (0, [])


@pytest.mark.parametrize(
    ("verb", "action", "name", "values"),
    [
        ("data", "list", "name", ["iris@1", "clean@1"]),
        ("data", "list", "rows", [150, 150]),
        ("models", "list", "name", ["clf@1", "best@1"]),
        ("models", "list", "metric", ["accuracy", "accuracy"]),
        ("endpoints", "list", "serves", ["clf@1"]),
        ("endpoints", "list", "state", ["ready"]),
        ("jobs", "list", "verb", ["deploy", "evaluate", "tune", "train", "prepare", "data"]),
        ("jobs", "list", "state", ["succeeded"] * 6),
    ],
)
def test_lists_tell_what_there_is(made, verb, action, name, values):
    assert column(made[0].run(verb, action, {}), name) == values


@pytest.mark.parametrize("docs", [False, True])
def test_lists_are_tables_with_a_cell_for_each_column(made, request, docs):
    if docs:
        request.getfixturevalue("docs_mode")
    for verb, action in [*LISTS, ("data", "catalogue"), ("", "")]:
        listing = made[0].run(verb, action, {})
        assert {len(row) for row in listing.rows} == {len(listing.columns)}
        assert listing.card().html().count("<tr>") == 1 + len(listing)


def test_lists_tell_no_ids_times_and_addresses_in_docs_mode(made, docs_mode):
    assert made[0].run("jobs", "list", {}).columns == ("verb", "of what", "state")
    assert column(made[0].run("endpoints", "list", {}), "address") == [""]
    assert "memory" not in repr(made[0].run("", "", {}))


def test_addresses_of_running_endpoints_are_listed(made):
    assert column(made[0].run("endpoints", "list", {}), "address") == [made[1]["api"].url]


@pytest.mark.parametrize(("values", "count"), [({}, 20), ({"all": True}, 23)])
def test_the_last_twenty_jobs_are_listed_or_all(empty, values, count):
    for _ in range(23):
        empty.backend.submit(Noop())
    assert len(empty.run("jobs", "list", values)) == count


def test_the_overview_proposes_to_load_and_then_to_train(empty, made):
    assert "next: <code>%aiaas_data load iris" in empty.run("", "", {}).card().html()
    assert "next: <code>%aiaas_train" in made[0].run("", "", {}).card().html()


def test_the_overview_counts_and_names_every_magic(made):
    overview = made[0].run("", "", {})
    assert "2 data, 2 models, 1 running endpoint, 6 jobs" in repr(overview)
    assert column(overview, "line") == [f"%aiaas_{v}".rstrip("_") for v in specs.VERBS]


def test_stored_data_is_shown_as_when_it_was_loaded(made):
    session, known = made
    for name in ("iris", "clean"):
        shown = session.run("data", "show", {"data": name})
        assert repr(shown) == repr(known[name])
        assert shown.result.columns == known[name].result.columns


def test_a_variable_is_not_stored_data(made):
    with pytest.raises(errors.UsageError, match="a variable is shown by naming it"):
        made[0].run("data", "show", {"data": pd.DataFrame({"a": [1]})})


def test_a_model_s_card_tells_what_it_was_made_of(made):
    card = made[0].run("models", "show", {"model": "best"}).card().html()
    for words in ("%aiaas_tune", "iris@1", "alpha=", "4 columns", "setosa"):
        assert words in card


def test_the_moves_of_an_alias_are_listed(empty, docs_mode):
    trained(empty), trained(empty)
    for ref in ("m@1", "m@2"):
        empty.run("models", "alias", {"model": ref, "alias": "production"})
    empty.run("models", "unalias", {"model": "m", "alias": "production"})
    history = empty.run("models", "history", {"model": "m"})
    assert history.rows == [
        ("m@production", "@2", "nothing", "fake", ""),
        ("m@production", "@1", "@2", "fake", ""),
        ("m@production", "nothing", "@1", "fake", ""),
    ]


def trained(session):
    table = pd.DataFrame({"a": range(30), "y": [0.5 * i for i in range(30)]})
    return session.run("train", "", {"data": table, "target": "y", "algo": "ridge", "as_": "m"})


@pytest.mark.parametrize(
    ("verb", "action", "word", "hint"),
    [
        ("data", "show", "iri", "iris"),
        ("models", "show", "clg", "clf"),
        ("models", "history", "clg", "clf"),
        ("endpoints", "show", "apo", "api"),
        ("endpoints", "logs", "apo", "api"),
        ("jobs", "logs", "j0000000009", "j0000000000"),
        ("jobs", "attach", "j0000000009", "j0000000000"),
        ("jobs", "stop", "j0000000009", "j0000000000"),
        ("jobs", "cancel", "j0000000009", "j0000000000"),
    ],
)
def test_unknown_names_are_answered_with_what_was_meant(made, verb, action, word, hint):
    table = specs.verb(verb).action(action)
    with pytest.raises(errors.NotFound) as caught:
        made[0].run(verb, action, {table.arguments[0].python: word})
    assert word in caught.value.what
    assert caught.value.hint.startswith(f"did you mean '{hint}")


@pytest.mark.parametrize("action", ["attach", "logs", "stop", "cancel"])
def test_without_a_job_there_is_none_to_act_on(empty, action):
    with pytest.raises(errors.NotFound, match="there is no job yet"):
        empty.run("jobs", action, {})


# Jobs ----------------------------------------------------------------------------------------------
def failed(session):
    job = session.backend.submit(Fail(error="DataError", what="it is broken"))
    states(session.backend, job)
    return job


def test_a_log_tells_states_words_and_the_error(empty, docs_mode):
    failed(empty)
    note = empty.run("jobs", "logs", {})
    assert repr(note) == "log of test_fail (failed)"
    assert note.body.split("\n") == [
        "-> QUEUED", "QUEUED -> STARTING", "STARTING -> RUNNING", "about to fail", "RUNNING -> FAILED",
        "it is broken",
    ]  # fmt: skip


def test_a_log_s_lines_bear_the_time(empty):
    failed(empty)
    lines = empty.run("jobs", "logs", {}).body.split("\n")
    assert all(line[2] == line[5] == ":" for line in lines[:-1])


def test_a_long_log_shows_its_end(empty, docs_mode):
    job = failed(empty)
    for number in range(12_000):
        empty.backend.log(f"job:{job}", "log", {"text": f"line {number}", "level": "info"})
    lines = empty.run("jobs", "logs", {}).body.split("\n")
    assert lines[0] == "... 11,005 lines before these"
    assert lines[1:] == [*(f"line {number}" for number in range(11_000, 12_000)), "it is broken"]


@pytest.mark.parametrize("state", JobState)
@pytest.mark.parametrize("docs", [False, True])
def test_what_its_process_wrote_is_shown_of_a_job_that_went_wrong(
    empty, request, monkeypatch, state, docs
):
    if docs:
        request.getfixturevalue("docs_mode")
    job, wrote = failed(empty), "Traceback ...\nZeroDivisionError\n"
    record = msgspec.structs.replace(empty.backend._jobs[job], state=state, log=wrote)
    monkeypatch.setitem(empty.backend._jobs, job, record)
    note = empty.run("jobs", "logs", {})
    shown = state in (JobState.FAILED, JobState.LOST) and not docs
    assert note.body.endswith("it is broken\nTraceback ...\nZeroDivisionError") == shown
    assert ("Traceback" in note.body) == shown


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("warning", {"text": "few rows", "try": "more"}, "warning: few rows"),
        ("artefact", {"what": "model", "ref": "m@1"}, "made model m@1"),
        (
            "trial",
            {"params": {"a": 1}, "score": 0.97345, "std": 0.0123},
            "{'a': 1}: 0.973 ± 0.012",
        ),
        ("trial", {"params": {}, "score": None, "std": None}, "{}: – ± –"),
        ("metric", {"name": "loss", "value": 0.123456, "step": 3}, "loss 3: 0.123"),
        ("metric", {"name": "loss", "value": None, "step": 3}, "loss 3: –"),
        ("progress", {"done": 1, "total": 4.0, "eta": 2.0, "text": "fold 1"}, "1 of 4 fold 1"),
    ],
)
def test_every_event_has_its_words(docs_mode, kind, body, words):
    assert answers.jobs.logged(Event(seq=1, scope="job:j", time=0.0, type=kind, body=body)) == words


def test_attaching_answers_what_the_job_answered(made):
    jobs = {job.verb: job.id for job in made[0].jobs()}
    assert repr(made[0].run("jobs", "attach", {"job": jobs["train"]})) == repr(made[1]["clf"])
    assert repr(made[0].run("jobs", "attach", {})) == repr(made[1]["api"])


def test_a_job_is_known_by_what_it_makes(made):
    jobs = {job.about: job.id for job in reversed(list(made[0].jobs()))}
    newest = repr(made[0].run("jobs", "attach", {"job": jobs["clf"]}))
    assert repr(made[0].run("jobs", "attach", {"job": "clf"})) == newest


def test_attaching_to_a_failed_job_raises_its_error(empty):
    failed(empty)
    with pytest.raises(errors.DataError, match="it is broken"):
        empty.run("jobs", "attach", {})


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("stop", "test_noop thing had ended already"),
        ("cancel", "test_noop thing had ended already"),
    ],
)
def test_an_ended_job_is_left_alone(empty, action, words):
    states(empty.backend, empty.backend.submit(Noop(as_="thing")))
    assert repr(empty.run("jobs", action, {})) == words


@pytest.mark.parametrize(
    ("kind", "title", "word"),
    [(Kind.METRIC, "metrics", "r2"), (Kind.ALGORITHM, "algorithms", "ridge")],
)
def test_what_a_question_mark_lists(empty, kind, title, word):
    listing = answers.known(empty, kind)
    assert listing.title == title
    assert word in column(listing, "name")


def test_a_question_mark_after_an_algorithm_lists_its_parameters(empty):
    listing = answers.known(empty, Kind.ALGORITHM, "logistic_regression")
    assert listing.title.startswith("logistic_regression: ")
    row = dict(zip(listing.columns, listing.rows[0], strict=True))
    assert row["parameter"] == "C"
    assert (row["values"], row["default"]) == ("float or int > 0", "1.0")
    assert row["worth trying"] == "0.01 to 100 by factors"


def test_the_algorithms_say_what_to_tune_first(empty):
    tuned = dict(
        zip(
            *(column(answers.known(empty, Kind.ALGORITHM), c) for c in ("name", "tune first")),
            strict=True,
        )
    )
    assert tuned["knn"] == "n_neighbors, weights"
    assert tuned["linear_regression"] == "–"


# Predict -------------------------------------------------------------------------------------------
def ask(made, data, **more):
    return made[0].run("predict", "", {"endpoint": "api", "data": data, **more})


def test_a_prediction_stands_beside_its_rows(made, asked):
    found = ask(made, "iris", rows=3)
    assert isinstance(found, handles.Prediction)
    assert found.values == ["class 0", "class 1", "class 2"]
    assert found.frame["probability"].tolist() == [0.75] * 3
    assert (found.endpoint, found.target, len(found)) == ("api", "species", 3)


def test_rows_that_cannot_be_answered_are_counted_before_any_is_sent(made, asked):
    table = made[0].frame("iris")
    table.loc[[3, 5], "petal_length_cm"] = None
    words = "petal_length_cm is missing in 2 of 150 rows"
    with pytest.raises(errors.DataError, match=words) as caught:
        ask(made, table, **{"data word": "flowers"})
    assert caught.value.try_ == "%aiaas_predict api {flowers.dropna(subset=['petal_length_cm'])}"
    with pytest.raises(errors.DataError) as caught:
        ask(made, table)
    assert caught.value.try_ == "df.dropna(subset=['petal_length_cm'])"
    assert asked == []
    assert len(ask(made, table.head(3))) == 3


def test_of_prepared_data_the_raw_rows_are_sent(made, asked):
    ask(made, "clean", rows=1)
    raw = made[1]["iris"].frame(rows=1)
    assert list(asked[0]["X_test"][0].values()) == raw.drop(columns="species").iloc[0].tolist()


@pytest.mark.parametrize("names", [["extra"], []])
def test_only_the_model_s_columns_are_sent(made, asked, names):
    table = made[1]["iris"].frame(rows=2).assign(**dict.fromkeys(names, 1))
    ask(made, table[table.columns[::-1]])
    assert list(asked[0]["X_test"][0]) == [n for n, _ in made[1]["clf"].info.signature.inputs]


def test_a_table_with_an_index_of_its_own_keeps_its_order(made, asked):
    table = made[1]["iris"].frame(rows=3).set_index(pd.Index([7, 7, 1]))
    assert ask(made, table).frame.index.tolist() == [0, 1, 2]


def test_rows_of_a_key_are_a_request_of_their_own(made, asked):
    """The key is no column of the model, and is said as labels with a gap say it."""
    table = made[1]["iris"].frame(rows=3).assign(id=[7.0, 8.0, 7.0])
    assert len(ask(made, table, key="id")) == 3
    assert [len(body["X_test"]) for body in asked] == [2, 1]
    assert "id" not in asked[0]["X_test"][0]
    asked.clear()
    ask(made, table, key="id", rows=1)
    assert [len(body["X_test"]) for body in asked] == [1]


@pytest.mark.parametrize(
    ("key", "message"), [("di", "no column 'di'"), ("id", "row 1 has no key in column 'id'")]
)
def test_a_row_without_its_key_is_refused(made, asked, key, message):
    table = made[1]["iris"].frame(rows=2).assign(id=["a", None])
    with pytest.raises(errors.DataError) as refused:
        ask(made, table, key=key)
    assert refused.value.what == message
    assert asked == []


def test_a_prepared_table_is_refused(made, asked):
    with pytest.raises(errors.DataError, match="clean@1, which is prepared already") as caught:
        ask(made, made[1]["clean"].frame())
    assert caught.value.try_ == "ref:clean"
    assert asked == []


def test_a_table_whose_stored_data_is_forgotten_is_still_a_table(made, asked):
    table = made[1]["iris"].frame(rows=1)
    table.attrs["aiaas"] = "gone@1"
    assert ask(made, table).values == ["class 0"]


@pytest.mark.parametrize("rows", [0, -3])
def test_no_rows_are_no_question(made, asked, rows):
    with pytest.raises(errors.UsageError, match=f"--rows {rows} is no number of rows"):
        ask(made, "iris", rows=rows)


def test_an_absent_column_is_named_with_what_was_meant(made, asked):
    table = made[1]["iris"].frame(rows=1).rename(columns={"sepal_width_cm": "sepal_width_cn"})
    with pytest.raises(errors.DataError, match="no column 'sepal_width_cm'") as caught:
        ask(made, table)
    assert caught.value.hint == "did you mean 'sepal_width_cn'?"
    assert caught.value.try_ == "%aiaas_models show clf@1"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ([[1, 2]], "a list is no table"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are named 'a'"),
    ],
)
def test_what_is_no_table_is_refused(made, asked, data, what):
    with pytest.raises(errors.DataError, match=what):
        ask(made, data)


def test_a_table_whose_columns_are_numbers_is_asked_as_it_was_trained(empty, asked, made):
    table = pd.DataFrame({0: range(30), 1: [0.5 * i for i in range(30)]})
    empty.run("train", "", {"data": table, "target": "1", "algo": "ridge", "as_": "m"})
    served = msgspec.structs.replace(made[0].endpoint("api"), model="m@1", target="1")
    empty.backend.endpoints.append(served)
    empty.run("predict", "", {"endpoint": "api", "data": table, "rows": 1})
    assert asked[0]["X_test"] == [{"0": 0}]


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ("STARTING", "it is starting"),
        ("STOPPED", "it was stopped"),
        ("LOST", "its process is gone"),
        ("FAILED", "it did not start"),
    ],
)
def test_an_endpoint_that_does_not_run_says_why(made, empty, state, hint):
    info = msgspec.structs.replace(made[0].endpoint("api"), state=state)
    empty.backend.endpoints.append(info)
    with pytest.raises(errors.EndpointError, match="api does not run") as caught:
        ask((empty,), "iris")
    assert (caught.value.hint, caught.value.try_) == (hint, "%aiaas_deploy clf@1 --as api")


def test_an_endpoint_s_log_is_shown_and_not_in_docs_mode(empty, made, request):
    info = msgspec.structs.replace(made[0].endpoint("api"), log="it began <b>")
    empty.backend.endpoints.append(info)
    assert empty.run("endpoints", "logs", {"endpoint": "api"}).body == "it began <b>"
    request.getfixturevalue("docs_mode")
    assert empty.run("endpoints", "logs", {"endpoint": "api"}).body == ""
