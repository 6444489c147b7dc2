"""Cards of records: one line, well-formed HTML, nobody's words taken for markup."""

import shlex
import subprocess

import pytest

from aiaas_magics.cards import cards, searching
from aiaas_magics.specs.records import EndpointInfo, Lineage, ModelInfo, Signature
from aiaas_magics.specs.results import (
    Change,
    Column,
    DataResult,
    EvaluationResult,
    Example,
    Grid,
    ModelResult,
    Score,
    Trial,
)

HOSTILE = "</td><script>alert(\"1\")</script> & <img src=x onerror='y'>\nsecond line"
JOB, PORT, SECONDS = "j01k3v9zzjob", 45231, 123.456


def column(name="a", role="number", **more):
    base = {"dtype": "float64", "missing": 0, "distinct": 3, "counts": ((name, 2), ("b", 1))}
    return Column(name=name, role=role, **{**base, **more})


def change(word="a"):
    shown = Example(column=word, before=word, after="")
    return Change(
        step="fix", text=word, rows=(1234, 3), columns=(2, 2), values=1, examples=(shown,)
    )


def data(word="cancer.csv", columns=None, **more):
    columns = (column(word, low=1.0, high=9.0, mean=4.5),) if columns is None else columns
    base = {"source": word, "changes": (change(word),), "warnings": (word,), "rows": 3, "size": 240}
    return DataResult(ref="cancer@1", frame="sha256:0", columns=columns, **{**base, **more})


def model(word="y", **more):
    trial = Trial(params={word: word}, mean=0.9, std=0.1, folds=(0.8, 1.0), seconds=1.5, rank=1)
    base = {
        "target": word, "weights": word, "params": {word: word}, "warnings": (word,), "trials": (trial,),
        "scores": (Score(metric="accuracy", value=0.97345),), "metric": "accuracy", "held_out": 30,
    }  # fmt: skip
    return ModelResult(
        ref="clf@1", algo="ridge", task="classification", rows=120,
        seconds=SECONDS, features=("a", "b"), **{**base, **more},
    )  # fmt: skip


def evaluation(word="held-out rows of cancer@1", **more):
    score = Score(metric="accuracy", value=0.97345, low=0.9, high=1.0, baseline=0.62)
    base = {"scores": (score,), "warnings": (word,), "rows": 30, "confidence": 0.95}
    return EvaluationResult(
        model="clf@1", data=word, task="classification", **{**base, **more}
    )  # fmt: skip


def grid(word="x"):
    rows = ((word, 3, 0.97345, None), (word, 1234, 0.5, None))
    return Grid(name="g", title=word.split("\n")[0], columns=(word, "rows", "f1", "gap"), rows=rows)


def endpoint(word="y", **more):
    base = {"state": "READY", "token": "secret-token", "pid": 4711, "workers": 2}
    return EndpointInfo(
        name="api", model="clf@1", url=f"http://127.0.0.1:{PORT}", port=PORT, target=word,
        example={"X_test": [[word]]}, created=1e9, **{**base, **more},
    )  # fmt: skip


def model_info(word="y"):
    spec = {"kind": "train", "target": word, "test": 0.2, "data": "cancer"}
    lineage = Lineage(
        spec=spec, data="sha256:" + "a" * 64, data_ref="cancer@1", job=JOB, user="somebody",
        libraries={"numpy": "2.9.9"}, python="3.11.99", seed=0,
    )  # fmt: skip
    return ModelInfo(
        name="clf", version=1, task="classification", algo="ridge", target=word, created=1e9,
        signature=Signature(inputs=((word, "double"),), output="string", classes=(word, 1)),
        lineage=lineage, digest="sha256:" + "b" * 64, aliases=("production",), size=5000,
        scores={"accuracy": 0.97345}, params={"alpha": word},
    )  # fmt: skip


