"""A reference of three columns and two classes, small enough to count by hand."""

import pytest

from aiaas_magics.specs.reference import Reference, Series


@pytest.fixture
def reference():
    return Reference(
        model="clf@1",
        task="classification",
        rows=8,
        features=(
            Series(
                name="age", kind="number", edges=(10.0, 20.0, 30.0), counts=(2, 2, 2, 2), low=0.0, high=50.0
            ),
            Series(name="town", kind="category", values=("Graz", "Linz"), counts=(4, 3, 0), missing=1),
            Series(name="since", kind="date", edges=(86400.0,), counts=(4, 4)),
        ),
        answers=(
            Series(name="prediction", kind="category", values=("no", "yes"), counts=(2, 2, 0)),
            Series(name="probability", kind="number", edges=(0.5,), counts=(2, 2)),
        ),
        basis="4 held-out rows",
    )  # fmt: skip
