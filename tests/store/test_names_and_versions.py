"""Data and models by name; one namespace; aliases with history."""

import msgspec
import pytest

from aiaas_magics import errors
from aiaas_magics.execution import queue
from aiaas_magics.specs.data import ExportSpec
from aiaas_magics.specs.jobs import Cause, JobState
from aiaas_magics.specs.records import EndpointInfo, Lineage, NewModel, Signature, Usage
from aiaas_magics.specs.results import DataResult

SIGNATURE = Signature(inputs=(("a", "double"),), output="y")


def table(frame="1", **more):
    return DataResult(ref="", frame="sha256:" + frame * 64, rows=1, columns=(), **more)


def running(opened):
    """Return a job that runs."""
    job = opened.runs.create(ExportSpec(data="d", format="csv")).id
    assert opened.runs.start(job, 1, 2.0)
    return job


@pytest.fixture
def model(opened, tmp_path):
    def save(name="clf", job=None):
        folder = tmp_path / f"made-{name}"
        folder.mkdir(exist_ok=True)
        (folder / "model.skops").write_bytes(b"weights")
        lineage = Lineage(spec={"kind": "train"}, data="sha256:" + "1" * 64)
        made = NewModel(
            task="regression", algo="ridge", target="y", signature=SIGNATURE, lineage=lineage
        )
        return opened.registry.save(name, folder, made, job=job)

    return save


def test_the_same_content_is_the_same_version(opened):
    first = opened.datasets.save("d", table("1"))
    assert opened.datasets.save("d", table("1")) == first
    assert opened.datasets.save("d", table("2")).ref == "d@2"
    assert opened.datasets.save("d", table("2", base="sha256:" + "3" * 64)).version == 3


def test_names_versions_and_nothing(opened):
    opened.datasets.save("clean", table("1"))
    opened.datasets.save("clean", table("2"))
    assert opened.datasets.find("clean").version == 2
    assert opened.datasets.find("clean@1").version == 1
    for ref, hint in (
        ("claen", "did you mean 'clean'?"),
        ("clean@7", "other versions"),
        ("clean@prod", "other"),
    ):
        with pytest.raises(errors.NotFound) as caught:
            opened.datasets.find(ref)
        assert hint in caught.value.hint


def test_versions_are_not_given_twice(opened):
    opened.datasets.save("d", table("1"))
    assert opened.datasets.delete("d", "me") == 1
    assert opened.datasets.save("d", table("2")).version == 2


def test_a_name_means_one_thing(opened, model):
    opened.datasets.save("x", table())
    with pytest.raises(errors.NameTaken, match="'x' is taken: it is data"):
        model("x")
    with pytest.raises(errors.NameTaken):
        opened.endpoints.save(
            EndpointInfo(name="x", model="m@1", state="STARTING", url="", port=0, workers=1)
        )


def test_a_name_that_differs_in_case_only_is_refused_and_free_again(opened, model):
    folder = opened.path / "models" / "clf" / "1"
    model("clf")
    with pytest.raises(errors.NameTaken, match="there is 'clf'") as caught:
        model("Clf")
    assert caught.value.try_ == "--as clf"
    with pytest.raises(errors.NameTaken):
        opened.datasets.save("CLF", table())
    assert (folder / "model.skops").exists()
    opened.registry.delete("clf", "me")
    assert model("Clf").ref == "Clf@1"


def test_a_model_is_sealed_in_its_place(opened, model):
    info = model()
    folder = opened.registry.folder("clf@1")
    assert sorted(p.name for p in folder.iterdir()) == ["model.skops", "seal.json"]
    (folder / "model.skops").write_bytes(b"changed")
    with pytest.raises(errors.SealError):
        opened.registry.folder("clf")
    assert opened.registry.find("clf@1") == info


def test_an_alias_remembers_its_moves(opened, model):
    model()
    model()
    opened.registry.set_alias("clf@1", "production", "ann")
    opened.registry.set_alias("clf", "production", "bob")
    assert opened.registry.find("clf@production").version == 2
    assert opened.registry.find("clf@2").aliases == ("production",)
    opened.registry.delete_alias("clf", "production", "cy")
    moves = [(m.who, m.from_, m.to) for m in opened.registry.aliases("clf")]
    assert moves == [("cy", 2, None), ("bob", 1, 2), ("ann", None, 1)]
    with pytest.raises(errors.NotFound):
        opened.registry.find("clf@production")


