"""Steps of numpy give what scikit-learn's transformers give, and refuse what is not theirs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

from aiaas_magics.engines.modalities.date import DateParts
from aiaas_magics.engines.optimising import fronts as convert
from aiaas_magics.engines.optimising import prose
from aiaas_magics.engines.transformers import TypeFixer
from aiaas_magics.predictors import fronts, sklearn
from aiaas_magics.predictors.base import Rows
from aiaas_magics.predictors.packed import Array
from aiaas_magics.predictors.reading import Reading
from aiaas_magics.predictors.sklearn import series
from aiaas_magics.specs.records import Signature

TEXTS = ["the quick brown fox", "jumps over the lazy dog", "Äpfel und Birnen, und Äpfel", "x y z"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(max_size=40) | st.sampled_from(TEXTS), min_size=1, max_size=4), st.booleans()
)
def test_texts_weigh_what_they_weigh_in_scikit_learn(texts, sublinear):
    known = TfidfVectorizer(sublinear_tf=sublinear, token_pattern=r"(?u)\b\w+\b").fit(TEXTS)
    found = prose._words(known).opened()(texts)
    assert np.allclose(found, known.transform(texts).toarray(), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "transformer",
    [PowerTransformer(), QuantileTransformer(n_quantiles=20), QuantileTransformer(n_quantiles=20, output_distribution="normal")],
    ids=["power", "uniform", "normal"],
)  # fmt: skip
def test_numbers_become_what_they_become_in_scikit_learn(transformer):
    X = np.random.default_rng(0).normal(size=(80, 2)) * [1, 1e6]
    transformer.fit(X)
    asked = np.vstack([X, [[0.0, np.nan], [-1e30, 1e30], X[0]]])
    steps = convert.on_numbers([transformer], 2).steps
    with np.errstate(all="ignore"):
        assert np.array_equal(
            fronts.opened(steps)(asked), transformer.transform(asked), equal_nan=True
        )


@pytest.mark.parametrize(
    ("zone", "text", "hour"),
    [
        (None, "2026-06-01T10:00", 10),
        (None, "2026-06-01T10:00+02:00", 10),
        ("UTC", "2026-06-01T10:00+02:00", 8),
        ("Europe/Berlin", "2026-06-01T08:00Z", 10),
        ("UTC+05:30", "2026-06-01T08:00Z", 13),
        ("Europe/Berlin", "2026-06-01T02:30", 2),
    ],
)
def test_dates_are_read_on_the_clocks_of_their_zone(zone, text, hour):
    signature = Signature(inputs=(("when", "datetime"),), output="y")
    found = fronts.Dates((0,), (zone,)).opened()(Rows(signature, {"when": [text, None]}))
    assert found[0].tolist() == [2026, 6, 1, 0, hour]
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize(
    "text", ["2026-03-29T02:30", "2026-10-25T02:30", "2026-10-25T02:30+01:00", "1700-01-01"]
)
def test_hours_that_clocks_leave_out_or_show_twice_are_read_as_pandas_reads_them(text):
    signature = Signature(
        inputs=(("when", "datetime"),), output="y", zones={"when": "Europe/Berlin"}
    )
    known = DateParts().fit_transform(pd.DataFrame({"when": sklearn._dates([text], "Europe/Berlin")}))  # fmt: skip
    found = fronts.Dates((0,), ("Europe/Berlin",)).opened()(Rows(signature, {"when": [text]}))
    assert found.tolist() == known.tolist()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.none() | st.text(max_size=12) | st.from_regex(r"[-(]?[0-9.,]{1,8} ?[%€]?\)?|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}( [0-9]{2}:[0-9]{2}Z?)?|JA|nein", fullmatch=True), min_size=1, max_size=4),
    st.sampled_from([("number", "comma"), ("number", "point"), ("boolean", "ja/nein"), ("date", "dmy"), ("date", "mdy")]),
    st.booleans(),
)  # fmt: skip
def test_texts_stand_for_what_they_stood_for_in_training(texts, reading, flag):
    known = TypeFixer(*reading, whole=flag, zoned=flag)
    table = known.transform(pd.DataFrame({"x": series(texts, "string", gaps=True)}))
    table = DateParts().fit_transform(table) if reading[0] == "date" else table.to_numpy()
    signature = Signature(inputs=(("x", "string"),), output="y")
    found = fronts.Fixed((0,), Reading(*reading)).opened()(Rows(signature, {"x": texts}))
    assert np.array_equal(found, table, equal_nan=True)


def test_a_value_no_encoder_knows_is_refused_or_has_its_row():
    signature = Signature(inputs=(("kind", "string"),), output="y")
    table = Array.of([[1.0, 0.0], [0.0, 1.0]])
    strict = fronts.Known(column=0, values=("a", "b"), places=(0, 1), table=table)
    look = fronts.Lookup(Array.of([0.0, 0.0]), (strict,)).opened()
    assert look(Rows(signature, {"kind": ["b", "a"]})).tolist() == [[0, 1], [1, 0]]
    for odd in ("c", None):
        with pytest.raises(ValueError, match="Found unknown categories"):
            look(Rows(signature, {"kind": [odd]}))


@pytest.mark.parametrize(
    "broken", [Array("float64", (3,), b"12"), Array("object", (1,), b"12345678")]
)
def test_an_array_that_is_none_is_not_read(broken):
    with pytest.raises(ValueError):
        broken.read()
