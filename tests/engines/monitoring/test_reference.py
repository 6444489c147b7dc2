"""References: what an endpoint is compared with is what the model was made of, answers those to rows it has not seen."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from aiaas_magics import frames
from aiaas_magics.engines import train
from aiaas_magics.engines.models import artefacts
from aiaas_magics.engines.monitoring import drift, reference
from aiaas_magics.gauges.binning import Binning
from aiaas_magics.specs.base import decode
from aiaas_magics.specs.reference import FILE, Reference
from aiaas_magics.specs.train import TrainSpec


def table(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "x": x,
            "n": rng.integers(0, 9, rows),
            "on": rng.random(rows) < 0.3,
            "town": rng.choice(["Graz", "Linz", "Wien"], rows, p=[0.6, 0.3, 0.1]),
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, rows), "D"),
            "y": np.where(x + rng.normal(size=rows) > 0, "yes", "no"),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "x"] = np.nan
    return frame


def made(context, frame=None, *, target="y", algo="logistic_regression", **more):
    data = context.save_frame(table() if frame is None else frame)
    train.run(TrainSpec(data=data, target=target, algo=algo, as_="m", **more), context)
    info, folder = context.model("m")
    return info, reference.make(info, artefacts.load(folder), context)


def test_every_column_is_cut_by_its_kind(context):
    _, found = made(context)
    assert {s.name: s.kind for s in found.features} == {
        "x": "number", "n": "number", "on": "category", "town": "category", "since": "date",
    }  # fmt: skip
    by_name = {s.name: s for s in found.features}
    assert by_name["n"].edges == tuple(float(i) for i in range(9))
    assert by_name["on"].values == (False, True)
    assert set(by_name["town"].values) == {"Graz", "Linz", "Wien"}
    assert len(by_name["x"].edges) == reference.MOST_CELLS


def test_all_rows_are_counted_and_gaps_beside_them(context):
    frame = table()
    _, found = made(context, frame)
    for series in found.features:
        assert sum(series.counts) + series.missing == len(frame)
    assert found.features[0].missing == frame["x"].isna().sum()


def test_answers_are_those_to_held_out_rows(context):
    _, found = made(context)
    label, sure = found.answers
    assert found.basis == "80 held-out rows"
    assert sum(label.counts) == sum(sure.counts) == 80
    assert 0.5 < found.scores["accuracy"] < 0.9  # of the rows it learned from it knows nearly all


def test_without_held_out_rows_answers_have_no_reference(context):
    _, found = made(context, test=0.0)
    assert found.basis == ""
    assert all(not each.counts for each in found.answers)
    assert all(each.counts for each in found.features)


def test_a_regressions_answers_are_numbers(context):
    frame = table().assign(y=lambda f: f["n"] * 2.5)
    _, found = made(context, frame, algo="ridge")
    assert [s.kind for s in found.answers] == ["number"]
    assert sum(found.answers[0].counts) == 80


def test_columns_of_many_texts_are_told_apart_by_hash(context):
    frame = table().assign(word=lambda f: [f"w{i}" for i in range(len(f))])
    _, found = made(context, frame)
    assert {s.name: s.kind for s in found.features}["word"] == "text"


def test_a_table_and_a_request_of_the_same_rows_have_the_same_codes(context):
    """What was counted at deployment and what the endpoint counts are the same thing."""
    frame = table()
    info, found = made(context, frame)
    names = [name for name, _ in info.signature.inputs]
    rows = frames.records(frame[names])
    binning = Binning(found)
    asked = binning.features({name: [row[name] for row in rows] for name in names})
    stored = np.column_stack([reference.coded(frame[s.name], s) for s in found.features])
    np.testing.assert_array_equal(asked, stored)


def test_the_reference_itself_has_not_drifted(context):
    frame = table()
    _, found = made(context, frame)
    binning = Binning(found)
    columns = {s.name: reference.coded(frame[s.name], s) for s in found.features}
    codes = np.column_stack([*columns.values(), np.full((len(frame), 2), np.nan)])
    looks = drift.compare(binning, binning.count(codes))
    assert all(each.effect == 0 for each in looks[: len(found.features)])


def test_it_is_written_beside_the_build(context, tmp_path):
    data = context.save_frame(table())
    train.run(TrainSpec(data=data, target="y", algo="logistic_regression", as_="m"), context)
    info, folder = context.model("m")
    written = reference.write(tmp_path, info, artefacts.load(folder), context)
    assert decode((tmp_path / FILE).read_bytes(), Reference) == written


@pytest.mark.parametrize("most", [8, 64])
def test_edges_are_values_and_the_last_is_the_greatest(most):
    values = np.random.default_rng(0).normal(size=1000)
    edges = reference.edges_of(values, most)
    assert set(edges) <= set(values.tolist())
    assert edges[-1] == values.max()
    assert len(edges) <= most


def test_a_date_is_seconds_whatever_its_unit():
    days = pd.Series(pd.to_datetime(["2024-03-01", None]))
    for unit in ("s", "ms", "us", "ns"):
        found = reference.as_numbers(days.astype(f"datetime64[{unit}]"))
        assert found[0] == dt.datetime(2024, 3, 1, tzinfo=dt.UTC).timestamp()
        assert np.isnan(found[1])