def test_what_is_used_is_not_deleted(opened, model):
    model()
    opened.registry.set_alias("clf", "production", "me")
    with pytest.raises(errors.Conflict, match="clf@production"):
        opened.registry.delete("clf", "me")
    opened.registry.delete_alias("clf", "production", "me")
    row = EndpointInfo(name="api", model="clf@1", state="READY", url="", port=1, workers=1)
    opened.endpoints.save(row)
    with pytest.raises(errors.Conflict, match="being served"):
        opened.registry.delete("clf@1", "me")
    opened.endpoints.update("api", state="STOPPED")
    assert opened.registry.delete("clf", "me") == 1
    assert not (opened.path / "models" / "clf" / "1").exists()


def test_a_cancelled_job_registers_nothing(opened, model):
    job = running(opened)
    opened.runs.move(job, JobState.CANCELLING, frm=[JobState.RUNNING])
    with pytest.raises(errors.JobCancelled):
        model(job=job)
    with pytest.raises(errors.JobCancelled):
        opened.datasets.save("d", table(), job)
    assert opened.registry.select() == opened.datasets.select() == []


@pytest.mark.parametrize("ended", [[0], [1], [0, 1], [1, 0], [0, 2], [2, 0, 1]])
def test_data_that_several_jobs_made_is_there_as_long_as_one_has_not_failed(opened, ended):
    jobs = [running(opened) for _ in range(3)]
    infos = [opened.datasets.save("d", table(), job) for job in jobs[:2]]
    assert infos[0].ref == infos[1].ref == "d@1"
    for which in ended:
        queue.fail(opened, jobs[which], errors.DataError("it failed"), Cause.DATA)
    assert [info.ref for info in opened.datasets.select()] == ["d@1"] * (not {0, 1} <= {*ended})
    assert all(info.job == jobs[1 if 0 in ended else 0] for info in opened.datasets.select())


def test_sweep_takes_folders_without_rows(opened, model):
    model()
    (opened.path / "models" / "clf" / "9").mkdir()
    assert opened.sweep() == 1
    assert opened.registry.folder("clf@1").exists()


def test_tokens_are_made_once_and_never_stored_in_rows(opened):
    info = EndpointInfo(name="api", model="m@1", state="READY", url="", port=1, workers=1)
    token = opened.endpoints.save(info).token
    assert len(token) >= 43
    assert opened.endpoints.get("api").token == token
    with opened.database.read() as connection:
        assert token not in str(connection.exec_driver_sql("select info from endpoints").all())


def test_an_endpoint_is_read_without_the_others(opened):
    for name in ("api", "other"):
        info = EndpointInfo(name=name, model="m@1", state="READY", url="", port=1, workers=1)
        token = opened.endpoints.save(info).token
    secret = opened.path / "keys" / "api.token"
    secret.unlink()
    secret.mkdir()
    assert opened.endpoints.get("other").token == token
    with pytest.raises(errors.NotFound) as caught:
        opened.endpoints.get("othre")
    assert caught.value.hint == "did you mean 'other'?"


def test_what_a_home_holds_is_counted(opened, model):
    assert opened.usage() == Usage(
        home=str(opened.path), data=0, models=0, endpoints=0, jobs=0, bytes=0
    )
    sizes = [model().size, model("reg").size]
    for frame in ("1", "2", "3"):
        opened.datasets.save("d", table(frame), running(opened))
    opened.blobs.put([bytes(1000)])
    found = opened.usage()
    assert (found.data, found.models, found.jobs) == (3, 2, 3)
    assert found.bytes == 1000 + sum(sizes)
    assert min(sizes) > 0


def test_every_change_is_in_the_log(opened, model):
    model()
    opened.registry.set_alias("clf", "production", "ann")
    audits = [e.body for e in opened.runs.events("home") if e.type == "audit"]
    assert audits[0] | {"time": 0} == {
        "command": "set_alias", "model": "clf", "alias": "production", "time": 0, "who": "ann", "from_": None, "to": 1,
    }  # fmt: skip
    assert msgspec.json.encode(audits)