CARDS = {
    "data": (data, cards.data_line, lambda r: cards.data_card(r, (HOSTILE,), HOSTILE)),
    "model": (model, cards.model_line, lambda r: cards.model_card(r, (HOSTILE,), HOSTILE)),
    "evaluation": (
        evaluation, cards.evaluation_line, lambda r: cards.evaluation_card(r, (HOSTILE,), HOSTILE),
    ),
    "grid": (grid, lambda r: cards.grid_card(r).title, cards.grid_card),
    "endpoint": (
        endpoint, cards.endpoint_line,
        lambda r: cards.endpoint_card(r, HOSTILE, (HOSTILE,), HOSTILE),
    ),
    "model_info": (
        model_info, cards.model_info_line, lambda r: cards.model_info_card(r, HOSTILE),
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize(("make", "line", "card"), CARDS.values(), ids=CARDS)
TAGS = {
    "div", "style", "h4", "table", "thead", "tbody", "tr", "th", "td", "span", "i", "code", "pre", "a",
}  # fmt: skip
ATTRIBUTES = {"class", "style", "title", "href", "target", "rel"}


@EVERY
def test_nobody_s_words_become_markup(read, make, line, card):
    page = read(card(make(HOSTILE)))
    assert set(page.tags) <= TAGS
    assert set(page.attributes) <= ATTRIBUTES
    assert "<script>alert(" in page.text


@EVERY
@pytest.mark.parametrize("word", [HOSTILE, "a\nb\u2028c", "x" * 5000])
def test_a_line_is_one_line(make, line, card, word):
    shown = line(make(word))
    assert len(shown.splitlines()) == 1


@EVERY
def test_a_very_long_name_stands_in_the_card(read, make, line, card):
    assert "x" * 5000 in read(card(make("x" * 5000))).text


@EVERY
def test_docs_mode_tells_nothing_that_differs_between_machines(docs_mode, read, make, line, card):
    record = make()
    said = line(record) + card(record).html() + card(record).text()
    for word in (
        JOB,
        str(PORT),
        "somebody",
        "2 min",
        "2.9.9",
        "3.11.99",
        "4711",
        "0.9734",
        "secret",
    ):
        assert word not in said
    read(card(record))


@pytest.mark.parametrize(
    ("mode", "words"), [("model", "2 min 3 s"), ("model_info", JOB), ("endpoint", str(PORT))]
)
def test_outside_docs_mode_it_is_told(mode, words):
    make, _, card = CARDS[mode]
    assert words in card(make()).html()
    assert words in card(make()).text()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 rows x 0 columns, 0 missing values"),
        (1, "1 row x 1 column, 1 missing value"),
        (2, "2 rows x 2 columns, 2 missing values"),
        (1200, "1,200 rows x 1,200 columns, 1,200 missing values"),
    ],
)
def test_a_table_s_line_counts(count, words):
    columns = tuple(column(f"c{i}", missing=1) for i in range(count))
    assert cards.data_line(data(rows=count, columns=columns)) == f"cancer@1: {words}"


@pytest.mark.parametrize(
    ("count", "more"), [(41, "and 1 column more"), (500, "and 460 columns more")]
)
def test_a_wide_table_shows_its_first_columns(read, count, more):
    wide = data(columns=tuple(column(f"c{i}") for i in range(count)), changes=())
    page = read(cards.data_card(wide, (), ""))
    assert page.tags.count("tr") == 1 + cards.MOST_COLUMNS
    assert more in page.text


def test_a_table_without_columns_has_a_card(read):
    assert "0 columns" in read(cards.data_card(data(columns=()), (), "next")).text


def test_what_each_step_changed_is_a_table(read):
    card = cards.data_card(data(changes=(change("price"),)), (), "")
    head, row = card.text().splitlines()[2:4]
    assert head.split("  ")[1:2] == ["step"]
    assert row == "  price  1,234 → 3        2               1  price: price → (gap)"
    assert read(card).tags.count("table") == 2


