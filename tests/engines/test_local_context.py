"""The context for tests of engines does what the contract says, over a folder."""

import inspect

import msgspec
import pandas as pd
import pytest

from aiaas_magics import errors
from aiaas_magics.engines.context import Context
from aiaas_magics.engines.data import describe
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.records import Lineage, NewModel, Signature
from aiaas_magics.testing.context import LocalContext


@pytest.fixture
def context(tmp_path):
    return LocalContext(tmp_path / "new", cores=2)


def result(context, **columns):
    frame = pd.DataFrame(columns)
    return describe(frame, dict.fromkeys(columns, "number"), address=context.save_frame(frame))


def save_model(context, name):
    folder = context.scratch / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("...")
    lineage = Lineage(spec={}, data="sha256:0")
    signature = Signature(inputs=(), output="y")
    words = {"task": "regression", "algo": "ridge", "target": "y"}
    made = NewModel(signature=signature, lineage=lineage, **words)
    return context.save_model(name, folder, made)


def test_it_has_every_method_with_the_contract_s_signature(context):
    for name, method in inspect.getmembers(Context, inspect.isfunction):
        if not name.startswith("_"):
            ours = inspect.signature(getattr(LocalContext, name))
            assert ours == inspect.signature(method), name


def test_what_an_engine_tells_is_kept_in_order(context):
    context.progress(1, 2, "half")
    context.metric("loss", 0.5, 3)
    context.trial({"C": 1}, 0.9, 0.1)
    context.warn("mind", "--this")
    context.log("line")
    assert [told.type for told in context.told] == ["progress", "metric", "trial", "warning", "log"]
    assert context.told[0].body == {"done": 1, "total": 2, "text": "half"}


@pytest.mark.parametrize(
    ("after", "answers"), [(None, [False] * 3), (0, [True] * 3), (2, [False, False, True])]
)
def test_it_asks_to_stop_when_told(after, answers, tmp_path):
    context = LocalContext(tmp_path, stop_after=after)
    assert [context.stopping() for _ in answers] == answers


def test_data_has_versions_by_content(context):
    first, second = result(context, x=[1, 2]), result(context, x=[1, 3])
    refs = [context.save_data("d", r).ref for r in (first, first, second, first)]
    assert refs == ["d@1", "d@1", "d@2", "d@3"]
    assert context.data("d").frame == first.frame
    assert context.data("d@2").frame == second.frame


def test_another_role_is_another_version(context):
    one = result(context, x=[1, 2])
    column = msgspec.structs.replace(one.columns[0], role="category")
    two = msgspec.structs.replace(one, columns=(column,))
    assert [context.save_data("d", r).version for r in (one, two)] == [1, 2]


@pytest.mark.parametrize("ref", ["nothing", "d@7", "d@best"])
def test_what_is_not_there_is_not_found(ref, context):
    context.save_data("d", result(context, x=[1]))
    with pytest.raises(errors.NotFound):
        context.data(ref)


def test_a_model_s_folder_is_moved_to_its_version(context):
    assert [save_model(context, "m").ref for _ in range(2)] == ["m@1", "m@2"]
    info, folder = context.model("m@1")
    assert (info.version, [path.name for path in folder.iterdir()]) == (1, ["MLmodel"])
    assert list(context.scratch.iterdir()) == []


def test_blobs_and_frames_lie_by_content(context):
    assert context.save_blob(b"abc") == context.save_blob(b"abc")
    assert context.blob(context.save_blob(b"abc")).read_bytes() == b"abc"
    address = context.save_frame(pd.DataFrame({"x": [1], "y": [2]}))
    assert list(context.frame(address, columns=["y"]).columns) == ["y"]


def test_a_taken_endpoint_wants_to_be_replaced(context):
    asked, again = (DeploySpec(model="m", as_="api", replace=replace) for replace in (False, True))
    one, two = save_model(context, "a"), save_model(context, "b")
    context.start_endpoint(asked, one, {})
    with pytest.raises(errors.NameTaken):
        context.start_endpoint(asked, two, {})
    assert context.start_endpoint(again, two, {}).model == "b@1"
    assert len(context.endpoints) == 1
