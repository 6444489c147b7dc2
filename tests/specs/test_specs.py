"""Specs check themselves, and survive JSON."""

import pytest

from aiaas_magics import errors, specs
from aiaas_magics.specs.base import decode, encode
from aiaas_magics.specs.data import DataSpec, ExportSpec
from aiaas_magics.specs.deploy import DeploySpec, ExportServerSpec, OptimiseSpec
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.models import ExportModelSpec, ImportModelSpec
from aiaas_magics.specs.monitor import MonitorSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.quality import QualitySpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.specs.tune import TuneSpec

LEARN = {"data": "d", "target": "y", "as_": "m"}
GOOD = [
    DataSpec(as_="iris", catalogue="iris"),
    ExportSpec(data="d", format="csv"),
    PrepareSpec(data="d", as_="p", dropna=True, scale="maxabs", clip=0.01, tfidf=20),
    TrainSpec(**LEARN, algo="random_forest", params={"max_depth": None, "n_estimators": 10}),
    TuneSpec(**LEARN, algo="ridge", params={"alpha": [0.1, 1]}),
    EvaluateSpec(model="m", cost={"a": {"b": 5.0}}),
    DeploySpec(model="m", as_="m-api"),
    ExportServerSpec(model="m", as_="m-api"),
    OptimiseSpec(model="m"),
    MonitorSpec(endpoint="m-api", window="500", labels="d", key="id"),
    ImportModelSpec(as_="m", file="sha256:0", filename="m.pkl", trust_pickle=True),
    ExportModelSpec(model="m", format="onnx"),
    QualitySpec(data="d", target="y", against="d@1"),
    MonitorSpec(endpoint="api", window="1000", labels="d", key="id"),
]


@pytest.mark.parametrize("spec", GOOD, ids=lambda s: type(s).__name__)
def test_a_spec_survives_json(spec):
    assert decode(encode(spec), type(spec)) == spec


