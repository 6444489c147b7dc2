"""A build is made once, by the tier that is proven and quickest, and opened only as it was made."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from aiaas_magics import errors
from aiaas_magics.engines import deploy
from aiaas_magics.engines.optimising import building
from aiaas_magics.engines.optimising.base import Unconvertible
from aiaas_magics.engines.optimising.onnx import OnnxTier
from aiaas_magics.engines.optimising.treelite import TreeliteTier
from aiaas_magics.engines.optimising.treeloop import TreeLoopTier
from aiaas_magics.predictors import loading
from aiaas_magics.predictors.base import Rows
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.testing import tiers

ASK = """
import json, sys
from pathlib import Path
import msgspec
from aiaas_magics.predictors import loading
from aiaas_magics.predictors.base import Rows
from aiaas_magics.specs.records import Signature
build, tier, digest, signature, columns = sys.argv[1:]
known = msgspec.json.decode(signature, type=Signature)
found = loading.load(tier, known, Path(build), digest, lambda: 1 / 0).predict(Rows(known, json.loads(columns)), proba=True)
heavy = [name for name in ("sklearn", "pandas", "scipy", "sqlalchemy", "skl2onnx", "onnx") if name in sys.modules]
print(json.dumps([found.labels.tolist(), found.proba.tolist(), heavy]))
"""


@pytest.fixture
def forest(trained):
    frame = tiers.table().assign(y=lambda t: np.where(t["x"] + t["n"] > 0, "up", "down"))
    return trained(frame, "random_forest", params={"n_estimators": 8})


def built(forest, context):
    info, folder, _, frame = forest
    verdict = building.verdict(info, folder, frame, context.build(info))
    return verdict, context.build(info) / verdict.folder


def test_the_quickest_tier_that_passes_serves(forest, context):
    verdict, _ = built(forest, context)
    passed = {t.tier: t.micros for t in verdict.trials if t.outcome in ("passed", "serves")}
    assert verdict.tier == "onnx-float64"
    assert passed["onnx-float64"] < passed["sklearn"] / 10
    assert verdict.served.outcome == "serves"
    assert (verdict.served.differing, verdict.served.off) == (0, 0.0)
    assert verdict.rows == tiers.ROWS
    assert verdict.adversarial > 100
    assert "the same answers as scikit-learn on 160 rows of its data" in verdict.sentence()


def test_a_worker_needs_no_heavy_library(forest, context):
    verdict, build = built(forest, context)
    info, _, pipeline, frame = forest
    rows = frame.drop(columns="y").astype(object).where(frame.notna(), None).head(20)
    words = [str(build), verdict.tier, verdict.build, info.signature, rows.to_dict("list")]
    words[3] = building.encode(info.signature).decode()
    words[4] = json.dumps(words[4])
    said = subprocess.run(
        [sys.executable, "-c", ASK, *words], capture_output=True, check=True, env=os.environ
    )
    labels, proba, heavy = json.loads(said.stdout)
    assert heavy == []
    assert labels == pipeline.predict(frame.head(20)).tolist()
    assert proba == pipeline.predict_proba(frame.head(20)).tolist()


def test_a_build_is_made_once(forest, context, monkeypatch):
    first, _ = built(forest, context)
    monkeypatch.setattr(building, "TIERS", ())
    assert built(forest, context)[0] == first


def test_other_libraries_make_another_build(forest, context, monkeypatch):
    first, _ = built(forest, context)
    monkeypatch.setattr(building, "libraries", lambda: {"numpy": "99"})
    again, build = built(forest, context)
    assert again.libraries == {"numpy": "99"}
    assert (again.tier, again.build) == (first.tier, loading.address(build))


def test_a_build_that_another_replaces_stays_for_those_who_serve_it(forest, context, monkeypatch):
    first, build = built(forest, context)
    monkeypatch.setattr(building, "libraries", lambda: {"numpy": "99"})
    monkeypatch.setattr(building, "TIERS", (TreeliteTier(),))
    again, other = built(forest, context)
    assert (again.tier, other.parent) == ("treelite", build.parent)
    assert again.build != first.build
    assert loading.load(first.tier, forest[0].signature, build, first.build, lambda: None)
    assert not list(build.parent.parent.glob(".*"))


def test_a_verdict_that_cannot_be_read_is_made_again(forest, context):
    first, build = built(forest, context)
    (build.parent / "build.json").write_bytes(b"{")
    assert built(forest, context)[0].build == first.build


def test_what_was_half_made_is_made_again(forest, context):
    first, build = built(forest, context)
    (build / "model.onnx").unlink()
    assert built(forest, context)[0].build == first.build
    assert (build / "model.onnx").is_file()
    assert {path.name for path in build.parent.iterdir()} == {build.name, "build.json"}
    assert [path.name for path in build.parent.parent.iterdir()] == [build.parent.name]


@pytest.mark.parametrize("name", ["program.msgpack", "model.onnx", "model-extra"])
def test_a_build_that_was_changed_is_not_opened(forest, context, name):
    verdict, build = built(forest, context)
    with (build / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(errors.SealError, match="not opened"):
        loading.load(verdict.tier, forest[0].signature, build, verdict.build, lambda: None)


def test_a_build_of_another_tier_is_not_opened(forest, context):
    verdict, build = built(forest, context)
    with pytest.raises(errors.SealError, match="another tier"):
        loading.load("treelite", forest[0].signature, build, verdict.build, lambda: None)


def test_what_stands_beside_a_build_does_not_matter(forest, context):
    verdict, build = built(forest, context)
    (build / "reference.json").write_text("{}")
    assert loading.load(verdict.tier, forest[0].signature, build, verdict.build, lambda: None)


class Lying(OnnxTier):
    """Answers one class for every row, and at once."""

    def build(self, pipeline, info, folder):
        from aiaas_magics.predictors.programs import Program

        found = super().build(pipeline, info, folder)
        model = found.model
        leaves = model.engine.leaves
        wrong = type(leaves).of(leaves.read() * [1.0, 0.0])
        engine = type(model.engine)("model.onnx", "float64", wrong)
        return Program(found.front, type(model)(engine, model.link), found.width)


class Broken(OnnxTier):
    """Fails as foreign libraries do."""

    def build(self, pipeline, info, folder):
        raise RuntimeError("a" * 500)


class Absent(OnnxTier):
    """Needs what nobody has."""

    needs = ("no_such_library",)


def test_a_tier_that_answers_a_row_alone_otherwise_does_not_serve(forest, context, monkeypatch):
    usual = loading.ProgramPredictor.predict

    def moody(self, rows, *, proba):
        found = usual(self, rows, proba=proba)
        return found if rows.n > 1 else found._replace(labels=np.array(["up"]))

    monkeypatch.setattr(loading.ProgramPredictor, "predict", moody)
    verdict, _ = built(forest, context)
    assert verdict.tier == "sklearn"
    outcomes = {trial.tier: trial.outcome for trial in verdict.trials[:-1]}
    assert outcomes.pop("onnx-float32") == "left out"
    assert set(outcomes.values()) <= {"differs", "unconvertible"}


@pytest.mark.parametrize(
    ("tier", "outcome"),
    [(Lying("float64"), "differs"), (Broken("float64"), "unconvertible"), (Absent("float64"), "absent")],
)  # fmt: skip
def test_a_tier_that_fails_leaves_the_model_to_the_next(
    forest, context, monkeypatch, tier, outcome
):
    monkeypatch.setattr(building, "TIERS", (tier, TreeLoopTier()))
    verdict, _ = built(forest, context)
    assert [trial.outcome for trial in verdict.trials] == [outcome, "serves", "passed"]
    assert verdict.trials[0].why
    assert len(verdict.trials[0].why) < 200


def test_a_tier_that_loads_scikit_learn_serves_only_where_no_other_can(trained, context):
    frame = tiers.table()[["x", "n"]].assign(y=lambda t: t["x"] > 0)
    verdict, _ = built(trained(frame, "knn"), context)
    assert verdict.tier == "treeloop"
    frame = frame.assign(y=lambda t: t["n"] > 0)
    assert built(trained(frame, "decision_tree"), context)[0].tier == "onnx-float64"


def test_classes_of_the_users_own_stay_with_scikit_learn(forest, context):
    _, folder, *_ = forest
    (folder / "code").mkdir()
    verdict, _ = built(forest, context)
    assert (verdict.tier, verdict.build) == ("sklearn", "")
    assert {t.why for t in verdict.trials[:-1]} == {"classes of your own run as they are written"}


def test_a_deployment_keeps_its_verdict(forest, context):
    said = deploy.run(DeploySpec(model="m", as_="api"), context)
    assert said.verdict.model == "m@1"
    assert said.verdict.tier == "onnx-float64"


@pytest.mark.parametrize("more", [{"to": "none", "as_": "none"}, {"as_": "api"}])
def test_what_cannot_be_served_is_not_optimised(forest, trained, context, monkeypatch, more):
    deploy.run(DeploySpec(model="m", as_="api"), context)
    _, _, _, frame = forest
    trained(frame.drop(columns="gaps"), "decision_tree")
    monkeypatch.setattr(building, "verdict", lambda *_: pytest.fail("it was optimised"))
    with pytest.raises((errors.NotFound, errors.NameTaken)):
        deploy.run(DeploySpec(model="m@2", **more), context)


def test_rows_beyond_what_is_compared_are_chosen_with_their_ends(trained, context, monkeypatch):
    monkeypatch.setattr(building, "ROWS", 50)
    frame = pd.DataFrame({"x": np.arange(400.0) % 137, "y": np.arange(400) % 2 == 0})
    found = building._few(frame, trained(frame, "naive_bayes")[0])
    assert len(found) <= 52
    assert (found["x"].min(), found["x"].max()) == (0, 136)


def test_an_unconvertible_part_is_named():
    claim = tiers.of(
        tiers.mixed(tiers.make_pipeline(tiers.Renamed(), tiers.Ridge())), tiers.table(), tiers.table()["x"]
    )  # fmt: skip
    with pytest.raises(Unconvertible, match="Renamed has no form in numpy"):
        OnnxTier("float64").build(claim.pipeline, claim.info, None)


def built_of(claim, where):
    return building.built(OnnxTier("float64"), claim.pipeline, claim.info, where, lambda: None)


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([FunctionTransformer(np.abs), OneHotEncoder(handle_unknown="ignore")], "FunctionTransformer before"),
        ([ColumnTransformer([("a", StandardScaler(), ["n"])], transformer_weights={"a": 2})], "with weights"),
    ],
    ids=["known values of any others", "weights"],
)  # fmt: skip
def test_a_step_that_no_row_of_the_gate_may_show_is_not_taken(tmp_path, steps, named):
    frame = pd.DataFrame({"n": np.arange(40) % 5})
    claim = tiers.of(tiers.make_pipeline(*steps, tiers.Ridge()), frame, frame["n"] * 1.5)
    with pytest.raises(Unconvertible, match=named):
        built_of(claim, tmp_path)


def test_what_an_imputer_takes_for_a_gap_is_known_though_no_encoder_knows_it(tmp_path):
    filled = SimpleImputer(missing_values="?", strategy="constant", fill_value="a")
    frame = pd.DataFrame({"kind": ["a", "b"] * 20})
    claim = tiers.of(
        tiers.make_pipeline(filled, OneHotEncoder(handle_unknown="ignore"), tiers.Ridge()),
        frame, np.arange(40) % 2 + 0.5,
    )  # fmt: skip
    asked = Rows(claim.info.signature, {"kind": ["?", "b", "c"]})
    found = built_of(claim, tmp_path).predict(asked, proba=False)
    assert np.allclose(found.labels, claim.known.predict(asked, proba=False).labels)


def test_a_row_alone_may_be_asked_by_an_event_loop(forest, context):
    verdict, build = built(forest, context)
    found = loading.load(verdict.tier, forest[0].signature, build, verdict.build, lambda: None)
    assert found.inline
    assert found.predict(Rows(forest[0].signature, {n: [None if n == "gaps" else v] for n, v in zip(["x", "n", "gaps", "when", "kind"], [1.0, 2, None, 1.7e9, "a"], strict=True)}), proba=False).proba is None  # fmt: skip
