"""How the proof of an endpoint's tier is told."""

import msgspec
import pytest

from aiaas_magics.cards import cards, endpoints, style
from aiaas_magics.specs.builds import Trial, Verdict
from aiaas_magics.specs.jobs import Event
from aiaas_magics.specs.records import EndpointInfo, ServingLimits, Share

VERDICT = Verdict(
    model="clf@1",
    digest="sha256:0",
    tier="onnx-float64",
    rows=569,
    adversarial=1194,
    trials=(
        Trial(tier="onnx-float64", outcome="serves", rows=1763, off=2e-16, micros=57.2),
        Trial(
            tier="onnx-float32", outcome="differs", rows=1763, differing=4, off=2e-7, why="row 3"
        ),
        Trial(tier="treelite", outcome="unconvertible", why="<b>SVC</b> has no trees"),
        Trial(tier="sklearn", outcome="passed", micros=4953.0),
    ),
)


def test_the_proof_names_every_tier_and_what_became_of_it():
    text = endpoints.proof_card(VERDICT).text()
    assert (
        "onnx-float64, the same answers as scikit-learn on 569 rows of its data and 1,194" in text
    )
    lines = {line.split()[0]: line for line in text.splitlines()[2:]}
    assert "serves" in lines["onnx-float64"]
    assert "57 µs" in lines["onnx-float64"]
    assert "4 of 1,763" in lines["onnx-float32"]
    assert "row 3" in lines["onnx-float32"]
    assert "cannot compute it" in lines["treelite"]
    assert "4,953 µs" in lines["sklearn"]


def test_what_a_library_says_is_shown_as_text():
    html = endpoints.proof_card(VERDICT).html()
    assert "&lt;b&gt;SVC" in html
    assert "<b>SVC" not in html


def test_the_manual_tells_no_times(monkeypatch):
    monkeypatch.setattr(style, "docs_mode", lambda: True)
    assert "µs" not in endpoints.proof_card(VERDICT).text()


def test_a_tier_that_was_not_tried_is_left_out_and_not_unable():
    trial = Trial(tier="onnx-float32", outcome="left out", why="no quicker so")
    text = endpoints.proof_card(msgspec.structs.replace(VERDICT, trials=(trial,))).text()
    assert "left out" in text
    assert "cannot" not in text


@pytest.mark.parametrize(("tier", "found"), [("onnx-float64", 57.2), ("sklearn", 4953.0)])
def test_a_verdict_knows_the_trial_of_the_tier_that_serves(tier, found):
    assert msgspec.structs.replace(VERDICT, tier=tier).served.micros == found


INFO = EndpointInfo(
    name="api", model="clf@1", state="READY", url="", port=1, workers=1, versions=(Share(model="clf@1"),)
)  # fmt: skip
CANARY = Share(model="clf@2", role="canary", percent=10.0, verdict=VERDICT)
BOTH = msgspec.structs.replace(
    INFO, versions=(Share(model="clf@1", verdict=msgspec.structs.replace(VERDICT, rows=7)), CANARY)
)


def told(card):
    return card.text().splitlines()


def test_of_several_versions_every_proof_is_told_by_name():
    lines = told(cards.endpoint_card(BOTH, "curl ...", (), ""))
    proofs = [line.split(",")[0].strip() for line in lines if "the same answers" in line]
    assert proofs == ["clf@1: onnx-float64", "clf@2: onnx-float64"]


def test_the_card_of_a_version_that_came_tells_its_proof_and_no_line_to_ask():
    text = cards.endpoint_card(BOTH, "curl ...", (), "", added="clf@2").text()
    assert "on 569 rows" in text
    assert "on 7 rows" not in text
    assert "curl" not in text


def test_settings_that_are_not_the_usual_are_shown():
    assert "once" not in cards.endpoint_card(INFO, "", (), "").text()
    limits = ServingLimits(concurrency=3, timeout=2.0, memory=10**9)
    odd = msgspec.structs.replace(INFO, limits=limits, samples=False, schema="refuse")
    text = cards.endpoint_card(odd, "", (), "", kept=["schema refuse"]).text()
    words = "no rows kept, timeout 2 s, 3 at once a worker, 1,000 MB a worker"
    assert f"{words}; kept as it was: schema refuse" in text


def test_a_version_is_listed_once_by_what_it_is_now():
    info = msgspec.structs.replace(
        BOTH, past=(Share(model="clf@3"), Share(model="clf@1"), Share(model="clf@3")),
        undone=(Share(model="clf@2"), Share(model="clf@4"), Share(model="clf@3")),
    )  # fmt: skip
    lines = told(endpoints.versions_card(info, info.versions, [], gone={"clf@4"}))
    rows = [line.split()[:2] for line in lines if line.strip().startswith("clf")]
    assert rows == [
        ["clf@1", "main"],
        ["clf@2", "canary"],
        ["clf@3", "before"],
        ["clf@4", "deleted"],
    ]


@pytest.mark.parametrize(
    ("state", "versions", "line"),
    [
        ("LOST", BOTH.versions, "%aiaas_deploy clf@1 --as api"),
        ("READY", BOTH.versions, "%aiaas_monitor api"),
        ("READY", INFO.versions, "%aiaas_deploy MODEL --to api --canary 10%"),
    ],
)
def test_the_next_line_works_as_things_are(state, versions, line):
    info = msgspec.structs.replace(INFO, state=state, versions=versions)
    assert f"next: {line}" in endpoints.versions_card(info, versions, []).text()


def event(kind, **body):
    return Event(seq=1, scope="endpoint:api", time=0.0, type=kind, body=body)


@pytest.mark.parametrize(
    ("kind", "body", "step", "what"),
    [
        ("alert", {"name": "drift:age", "text": "", "on": True}, "alert", "drift of age"),
        ("alert", {"name": "down", "text": "", "on": False}, "alert is over", "no answers at all"),
        ("state", {"to": "LOST"}, "lost", "its processes were gone"),
        ("audit", {"command": "scale", "workers": 2}, "scale", "2 workers"),
        ("audit", {"command": "drop_version", "now": "m@1", "about": "m@2"}, "drop version", "m@2"),
        ("audit", {"command": "promote", "version": "2", "about": "m@2"}, "promote", "m@2"),
        ("audit", {"command": "deploy", "model": "m@2", "canary": 10.0}, "canary 10 %", "m@2"),
    ],
)
def test_a_step_is_told_by_what_it_was_and_of_what(kind, body, step, what):
    assert endpoints.step(event(kind, **body))[:2] == (step, what)


def test_the_alerts_of_one_look_are_one_step():
    began = [event("alert", name=f"drift:x{i}", text="", on=True) for i in range(7)]
    over = event("alert", name="drift:x1", text="", on=False)
    lines = endpoints.versions_card(INFO, INFO.versions, [*began, over]).text().splitlines()
    told = [line.split("  ")[1:] for line in lines if line.startswith("  alert")]
    assert len(told) == 2
    assert told[0][0] == "alert is over"
    assert any("drift of x0, x1, x2, x3, 3 more" in cell for cell in told[1])


def test_a_long_history_shows_its_end():
    steps = [event("audit", command="promote", now=f"clf@{i}") for i in range(40)]
    lines = endpoints.versions_card(INFO, INFO.versions, steps).text().splitlines()
    assert any("clf@39" in line for line in lines)
    assert not any("clf@9 " in line for line in lines)
    assert "  10 earlier steps in .steps" in lines