def test_every_spec_class_is_among_the_good_ones():
    assert set(specs.spec_types().values()) == {type(spec) for spec in GOOD}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DataSpec(as_="x"), "exactly one source"),
        (lambda: DataSpec(as_="../x", catalogue="iris"), "cannot be a name"),
        (lambda: ExportSpec(data="d", format="xls"), "cannot write"),
        (lambda: ExportModelSpec(model="m", format="pmml"), "cannot write"),
        (lambda: ImportModelSpec(as_="m", file="sha256:0", filename="a/M.PKL"), "is a program"),
        (lambda: PrepareSpec(data="d", as_="p"), "nothing to prepare"),
        (lambda: PrepareSpec(data="d", as_="p", scale="max"), "unknown method"),
        (lambda: PrepareSpec(data="d", dropna=True), "needs --as"),
        (lambda: PrepareSpec(data="d", as_="p", clip=0.5), "--clip 0.5 is no share"),
        (lambda: PrepareSpec(data="d", as_="p", fence=0.0), "--fence 0 is no distance"),
        (lambda: PrepareSpec(data="d", as_="p", rare=1.0), "--rare 1 is no share"),
        (lambda: PrepareSpec(data="d", as_="p", tfidf=0), "--tfidf 0 is no number"),
        (lambda: PrepareSpec(data="d", as_="p", variance=-1.0), "--variance -1 is no variance"),
        (lambda: PrepareSpec(data="d", as_="p", correlated=1.0), "--correlated 1 is no"),
        (lambda: PrepareSpec(data="d", as_="p", select=0, target="y"), "--select 0 is no"),
        (lambda: PrepareSpec(data="d", as_="p", select=3), "--select needs --target"),
        (lambda: PrepareSpec(data="d", as_="p", variance=0.0), "--variance needs --target"),
        (lambda: PrepareSpec(data="d", as_="p", encode="target"), "--encode target needs"),
        (lambda: PrepareSpec(data="d", as_="p", impute="constant"), "--impute constant needs"),
        (lambda: PrepareSpec(data="d", as_="p", impute="mean", fill="0"), "--fill goes with"),
        (lambda: PrepareSpec(data="d", as_="p", indicator=True), "--indicator goes with"),
        (lambda: PrepareSpec(data="d", as_="p", decimal="comma"), "--decimal goes with --fix"),
        (lambda: PrepareSpec(data="d", as_="p", clip=0.1, fence=1.0), "contradict"),
        (lambda: PrepareSpec(data="d", as_="p", dropna=True, impute="mean"), "contradict"),
        (lambda: PrepareSpec(data="d", as_="p", keep=("a",), drop=("b",)), "contradict"),
        (lambda: TrainSpec(**LEARN, algo="ridg"), "unknown algorithm"),
        (lambda: TrainSpec(**LEARN, algo="ridge", test=1.0), "no share"),
        (lambda: TrainSpec(**LEARN, algo="ridge", task="clustering"), "unknown task"),
        (lambda: TrainSpec(**LEARN, algo="logistic_regression", task="regression"), "does not do"),
        (lambda: TrainSpec(**LEARN, algo="ridge", params={"alhpa": 1}), "no parameter"),
        (lambda: TrainSpec(**LEARN, algo="ridge", params={"alpha": "x"}), "not a value"),
        (lambda: TrainSpec(**LEARN, algo="ridge", params={"alpha": float("nan")}), "not a value"),
        (
            lambda: TrainSpec(**LEARN, algo="random_forest", params={"n_estimators": True}),
            "not a value",
        ),
        (lambda: TuneSpec(**LEARN, algo="linear_regression"), "nothing that is worth tuning"),
        (lambda: TrainSpec(**LEARN, algo="ridge", weights="y"), "the target and the weights"),
        (
            lambda: TrainSpec(**LEARN, algo="ridge", weights="w", features=("w",)),
            "a feature and the weights",
        ),
        (lambda: TuneSpec(**LEARN, algo="knn", weights="w"), "takes no weights"),
        (lambda: TuneSpec(**LEARN, algo="ridge", params={"alpha": []}), "no value"),
        (lambda: TuneSpec(**LEARN, algo="ridge", params={"alpha": [1]}, cv=1), "too few"),
        (
            lambda: TuneSpec(**LEARN, algo="ridge", params={"alpha": list(range(20_001))}),
            "20,001 cells",
        ),
        (
            lambda: TuneSpec(**LEARN, algo="ridge", params={"alpha": [1]}, metric="acc"),
            "unknown metric",
        ),
        (
            lambda: TuneSpec(
                **LEARN, algo="ridge", params={"alpha": [1]}, metric="r2", task="classification"
            ),
            "r2 is a regression",
        ),
        (lambda: EvaluateSpec(model="m", confidence=95), "no level"),
        (lambda: EvaluateSpec(model="m", repeats=3), "too few"),
        (lambda: EvaluateSpec(model="m", rows=-1), "--rows cannot be negative"),
        (lambda: EvaluateSpec(model="m", cv=1), "no folds"),
        (lambda: EvaluateSpec(model="m", rounds=3), "needs --cv|how often the folds"),
        (lambda: EvaluateSpec(model="m", cv=5, data="d"), "--cv learns anew"),
        (lambda: EvaluateSpec(model="m", curve=True, data="d"), "--curve learns anew"),
        (lambda: EvaluateSpec(model="m", against="b", curve=True), "two questions"),
        (lambda: EvaluateSpec(model="m", cost={"fp": 1.0}, cv=5), "two questions"),
        (lambda: EvaluateSpec(model="m", cost={"fp": 1.0}, against="b"), "two questions"),
        (lambda: EvaluateSpec(model="m", cost={"ftp": 1.0}), "'ftp' is none of"),
        (lambda: EvaluateSpec(model="m", cost={"fp": "x"}), "'x' is no number"),
        (lambda: EvaluateSpec(model="m", cost={"fp": float("inf")}), "inf is no number"),
        (lambda: EvaluateSpec(model="m", cost={"fp": 0.0, "fn": 0}), "nothing costs anything"),
        (
            lambda: EvaluateSpec(model="m", cost={"a": {"b": 1.0}, "fp": 1.0}),
            "some costs stand alone",
        ),
        (lambda: DeploySpec(model="m", as_="a", port=70000), "no port"),
        (lambda: DeploySpec(model="m", as_="a", workers=0), "out of range"),
    ],
)
def test_a_wrong_spec_says_what_is_wrong(make, says):
    with pytest.raises(errors.SpecError, match=says) as caught:
        make()
    assert len(caught.value.lines()) <= 3


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"kind":"train"}',
        b'{"kind":"data","as_":"x","catalogue":"iris","more":1}',
        b"\xff",
    ],
)
def test_a_body_that_is_no_spec_is_refused(body):
    with pytest.raises(errors.SpecError):
        decode(body, DataSpec)


def test_the_recipe_has_one_order():
    spec = PrepareSpec(
        data="d",
        as_="p",
        scale="standard",
        dates=True,
        drop=("id",),
        impute="mean",
        encode="onehot",
    )
    assert [step.op for step in spec.steps()] == ["drop", "impute", "dates", "encode", "scale"]
