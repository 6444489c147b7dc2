"""How the proof of an endpoint's tier is told."""

import msgspec
import pytest

from aiaas_magics.cards import endpoints, style
from aiaas_magics.specs.builds import Trial, Verdict
from aiaas_magics.specs.jobs import Event
from aiaas_magics.specs.records import EndpointInfo, Share

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
    assert "onnx-float64, the same answers as scikit-learn on 569 training rows and 1,194" in text
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


@pytest.mark.parametrize(("tier", "found"), [("onnx-float64", 57.2), ("sklearn", 4953.0)])
def test_a_verdict_knows_the_trial_of_the_tier_that_serves(tier, found):
    assert msgspec.structs.replace(VERDICT, tier=tier).served.micros == found


INFO = EndpointInfo(
    name="api", model="clf@1", state="READY", url="", port=1, workers=1, versions=(Share(model="clf@1"),)
)  # fmt: skip


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
