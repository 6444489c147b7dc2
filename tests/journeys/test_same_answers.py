"""A magic and its Python twin answer the same, step by step, and look after what they made."""

import msgspec
import pytest

import aiaas_magics as aiaas

pytestmark = pytest.mark.timeout(120)
OWN = {"ref", "seconds", "created", "version", "job", "digest"}
"""What two runs of one line may differ in."""


def same(value):
    """Return a record without what belongs to the run alone."""
    if isinstance(value, dict):
        return {name: same(each) for name, each in value.items() if name not in OWN}
    if isinstance(value, list | tuple):
        return [same(each) for each in value]
    return value


def answered(handle):
    return same(msgspec.to_builtins(getattr(handle, "result", None) or handle.info))


STEPS = {
    "load": ("%aiaas_data load iris", lambda: aiaas.data.load("iris")),
    "prepare": (
        "%aiaas_prepare iris --scale standard --target species --as ready",
        lambda: aiaas.prepare("iris", scale="standard", target="species", as_="ready"),
    ),
    "tune": (
        "%aiaas_tune ready --target species --algo logistic_regression --cv 3 --as best C=[0.1,1]",
        lambda: aiaas.tune(
            "ready",
            target="species",
            algo="logistic_regression",
            cv=3,
            as_="best",
            again=True,
            C=[0.1, 1],
        ),  # else it would be answered from the magic's
    ),
    "train": (
        "%aiaas_train ready --target species --algo random_forest --as clf n_estimators=10",
        lambda: aiaas.train(
            "ready", target="species", algo="random_forest", as_="clf", n_estimators=10
        ),
    ),
    "evaluate": (
        "%aiaas_evaluate clf@1 --repeats 200 --shuffles 2",
        lambda: aiaas.evaluate("clf@1", repeats=200, shuffles=2),
    ),
    "deploy": ("%aiaas_deploy clf@1 --as api", lambda: aiaas.deploy("clf@1", as_="api")),
    "show": ("%aiaas_models show clf@1", lambda: aiaas.models.show("clf@1")),
    "endpoint": ("%aiaas_endpoints show api", lambda: aiaas.endpoints.show("api")),
}


@pytest.fixture(scope="module")
def pairs(notebook):
    """Run every step by both doors, in order."""
    found = {name: (notebook.run(line), twin()) for name, (line, twin) in STEPS.items()}
    yield found
    notebook.run("%aiaas_endpoints stop api")


@pytest.mark.parametrize("step", STEPS)
def test_both_doors_answer_the_same(pairs, step):
    magic, twin = pairs[step]
    assert type(magic) is type(twin)
    assert answered(magic) == answered(twin)


def test_both_doors_predict_the_same(pairs, notebook):
    magic = notebook.run("%aiaas_predict api iris --rows 60")
    twin = aiaas.predict(pairs["deploy"][1], "iris", rows=60)
    assert magic.frame.equals(twin.frame)
    assert magic.values[0] == "setosa"


def test_a_dataframe_is_the_same_data_by_both_doors(pairs, notebook):
    frame = notebook.names["frame"] = pairs["load"][0].frame().rename(columns={"species": "kind"})
    magic = notebook.run("%aiaas_data load frame --as kinds")
    assert magic.result == aiaas.data.load(frame, as_="kinds").result


@pytest.fixture
def versions(notebook):
    """Store two versions of a model nothing else names."""
    name = f"m{len(aiaas.models.list())}"
    for _ in range(2):
        aiaas.train("iris", target="species", algo="ridge", as_=name)
    return name


def test_aliases_move_and_their_history_stays(pairs, versions, notebook, refused):
    run = notebook.run
    assert str(run(f"%aiaas_models alias {versions}@1 production")).endswith(f"{versions}@1")
    assert "(was @1)" in str(run(f"%aiaas_models alias {versions} production"))
    assert run(f"%aiaas_models show {versions}@production").ref == f"{versions}@2"
    assert "alias names it" in refused(f"%aiaas_models delete {versions}@2").hint
    run(f"%aiaas_models unalias {versions} production")
    refused(f"%aiaas_models show {versions}@production")
    moves = [row[1:3] for row in run(f"%aiaas_models history {versions}").rows]
    assert moves == [("@2", "nothing"), ("@1", "@2"), ("nothing", "@1")]


def test_a_deleted_model_is_gone_and_its_versions_are_not_given_again(
    pairs, versions, notebook, refused
):
    assert "deleted 1 version of" in str(notebook.run(f"%aiaas_models delete {versions}@1"))
    assert "other versions" in refused(f"%aiaas_models show {versions}@1").hint
    assert "deleted 1 version of" in str(notebook.run(f"%aiaas_models delete {versions}"))
    gone = refused(f"%aiaas_models show {versions}")
    assert (gone.what, "clf" in gone.hint) == (f"no model {versions!r}", True)
    assert not (notebook.home / "models" / versions / "2").exists()
    again = aiaas.train("iris", target="species", algo="ridge", as_=versions)
    assert again.ref == f"{versions}@3"


def test_a_served_model_is_not_deleted(pairs, refused):
    assert "the endpoint api uses it" in refused("%aiaas_models delete clf@1").hint


SLOW = "%aiaas_tune iris --target species --algo random_forest --as slow --detach n_estimators=["


@pytest.fixture
def job(pairs, notebook):
    """Start a long search and wait for its first candidate; it is cancelled with the test."""
    handle = notebook.run(SLOW + ",".join(map(str, range(60, 160))) + "]")
    for event in following(handle):
        if event.type == "trial":
            break
    yield handle
    handle.cancel()


def following(handle):
    from aiaas_magics import session
    from aiaas_magics.backends.following import follow

    return follow(session.current().backend, handle.id)


def test_a_stopped_job_keeps_its_best_so_far(job, notebook):
    listed = notebook.run("%aiaas_jobs").rows[0]
    assert listed[:4] == (job.id, "tune", "slow", "running")
    assert "best so far" in str(notebook.run("%aiaas_jobs stop"))
    best = notebook.run("%aiaas_jobs attach")
    assert best.result.partial
    assert "(stopped early)" in str(best)
    assert 0 < len(best.trials) < 100
    assert notebook.run("%aiaas_jobs list").rows[0][3] == "succeeded (partial)"
    log = notebook.run(f"%aiaas_jobs logs {job.id}").body
    assert "RUNNING -> STOPPING" in log
    assert f"made model {best.ref}" in log


def test_a_cancelled_job_makes_nothing(job, notebook, refused):
    before = notebook.snapshot()
    assert "is cancelled" in str(notebook.run(f"%aiaas_jobs cancel {job.id}"))
    assert refused("%aiaas_jobs attach").lines()[0].startswith("JobCancelled")
    assert notebook.snapshot()[0] == before[0]
    assert "CANCELLING -> CANCELLED" in notebook.run("%aiaas_jobs logs").body
    assert "had ended already" in str(notebook.run("%aiaas_jobs cancel"))
