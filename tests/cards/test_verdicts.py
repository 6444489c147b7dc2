"""A verdict tells what serves, how it was proven, and why nothing else does."""

from aiaas_magics.cards import page, verdicts
from aiaas_magics.specs.builds import Trial, Verdict

VERDICT = Verdict(
    model="m@1", digest="sha256:0", tier="onnx-float64", rows=150, adversarial=751,
    trials=(
        Trial(tier="onnx-float64", outcome="serves", rows=901, micros=20.4),
        Trial(tier="onnx-float32", outcome="differs", rows=901, differing=7, why="row 214: its label differs"),
        Trial(tier="treelite", outcome="absent", why="treelite is not installed"),
    ),
)  # fmt: skip


def test_every_tier_is_told_with_its_reason():
    text = page.card("api", *verdicts.parts(VERDICT)).text()
    assert "onnx-float64, the same answers as scikit-learn on 150 training rows and 751" in text
    assert "7 of 901" in text
    assert "row 214: its label differs" in text
    assert "treelite is not installed" in text
