"""Builds go with their model; one that was made again stays for as long as somebody serves it."""

import os

import pytest

from aiaas_magics import errors
from aiaas_magics.backends.local import LocalBackend
from aiaas_magics.specs.base import encode
from aiaas_magics.specs.builds import Verdict
from aiaas_magics.specs.manage import DeleteModel
from aiaas_magics.specs.records import EndpointInfo, Lineage, NewModel, Signature
from aiaas_magics.specs.serving import Plan, Served
from aiaas_magics.store import builds

SIGNATURE = Signature(inputs=(("x", "double"),), output="y")
LONG_AGO = 1e9
VERDICT = Verdict(
    model="m@1", digest="d", tier="treelite", rows=1, adversarial=1, build="sha256:new"
)


@pytest.fixture
def model(opened, tmp_path):
    """Give a registered model with a build that serves and one that it replaced, long ago."""
    (tmp_path / "made").mkdir()
    made = NewModel(
        task="regression", algo="ridge", target="y", signature=SIGNATURE,
        lineage=Lineage(spec={}, data="sha256:" + "1" * 64),
    )  # fmt: skip
    info = opened.registry.save("m", tmp_path / "made", made, job=None)
    folder = opened.build_folder(info.digest)
    for name in ("old", "new"):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    (folder / "build.json").write_bytes(encode(VERDICT))
    return info


def there(home):
    return {str(path.relative_to(home.path / "builds")) for path in (home.path / "builds").glob("*/*")}  # fmt: skip


def serve(home, model, state):
    build = str(home.build_folder(model.digest) / "old")
    served = Served(model="m@1", folder="", digest="", build=build, signature=SIGNATURE)
    folder = home.path / "endpoints" / "api"
    folder.mkdir()
    (folder / "plan.json").write_bytes(encode(Plan(endpoint="api", versions=(served,))))
    home.endpoints.save(
        EndpointInfo(name="api", model="m@1", state=state, url="", port=1, workers=1)
    )


def names(home, model):
    return {
        name.rpartition("/")[2] for name in there(home) if home.build_folder(model.digest).exists()
    }


@pytest.mark.parametrize(("state", "stays"), [("READY", True), ("STOPPED", False)])
def test_a_replaced_build_stays_while_it_is_served(opened, model, state, stays):
    serve(opened, model, state)
    assert builds.sweep(opened) == (not stays)
    assert names(opened, model) == {"build.json", "new"} | ({"old"} if stays else set())


def test_what_a_living_job_may_be_about_to_serve_stays(opened, model):
    os.utime(opened.build_folder(model.digest) / "old")
    assert builds.sweep(opened) == 0


def test_what_a_killed_deployment_left_goes(opened, model):
    draft = opened.path / "builds" / ".draft"
    draft.mkdir()
    assert builds.sweep(opened) == 1
    assert draft.is_dir()
    os.utime(draft, (LONG_AGO, LONG_AGO))
    builds.sweep(opened)
    assert not draft.exists()


def test_nothing_is_told_from_a_verdict_that_cannot_be_read(opened, model):
    (opened.build_folder(model.digest) / "build.json").write_bytes(b"{")
    assert builds.sweep(opened) == 0


def test_the_builds_of_a_deleted_model_go(opened, model):
    opened.registry.delete("m", "somebody")
    assert builds.sweep(opened) == 1
    assert there(opened) == set()


def test_who_deletes_a_model_need_not_wait_for_that(opened, model):
    backend = LocalBackend(opened.path, spare=False)
    serve(opened, model, "READY")
    with pytest.raises(errors.Conflict, match="is being served"):
        backend.apply(DeleteModel(model="m"))
    opened.endpoints.update("api", frm=("READY",), state="STOPPED")
    backend.apply(DeleteModel(model="m"))
    backend.close()
    assert there(opened) == set()


def test_a_home_is_rid_of_them_when_it_is_tidied(opened, model):
    opened.collect()
    assert names(opened, model) == {"build.json", "new"}
