"""A preparation is looked at before it is stored, and what its steps changed is at hand."""

import pandas as pd
import pytest

from aiaas_magics import errors

PRICES = pd.DataFrame({"price": ["1.200,50 €", "7,25 €", "soon"], "kind": ["a", "b", "a"]})
ASKED = {"data": PRICES, "fix": True, "columns": ("price",)}


def test_a_preview_shows_and_stores_nothing(empty):
    shown = empty.run("prepare", "", {**ASKED, "preview": True})
    assert repr(shown) == "preview: 3 rows x 2 columns, 1 missing value"
    assert "price: 1.200,50 € → 1200.5" in shown.card().text()
    assert "next: the same line with --as NAME" in shown.card().text()
    with pytest.raises(errors.DataError, match="a preview is not stored"):
        shown.frame()
    assert not empty.backend.query("data")


def test_what_steps_changed_is_at_hand(empty):
    made = empty.run("prepare", "", {**ASKED, "as_": "p"})
    (change,) = made.changes
    assert str(change).startswith("fix: 1 column read (price as number); 1 value could not be read")
    assert (change.rows, change.columns, change.values) == ((3, 3), (2, 2), 3)
    assert [(e.before, e.after) for e in change.examples] == [
        ("1.200,50 €", "1200.5"), ("7,25 €", "7.25"), ("soon", ""),
    ]  # fmt: skip


def test_what_is_to_be_stored_needs_a_name(empty):
    with pytest.raises(errors.SpecError) as caught:
        empty.run("prepare", "", ASKED)
    assert caught.value.lines()[-1].endswith("--as ready, or --preview")


@pytest.mark.parametrize(
    ("target", "shown"), [("kind", "kind"), ("the kind", "COLUMN"), (None, "COLUMN")]
)
def test_the_next_line_names_the_target_that_was_named(empty, target, shown):
    frame = PRICES.rename(columns={"kind": target or "kind"}).assign(n=[1.0, 2.0, 4.0])
    made = empty.run(
        "prepare", "", {"data": frame, "scale": "maxabs", "target": target, "as_": "p"}
    )
    assert f"next: %aiaas_train p --target {shown} --algo" in made.card().text()
