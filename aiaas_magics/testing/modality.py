"""The contract of a modality: what a kind of column must keep so that every stage can rely on it.

Test a modality of your own by a sub-class in a test file::

    class TestColour(ModalityContract):
        role = "colour"

        def column(self) -> pd.Series:
            return pd.Series(["#ff0000", None, "#00ff00"] * 20)

        def unseen(self) -> pd.Series:
            return pd.Series(["#123456", None])
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from aiaas_magics.engines import modalities
from aiaas_magics.engines.data import simple
from aiaas_magics.engines.modalities import Modality

if TYPE_CHECKING:
    Series = pd.Series[Any]


class ModalityContract:
    """Sub-class it, name the `role`, give a column of it and one with values never seen."""

    role = ""

    def column(self) -> Series:
        """Return 30 values or more of this kind, some of them missing."""
        raise pytest.UsageError("a modality's test gives a column()")

    def unseen(self) -> Series:
        """Return values of this kind that `column` does not hold, one of them missing."""
        raise pytest.UsageError("a modality's test gives unseen()")

    @property
    def modality(self) -> Modality:
        """The module under test."""
        return modalities.find(self.role)

    def encoder(self, column: Series, *, missing: bool = False, sparse: bool = True) -> Any:
        """Return the column's encoder as it stands in a model: unfitted, in a ColumnTransformer."""
        frame = simple(column.to_frame("x"))
        part = self.modality.encode(frame, takes_missing=missing, takes_sparse=sparse)
        return ColumnTransformer([("x", part, ["x"])], sparse_threshold=1.0 if sparse else 0.0)

    def fitted(self, **takes: bool) -> Any:
        """Return the encoder fitted on the column."""
        return self.encoder(self.column(), **takes).fit(simple(self.column().to_frame("x")))

    def test_it_is_known_and_first_to_recognise_its_column(self) -> None:
        """The table of kinds finds this one."""
        first = next(r for r in modalities.ROLES if modalities.find(r).recognises(self.column()))
        assert first == self.role

    def test_it_recognises_a_column_without_gaps(self) -> None:
        """Gaps make no other kind of it."""
        assert self.modality.recognises(self.column().dropna())

    def test_a_summary_is_json(self) -> None:
        """A profile travels as JSON, which knows no NaN."""
        summary = self.modality.describe(self.column())
        assert json.loads(json.dumps(summary, allow_nan=False))[0] == summary.distinct

    def test_a_histogram_counts_every_value_and_no_gap(self) -> None:
        """At most 20 bars, together as many rows as there are values."""
        counts = self.modality.describe(self.column()).counts
        assert 0 < len(counts) <= 20
        assert sum(rows for _, rows in counts) == self.column().notna().sum()

    def test_bars_have_labels_of_their_own(self) -> None:
        """Two bars are never called the same."""
        labels = [label for label, _ in self.modality.describe(self.column()).counts]
        assert len(set(labels)) == len(labels)

    def test_a_column_without_values_has_a_summary(self) -> None:
        """Nothing distinct, no bars."""
        summary = self.modality.describe(self.column().iloc[:0])
        assert (summary.distinct, summary.counts) == (0, ())

    def test_order_of_rows_does_not_change_the_summary(self) -> None:
        """Counts are sorted by a rule, not by what came first."""
        column = self.column()
        assert self.modality.describe(column) == self.modality.describe(column.iloc[::-1])

    @pytest.mark.parametrize("missing", [False, True])
    @pytest.mark.parametrize("sparse", [False, True])
    def test_numbers_come_out(self, *, missing: bool, sparse: bool) -> None:
        """As many rows as went in; no gaps and nothing sparse unless the estimator takes them."""
        found = self.fitted(missing=missing, sparse=sparse)
        out = found.transform(simple(self.column().to_frame("x")))
        assert sparse or isinstance(out, np.ndarray)
        values = np.asarray(out if isinstance(out, np.ndarray) else out.toarray(), dtype=float)
        assert values.shape[0] == len(self.column())
        assert missing or np.isfinite(values).all()

    def test_values_never_seen_do_not_fail(self) -> None:
        """An endpoint meets values that training did not."""
        found = self.fitted(sparse=False)
        out = np.asarray(found.transform(simple(self.unseen().to_frame("x"))), dtype=float)
        assert out.shape == (len(self.unseen()), self.width(found))
        assert np.isfinite(out).all()

    def width(self, found: Any) -> int:
        """Return how many columns come out."""
        return int(found.transform(simple(self.column().to_frame("x"))).shape[1])

    def test_it_can_be_cloned_and_pickled(self) -> None:
        """Cross-validation clones, parallel fits pickle."""
        found = pickle.loads(pickle.dumps(clone(self.fitted())))  # noqa: S301 - made above
        again = found.fit_transform(simple(self.column().to_frame("x")))
        assert again.shape[0] == len(self.column())

    def test_the_same_column_gives_the_same_numbers(self) -> None:
        """Nothing depends on chance or on the order of a hash."""
        frame = simple(self.column().to_frame("x"))
        one, two = (self.fitted(sparse=False).transform(frame) for _ in range(2))
        np.testing.assert_array_equal(one, two)
