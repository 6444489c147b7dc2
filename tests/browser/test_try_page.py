"""An endpoint's page in a real browser: the token opens it, each protocol answers."""

import threading

import numpy as np
import pytest
import uvicorn

from aiaas_magics.predictors.base import Outcome
from aiaas_magics.serving.app import App
from aiaas_magics.specs.records import Signature
from aiaas_magics.testing import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


class Always:
    """Answers with the first class."""

    inline, tier = True, "onnx"
    signature = Signature(
        inputs=(("a <b>", "double"), ("n", "long")), output="y", classes=("it's \U0001f600", "no"), required=("n",)
    )  # fmt: skip

    def predict(self, rows, *, proba):
        labels = np.array([self.signature.classes[0]] * rows.n, dtype=object)
        return Outcome(labels, np.tile([1.0, 0.0], (rows.n, 1)) if proba else None)


@pytest.fixture(scope="module")
def url():
    """The address of an endpoint that runs in a thread."""
    version = serving.loaded(Always(), "m@1", example={"X_test": [[1.5, 2], [None, 3]]})
    app = App(serving.state(version, endpoint="it's an api"), serving.TOKEN)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser, url):
    """The page, and nothing the browser complains of."""
    opened, complaints = browser.new_page(), []
    opened.set_default_timeout(10_000)
    opened.on(
        "console", lambda told: complaints.append(told.text) if told.type == "error" else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(url + "/docs")
    yield opened
    assert [
        text for text in complaints if "the server responded with a status of 4" not in text
    ] == []
    opened.close()


def enter(page, token=serving.TOKEN):
    page.fill("#token", token)
    page.press("#token", "Enter")


def test_a_wrong_token_opens_nothing(page):
    enter(page, "wrong")
    page.wait_for_selector("#error:not(:empty)")
    assert "not this endpoint's" in page.text_content("#error")
    assert not page.is_visible("main")


@pytest.mark.parametrize(
    ("protocol", "place"),
    [("/predict", "/predict"), ("/invocations", "/invocations"), ("/v2/models/{name}/infer", "/v2/models/it's%20an%20api/infer")],
)  # fmt: skip
def test_each_protocol_is_tried_with_its_example(page, protocol, place):
    enter(page)
    page.wait_for_selector("main", state="visible")
    page.select_option("#protocol", protocol)
    assert page.text_content("#path") == f"POST {place}"
    page.click("#ask")
    page.wait_for_selector("#answer:not(:empty)")
    assert page.text_content("#answer").count("it's \U0001f600") == 2 + (
        "classes" in page.text_content("#answer")
    )


def test_columns_are_shown_as_text(page):
    enter(page)
    page.wait_for_selector("main", state="visible")
    assert page.locator("#columns tr").first.locator("td").all_text_contents() == [
        "a <b>",
        "number",
        "yes",
    ]


def test_a_refusal_is_shown(page):
    enter(page)
    page.wait_for_selector("main", state="visible")
    page.fill("#body", '{"X_test": [["x", 1]]}')
    page.click("#ask")
    page.wait_for_selector("#answer.bad")
    assert "is not a number" in page.text_content("#answer")


def test_a_row_is_a_line_and_the_token_makes_way(page):
    enter(page)
    page.wait_for_selector("main", state="visible")
    assert page.input_value("#body").splitlines()[1:4] == [
        ' "X_test": [',
        "  [1.5, 2],",
        "  [null, 3]",
    ]
    assert not page.is_visible("#token")
    page.click("#leave")
    assert (page.is_visible("main"), page.input_value("#token")) == (False, "")


@pytest.mark.parametrize("protocol", ["/predict", "/invocations"])
def test_probabilities_are_asked_for_by_a_tick(page, protocol):
    enter(page)
    page.wait_for_selector("main", state="visible")
    page.select_option("#protocol", protocol)
    page.check("#proba")
    assert '"proba": true' in page.input_value("#body")
    assert '"proba":true' in page.text_content("#curl")
    page.click("#ask")
    page.wait_for_selector("#answer:not(:empty)")
    assert "[1, 0]" in page.text_content("#answer")
    page.uncheck("#proba")
    assert "proba" not in page.input_value("#body")
