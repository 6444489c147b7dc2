"""How the proof of an endpoint's tier is told."""

import msgspec
import pytest

from aiaas_magics.cards import endpoints, style
from aiaas_magics.specs.builds import Trial, Verdict

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