def test_ranges_are_shown_where_they_mean_something(read):
    columns = (
        column("n", low=-5, high=1234.5678, mean=2.0),
        column("when", "date", low="2024-01-31T10:00:00", high="2024-12-31T00:00:00"),
        column("c", "category", low="apple", high="pear"),
        column("empty", low=None, high=None, mean=float("nan")),
    )
    text = read(cards.data_card(data(columns=columns), (), "")).text
    assert {"-5", "1,235", "2", "2024-01-31", "2024-12-31", "–"} <= set(text.split("\n"))
    assert "apple" not in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"trials": (), "scores": ()}, "clf@1: ridge"),
        ({"trials": ()}, "clf@1: ridge, accuracy 0.973 on 30 held-out rows"),
        ({"trials": (), "held_out": 1}, "clf@1: ridge, accuracy 0.973 on 1 held-out row"),
        ({}, "clf@1: ridge, best of 1 candidate, accuracy 0.973 on 30 held-out rows"),
        ({"trials": (), "scores": (), "partial": True}, "clf@1: ridge (stopped early)"),
    ],
)
def test_a_model_s_line(more, words):
    assert cards.model_line(model(**more)) == words


def test_a_search_shows_its_ten_best_and_counts_the_rest(read):
    trials = tuple(
        Trial(
            params={"depth": i, "kind": None}, mean=0.9, std=0.0, folds=(1.0,), seconds=1.0, rank=i
        )
        for i in range(1, 13)
    )
    page = read(cards.model_card(model(trials=trials), (), ""))
    assert page.tags.count("tr") == 1 + searching.MOST_TRIALS
    assert {"and 2 more: .trials of this answer has all", "depth", "kind", "None"} <= set(
        page.text.split("\n")
    )


def test_warnings_stand_in_the_card_once_each(read):
    page = read(cards.model_card(model(warnings=("few rows",)), ("two classes", "few rows"), ""))
    assert page.text.split("\n").count("few rows") == 1
    assert "two classes" in page.text


def test_a_weighed_model_says_by_what(read):
    assert "weighed by income" in read(cards.model_card(model(weights="income"), (), "")).text
    assert "weighed" not in read(cards.model_card(model(weights=None), (), "")).text


def test_an_evaluation_s_line_and_interval(read):
    assert cards.evaluation_line(evaluation()) == (
        "clf@1: accuracy 0.973 [0.900, 1.000], baseline 0.620, on 30 rows"
    )
    lone = evaluation(scores=(Score(metric="r2", value=0.5),), confidence=0.9)
    text = read(cards.evaluation_card(lone, (), "")).text
    assert "90 % interval" in text
    assert "– to –" in text


def test_what_is_undefined_is_a_dash(read):
    none = evaluation(scores=(Score(metric="roc_auc", value=None, baseline=None),))
    assert cards.evaluation_line(none).startswith("clf@1: roc_auc – [–, –], baseline –")
    assert "roc_auc –" in cards.model_line(model(scores=(Score(metric="roc_auc", value=None),)))


def test_a_grid_s_numbers_line_up_at_the_right(read):
    card = cards.grid_card(grid())
    assert card.html().count('class="n"') == 2 + 4
    assert {"1,234", "0.973", "–"} <= set(read(card).text.split("\n"))


@pytest.mark.parametrize("state", ["STARTING", "STOPPED", "FAILED", "LOST"])
def test_an_endpoint_that_does_not_run_has_no_address(state):
    info = endpoint(state=state)
    assert cards.endpoint_line(info) == f"api: clf@1, {state.lower()}"
    assert str(PORT) not in cards.endpoint_card(info, "{}", (), "")


@pytest.mark.parametrize("word", ["it's", '"quoted"', "$(touch x) `id` \\", "a b;c&d!", "ü\n"])
def test_a_curl_line_is_one_command_whatever_the_values(word):
    said = cards.curl(endpoint(), f'{{"X_test": [["{word}"]]}}')
    words = shlex.split(said.partition("\n")[2].replace("\\\n", ""))
    assert words[0] == "curl"
    assert words[-1] == f'{{"X_test": [["{word}"]]}}'
    assert subprocess.run(["bash", "-n"], input=said, text=True, check=False).returncode == 0


def test_a_curl_line_holds_no_token():
    said = cards.curl(endpoint(), "{}")
    assert "secret-token" not in said
    assert "$AIAAS_TOKEN" in said
