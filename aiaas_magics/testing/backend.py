"""The contract every backend keeps: local, fake, and yours.

Make a sub-class whose fixture ``backend`` gives an open backend, and run it with pytest::

    class TestMine(BackendContract):
        @pytest.fixture
        def backend(self, tmp_path):
            ...
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import msgspec
import pytest

from aiaas_magics import errors
from aiaas_magics.backends.base import KINDS, Backend
from aiaas_magics.backends.following import follow
from aiaas_magics.specs.data import DataSpec, DeleteData
from aiaas_magics.specs.deploy import DeploySpec
from aiaas_magics.specs.evaluate import EvaluateSpec
from aiaas_magics.specs.manage import (
    DeleteAlias,
    DeleteModel,
    DropVersion,
    Promote,
    RemoveEndpoint,
    Rollback,
    Scale,
    SetAlias,
    StopEndpoint,
)
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.specs.results import DataResult, EvaluationResult, ModelResult
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.stages import Count, Fail, Noop, Remember


def states(backend: Backend, job: str) -> list[str]:
    """Follow a job and return the states it went through."""
    return [str(event.body["to"]) for event in follow(backend, job) if event.type == "state"]


def wait_for(backend: Backend, job: str, kind: str) -> None:
    """Return when a job has told an event of that kind."""
    for event in follow(backend, job):
        if event.type == kind:
            return
    raise AssertionError(f"{job} ended without {kind}")


class BackendContract:
    """What the eight verbs promise."""

    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        """Give an open backend; sub-classes say which."""
        pytest.fail("a sub-class gives the backend")

    def test_it_has_the_eight_verbs(self, backend: Backend) -> None:
        """It is a Backend."""
        assert isinstance(backend, Backend)

    # submit, result -----------------------------------------------------------------------------
    def test_a_job_succeeds(self, backend: Backend) -> None:
        """The states come in order and the result follows."""
        job = backend.submit(Noop(as_="thing"))
        assert states(backend, job) == ["QUEUED", "STARTING", "RUNNING", "SUCCEEDED"]
        assert not backend.result(job).partial
        record = backend.query("jobs", {"id": job})[0]
        assert (getattr(record, "verb", ""), getattr(record, "about", "")) == ("test_noop", "thing")

    def test_the_same_key_is_the_same_job(self, backend: Backend) -> None:
        """Submitting twice with one key runs once."""
        first = backend.submit(Noop(), key="once")
        assert backend.submit(Noop(), key="once") == first
        assert backend.submit(Noop(), key="twice") != first

    @pytest.mark.parametrize("name", ["DataError", "SpecError", "MissingLibrary", "UserCodeError"])
    def test_a_job_s_error_comes_back_in_its_class(self, backend: Backend, name: str) -> None:
        """Class and three lines cross the seam."""
        job = backend.submit(Fail(error=name, what="broken"))
        assert states(backend, job)[-1] == "FAILED"
        with pytest.raises(errors.AiaasError) as caught:
            backend.result(job)
        assert type(caught.value).__name__ == name
        assert caught.value.lines() == [f"{name}: broken", "  hint: a hint", "  try:  a try"]

    def test_what_its_process_wrote_is_told_where_asked_for(self, backend: Backend) -> None:
        """Where there is a process; it is never part of a list."""
        job = backend.submit(Fail(error="ZeroDivisionError"))
        states(backend, job)
        (bare,), (whole,) = (
            backend.query("jobs", {"id": job, **more}) for more in ({}, {"log": True})
        )
        assert getattr(bare, "log", None) == ""
        assert isinstance(getattr(whole, "log", None), str)

    def test_what_was_asked_is_told_where_asked_for(self, backend: Backend) -> None:
        """The whole spec, as plain values; it is never part of a list."""
        job = backend.submit(Count(steps=1, as_="thing"))
        (bare,), (whole,) = (
            backend.query("jobs", {"about": "thing", **more}) for more in ({}, {"spec": True})
        )
        assert getattr(bare, "spec", ...) is None
        assert msgspec.convert(getattr(whole, "spec", None), Count) == Count(steps=1, as_="thing")
        states(backend, job)

    def test_a_bug_is_an_internal_error(self, backend: Backend) -> None:
        """Foreign exceptions do not cross."""
        job = backend.submit(Fail(error="ZeroDivisionError"))
        states(backend, job)
        with pytest.raises(errors.InternalError, match="ZeroDivisionError"):
            backend.result(job)

    def test_no_result_before_the_end(self, backend: Backend) -> None:
        """Asking early says so."""
        job = backend.submit(Count())
        with pytest.raises(errors.JobNotFinished):
            backend.result(job)
        backend.cancel(job)

    @pytest.mark.parametrize("verb", ["stop", "cancel", "result"])
    def test_unknown_jobs_are_not_found(self, backend: Backend, verb: str) -> None:
        """Every verb on a job says if there is none."""
        with pytest.raises(errors.NotFound):
            getattr(backend, verb)("j00000000none")

    # memory -------------------------------------------------------------------------------------
    def test_a_job_recalls_what_jobs_before_it_kept_and_answered(self, backend: Backend) -> None:
        """In order, with the answers of those that succeeded; other keys are other things."""
        told = []
        for key, word in (("k", "one"), ("k", "two"), ("other", "x"), ("k", "three")):
            job = backend.submit(Remember(key=key, word=word))
            events = [e.body["text"] for e in follow(backend, job) if e.type == "warning"]
            told.append((getattr(backend.result(job), "rows", None), events))
        assert told == [(0, []), (1, ["one: 0"]), (0, []), (2, ["one: 0", "two: 1"])]

    # stop, cancel -------------------------------------------------------------------------------
    def test_a_stopped_job_succeeds_with_its_best_so_far(self, backend: Backend) -> None:
        """Stop is not failure."""
        job = backend.submit(Count(steps=1000))
        wait_for(backend, job, "progress")
        backend.stop(job)
        assert states(backend, job)[-2:] == ["STOPPING", "SUCCEEDED"]
        assert backend.result(job).partial

    def test_a_cancelled_job_is_gone_within_a_second(self, backend: Backend) -> None:
        """Cancelled when the call returns, its log kept."""
        job = backend.submit(Count(steps=1000))
        wait_for(backend, job, "progress")
        backend.cancel(job)
        assert states(backend, job)[-2:] == ["CANCELLING", "CANCELLED"]
        with pytest.raises(errors.JobCancelled):
            backend.result(job)

    def test_what_has_ended_is_not_changed(self, backend: Backend) -> None:
        """Stop and cancel of an ended job do nothing."""
        job = backend.submit(Noop())
        states(backend, job)
        backend.stop(job)
        backend.cancel(job)
        assert states(backend, job)[-1] == "SUCCEEDED"

    # events ---------------------------------------------------------------------------------------
    def test_events_are_numbered_and_resumable(self, backend: Backend) -> None:
        """Reading in pieces gives what reading at once gives."""
        job = backend.submit(Count(steps=5, seconds=0.12))
        whole = list(follow(backend, job))
        assert [e.seq for e in whole] == sorted({e.seq for e in whole})
        middle = whole[len(whole) // 2].seq
        assert backend.events(f"job:{job}", middle) == [e for e in whole if e.seq > middle]
        assert backend.events(f"job:{job}", 0, limit=2) == whole[:2]
        assert [e for e in backend.events("home") if e.scope == f"job:{job}"] == whole

    # bytes ----------------------------------------------------------------------------------------
    def test_bytes_by_content(self, backend: Backend) -> None:
        """The address is the digest; the same bytes are stored once."""
        ref = backend.put([b"ab", b"c"])
        assert ref == "sha256:" + hashlib.sha256(b"abc").hexdigest()
        assert backend.put([b"abc"]) == backend.put([], ref=ref) == ref
        assert b"".join(backend.fetch(ref)) == b"abc"

    def test_wrong_and_unknown_addresses(self, backend: Backend) -> None:
        """Bytes that are not what they claim are refused."""
        with pytest.raises(errors.DataError):
            backend.put([b"abc"], ref="sha256:" + "0" * 64)
        with pytest.raises(errors.NotFound):
            backend.fetch("sha256:" + "1" * 64)

    # query, apply -----------------------------------------------------------------------------------
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_can_be_asked_for(self, backend: Backend, kind: str) -> None:
        """Also where there is nothing."""
        assert isinstance(backend.query(kind), list)

    def test_unknown_kinds_and_fields_are_refused(self, backend: Backend) -> None:
        """With a did-you-mean."""
        with pytest.raises(errors.UsageError):
            backend.query("modles")
        with pytest.raises(errors.UsageError):
            backend.query("algorithms", {"nmae": "ridge"})

    def test_filters_and_limits(self, backend: Backend) -> None:
        """Equal fields, newest first, at most so many."""
        jobs = [backend.submit(Noop(as_=name)) for name in ("a", "b", "b")]
        for job in jobs:
            states(backend, job)
        assert [getattr(r, "id", "") for r in backend.query("jobs", {"about": "b"})] == [
            jobs[2],
            jobs[1],
        ]
        assert len(backend.query("jobs", {"limit": 1})) == 1
        assert len(backend.query("algorithms", {"name": "ridge"})) == 1

    def load(self, backend: Backend) -> DataResult:
        """Load a small table."""
        job = backend.submit(DataSpec(as_="flowers", catalogue="iris"))
        states(backend, job)
        result = backend.result(job)
        assert isinstance(result, DataResult)
        return result

    def test_data_is_found_by_name_and_version(self, backend: Backend) -> None:
        """The same content again is the same version."""
        assert self.load(backend).ref == self.load(backend).ref == "flowers@1"
        (info,) = backend.query("data", {"ref": "flowers"})
        assert getattr(info, "rows", 0) == 150
        with pytest.raises(errors.NotFound) as caught:
            backend.query("data", {"ref": "flower"})
        assert "flowers" in caught.value.hint
        assert backend.apply(DeleteData(data="flowers")).changed
        assert backend.query("data") == []

    def test_a_deleted_version_leaves_the_others(self, backend: Backend) -> None:
        """And its number is not given again."""
        for texts in ((), ("channel",), ()):
            job = backend.submit(DataSpec(as_="t", catalogue="tickets", texts=texts))
            assert states(backend, job)[-1] == "SUCCEEDED"
            if texts:
                backend.apply(DeleteData(data="t@2"))
        left = [getattr(info, "version", 0) for info in backend.query("data")]
        assert 1 in left
        assert 2 not in left

    def test_a_name_of_another_kind_is_refused_before_anything_runs(self, backend: Backend) -> None:
        """Nothing is queued; a name whose things are all gone is free."""
        self.load(backend)
        spec = TrainSpec(data="flowers", target="species", algo="ridge", as_="flowers")
        with pytest.raises(errors.NameTaken):
            backend.submit(spec)
        assert len(backend.query("jobs")) == 1
        backend.apply(DeleteData(data="flowers"))
        assert backend.submit(spec)

    def test_a_name_that_differs_in_case_only_is_refused(self, backend: Backend) -> None:
        """Some file systems take both for one."""
        self.load(backend)
        for spec in (
            DataSpec(as_="Flowers", catalogue="iris"),
            DeploySpec(model="m", as_="FLOWERS"),
        ):
            with pytest.raises(errors.NameTaken, match="flowers"):
                backend.submit(spec)
        assert self.load(backend).ref == "flowers@1"

    def test_a_model_is_evaluated_where_it_lies(self, backend: Backend) -> None:
        """Later jobs find what earlier ones made."""
        self.load(backend)
        job = backend.submit(TrainSpec(data="flowers", target="species", algo="ridge", as_="clf"))
        states(backend, job)
        job = backend.submit(EvaluateSpec(model="clf", repeats=100, shuffles=1))
        assert states(backend, job)[-1] == "SUCCEEDED"
        result = backend.result(job)
        assert isinstance(result, EvaluationResult)
        assert result.rows == 30
        assert all(b"".join(backend.fetch(str(chart.png))) for chart in result.charts)

    def test_models_and_aliases(self, backend: Backend) -> None:
        """A model waits for its data, gets versions, can be named and deleted."""
        backend.submit(DataSpec(as_="flowers", catalogue="iris"))
        spec = TrainSpec(data="flowers", target="species", algo="ridge", as_="clf")
        for version in (1, 2):
            job = backend.submit(spec) if version == 2 else self._after_data(backend, spec)
            assert states(backend, job)[-1] == "SUCCEEDED"
            result = backend.result(job)
            assert isinstance(result, ModelResult)
            assert result.ref == f"clf@{version}"
        assert backend.apply(SetAlias(model="clf@1", alias="production")).text
        (info,) = backend.query("models", {"ref": "clf@production"})
        assert getattr(info, "version", 0) == 1
        assert [getattr(move, "to", 0) for move in backend.query("aliases", {"model": "clf"})] == [
            1
        ]
        assert backend.apply(DeleteAlias(model="clf", alias="production")).text
        with pytest.raises(errors.NotFound):
            backend.query("models", {"ref": "clf@production"})
        assert [getattr(move, "to", 0) for move in backend.query("aliases")] == [None, 1]
        assert backend.apply(DeleteModel(model="clf@2")).text
        assert [getattr(info, "version", 0) for info in backend.query("models")] == [1]

    def _after_data(self, backend: Backend, spec: TrainSpec) -> str:
        end = time.monotonic() + 60
        while not backend.query("data") and time.monotonic() < end:
            time.sleep(0.02)
        return backend.submit(spec)

    def test_versions_of_an_endpoint_change_places(self, backend: Backend) -> None:
        """A canary is added, promoted, rolled back and dropped; what is impossible changes nothing."""
        self.load(backend)
        spec = TrainSpec(data="flowers", target="species", algo="ridge", as_="clf")
        for asked in (spec, spec, DeploySpec(model="clf@1", as_="api")):
            assert states(backend, backend.submit(asked))[-1] == "SUCCEEDED"
        try:
            beside = DeploySpec(model="clf@2", as_="api", to="api", canary=20.0)
            assert states(backend, backend.submit(beside))[-1] == "SUCCEEDED"
            assert self._versions(backend) == [("clf@1", "main", 80.0), ("clf@2", "canary", 20.0)]
            for command, expected in (
                (Promote(endpoint="api"), [("clf@2", "main", 100.0)]),
                (Rollback(endpoint="api"), [("clf@1", "main", 100.0)]),
            ):
                assert backend.apply(command).changed
                assert self._versions(backend) == expected
            for refused in (Promote, DropVersion, RemoveEndpoint):
                with pytest.raises(errors.Conflict):
                    backend.apply(refused(endpoint="api"))
            audits = [
                e.body["command"] for e in backend.events("endpoint:api") if e.type == "audit"
            ]
            assert audits[-2:] == ["promote", "rollback"]
        finally:
            backend.apply(StopEndpoint(endpoint="api"))
        with pytest.raises(errors.Conflict):
            backend.apply(Scale(endpoint="api", workers=2))
        backend.apply(RemoveEndpoint(endpoint="api"))
        with pytest.raises(errors.NotFound):
            backend.query("endpoints", {"name": "api"})

    def _versions(self, backend: Backend) -> list[tuple[str, str, float]]:
        (info,) = backend.query("endpoints", {"name": "api"})
        assert isinstance(info, EndpointInfo)
        return [(each.model, each.role, each.percent) for each in info.versions]

    def test_commands_are_in_the_audit_log(self, backend: Backend) -> None:
        """Who did what."""
        self.load(backend)
        backend.apply(DeleteData(data="flowers"))
        audits = [event.body for event in backend.events("home") if event.type == "audit"]
        assert audits[-1]["command"] == "delete_data"
        assert audits[-1]["who"]
