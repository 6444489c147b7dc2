"""How an endpoint's versions change places, as records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.specs import rollout
from aiaas_magics.specs.manage import DropVersion, Promote, Rollback, Scale
from aiaas_magics.specs.records import EndpointInfo, Share, Signature


def endpoint(*versions, **more):
    """Return an endpoint that serves ``model role percent`` words, the first one as main."""
    shares = [Share(model=m, role=r, percent=float(p)) for m, r, p in (v.split() for v in versions)]
    return EndpointInfo(
        name="api", model=shares[0].model, state="READY", url="", port=1, workers=1,
        versions=tuple(shares), **more,
    )  # fmt: skip


def serves(info):
    return [f"{each.model} {each.role} {each.percent:g}" for each in info.versions]


def canary(model="m@2", percent=10.0, role="canary"):
    return Share(model=model, role=role, percent=percent)


def edit(info, command, now=5.0):
    return rollout.edited(info, command, now)


ALONE = endpoint("m@1 main 100")
BOTH = rollout.tried(ALONE, canary())
PROMOTED = edit(BOTH, Promote(endpoint="api"))


# beside the main version ----------------------------------------------------------------------------
def test_a_canary_takes_its_part_from_the_main_version():
    assert serves(BOTH) == ["m@1 main 90", "m@2 canary 10"]
    assert BOTH.model == "m@1"


def test_a_canary_again_has_another_part():
    assert serves(rollout.tried(BOTH, canary(percent=60.0))) == ["m@1 main 40", "m@2 canary 60"]


def test_a_canary_can_become_a_shadow_which_takes_nothing():
    shadow = canary(role="shadow", percent=100.0)
    assert serves(rollout.tried(BOTH, shadow)) == ["m@1 main 100", "m@2 shadow 100"]


def test_canaries_come_before_shadows():
    three = rollout.tried(rollout.tried(ALONE, canary("m@3", role="shadow")), canary("m@2"))
    assert [each.role for each in three.versions] == ["main", "canary", "shadow"]


def test_the_main_version_is_no_canary_of_itself():
    with pytest.raises(errors.Conflict, match="answers with m@1 already"):
        rollout.tried(ALONE, canary("m@1"))


def test_canaries_get_all_requests_at_most():
    full = rollout.tried(BOTH, canary("m@3", 90.0))
    assert full.versions[0].percent == 0
    with pytest.raises(errors.SpecError, match="would get 101 %"):
        rollout.tried(BOTH, canary("m@3", 91.0))


def test_an_endpoint_serves_a_few_versions_at_once():
    info = ALONE
    for number in range(2, rollout.MOST_VERSIONS + 1):
        info = rollout.tried(info, canary(f"m@{number}", 1.0))
    with pytest.raises(errors.Conflict, match="serves 8 versions") as caught:
        rollout.tried(info, canary("m@99", 1.0))
    assert caught.value.try_ == "%aiaas_endpoints drop api --version m@2"


def test_a_record_of_an_earlier_release_serves_its_model():
    old = EndpointInfo(name="api", model="m@1", state="READY", url="", port=1, workers=1)
    assert serves(rollout.tried(old, canary())) == ["m@1 main 90", "m@2 canary 10"]


# promote ------------------------------------------------------------------------------------------------
def test_a_promoted_canary_answers_all_and_what_was_is_remembered():
    assert serves(PROMOTED) == ["m@2 main 100"]
    assert (PROMOTED.model, PROMOTED.versions[0].since) == ("m@2", 5.0)
    assert [each.model for each in PROMOTED.past] == ["m@1"]


def test_a_shadow_alone_is_promoted():
    shadow = rollout.tried(ALONE, canary(role="shadow", percent=100.0))
    assert serves(edit(shadow, Promote(endpoint="api"))) == ["m@2 main 100"]


def test_of_a_canary_and_a_shadow_the_canary_is_promoted():
    both = rollout.tried(BOTH, canary("m@3", role="shadow", percent=100.0))
    assert serves(edit(both, Promote(endpoint="api"))) == ["m@2 main 100", "m@3 shadow 100"]


def test_of_several_canaries_one_must_be_named():
    two = rollout.tried(BOTH, canary("m@3", 5.0))
    with pytest.raises(errors.Conflict, match="several versions to promote") as caught:
        edit(two, Promote(endpoint="api"))
    assert caught.value.try_ == "%aiaas_endpoints promote api --version m@2"
    named = edit(two, Promote(endpoint="api", version="m@3"))
    assert serves(named) == ["m@3 main 90", "m@2 canary 10"]


@pytest.mark.parametrize("word", ["m@2", "2", "m@1", "1"])
def test_a_version_is_named_whole_or_by_its_number(word):
    back = edit(PROMOTED, Rollback(endpoint="api"))
    info = PROMOTED if word.endswith("1") else back
    assert edit(info, Promote(endpoint="api", version=word)).model == f"m@{word[-1]}"


def test_a_number_that_means_two_versions_means_none():
    two = rollout.tried(BOTH, canary("n@2", 5.0))
    with pytest.raises(errors.NotFound, match="no version '2'"):
        edit(two, Promote(endpoint="api", version="2"))


def test_an_unknown_version_is_not_found_with_what_was_meant():
    with pytest.raises(errors.NotFound) as caught:
        edit(BOTH, Promote(endpoint="api", version="m@7"))
    assert "did you mean 'm@" in caught.value.hint


def test_nothing_to_promote_is_said_with_the_way_to_a_canary():
    with pytest.raises(errors.Conflict, match="nothing to promote") as caught:
        edit(ALONE, Promote(endpoint="api"))
    assert caught.value.try_ == "%aiaas_deploy MODEL --to api --canary 10%"


def test_the_main_version_is_not_promoted_again():
    with pytest.raises(errors.Conflict, match="main version of api already"):
        edit(BOTH, Promote(endpoint="api", version="m@1"))


# rollback -------------------------------------------------------------------------------------------------
def test_a_rollback_goes_to_the_version_before_and_promote_forward_again():
    back = edit(PROMOTED, Rollback(endpoint="api"))
    assert (serves(back), back.past) == (["m@1 main 100"], ())
    assert [each.model for each in back.undone] == ["m@2"]
    with pytest.raises(errors.Conflict) as caught:
        edit(back, Promote(endpoint="api"))
    assert caught.value.try_ == "%aiaas_endpoints promote api --version m@2"
    forward = edit(back, Promote(endpoint="api", version="m@2"))
    assert (serves(forward), forward.undone) == (["m@2 main 100"], ())


def test_a_rollback_takes_a_canary_away_first():
    with_canary = rollout.tried(PROMOTED, canary("m@3"))
    assert serves(edit(with_canary, Rollback(endpoint="api"))) == ["m@2 main 100"]


def test_a_rollback_leaves_shadows():
    info = rollout.tried(PROMOTED, canary("m@3", role="shadow", percent=100.0))
    assert serves(edit(info, Rollback(endpoint="api"))) == ["m@1 main 100", "m@3 shadow 100"]


def test_a_shadow_that_a_rollback_makes_main_is_served_once():
    info = rollout.tried(PROMOTED, canary("m@1", role="shadow", percent=100.0))
    assert serves(edit(info, Rollback(endpoint="api"))) == ["m@1 main 100"]


def test_without_a_past_there_is_no_rollback():
    with pytest.raises(errors.Conflict, match="api has nothing to go back to"):
        edit(ALONE, Rollback(endpoint="api"))


def test_a_second_rollback_is_told_what_the_first_took_back():
    back = edit(PROMOTED, Rollback(endpoint="api"))
    with pytest.raises(errors.Conflict, match="nothing to go back to") as caught:
        edit(back, Rollback(endpoint="api"))
    assert caught.value.hint == "m@1 is the first version it served; m@2 was taken back already"
    assert caught.value.try_ == "%aiaas_endpoints promote api --version m@2"


@given(st.lists(st.sampled_from(["2", "3", "4", "rollback", "canary"]), max_size=40))
def test_whatever_is_done_one_version_is_main_and_all_requests_are_answered(steps):
    info = ALONE
    for step in steps:
        try:
            if step == "rollback":
                info = edit(info, Rollback(endpoint="api"))
            elif step == "canary":
                info = rollout.tried(info, canary("m@5", 30.0))
            else:
                info = rollout.renewed(info, Share(model=f"m@{step}"))
        except errors.Conflict:
            continue
    models = [each.model for each in info.versions]
    answering = [each.percent for each in info.versions if each.role != "shadow"]
    assert [each.role for each in info.versions].count("main") == 1
    assert info.versions[0].model == info.model
    assert len(set(models)) == len(models)
    assert sum(answering) == 100
    assert len(info.past) <= rollout.MOST_PAST


# drop, scale ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [None, "m@2", "2"])
def test_a_dropped_canary_gives_its_part_back(version):
    assert serves(edit(BOTH, DropVersion(endpoint="api", version=version))) == ["m@1 main 100"]


@pytest.mark.parametrize(
    ("info", "version", "words"),
    [
        (ALONE, None, "has no canary and no shadow"),
        (BOTH, "m@1", "is the main version"),
        (rollout.tried(BOTH, canary("m@3", 1.0)), None, "several versions to drop"),
    ],
)
def test_what_cannot_be_dropped_stays(info, version, words):
    with pytest.raises(errors.Conflict, match=words):
        edit(info, DropVersion(endpoint="api", version=version))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (BOTH, edit(BOTH, DropVersion(endpoint="api")), "m@2"),
        (BOTH, edit(BOTH, Rollback(endpoint="api")), "m@2"),
        (BOTH, edit(BOTH, Promote(endpoint="api")), "m@2"),
        (BOTH, edit(BOTH, Scale(endpoint="api", workers=3)), ""),
    ],
)
def test_a_change_is_about_the_versions_that_come_or_go(before, after, words):
    assert rollout.about(before, after) == words


def test_who_drops_the_main_version_is_told_what_can_be_done():
    for info, line in (
        (ALONE, "%aiaas_deploy MODEL --to api"),
        (BOTH, "%aiaas_endpoints promote api --version m@2"),
        (PROMOTED, "%aiaas_endpoints promote api --version m@1"),
    ):
        with pytest.raises(errors.Conflict) as refused:
            edit(info, DropVersion(endpoint="api", version=info.model))
        assert refused.value.try_ == line


def test_a_version_of_the_past_is_not_dropped():
    with pytest.raises(errors.NotFound):
        edit(PROMOTED, DropVersion(endpoint="api", version="m@1"))


def test_scaling_changes_the_workers_alone():
    assert edit(BOTH, Scale(endpoint="api", workers=3)).workers == 3
    assert edit(BOTH, Scale(endpoint="api", workers=3)).versions == BOTH.versions
    with pytest.raises(errors.SpecError, match="out of range"):
        Scale(endpoint="api", workers=0)


@pytest.mark.parametrize(
    ("before", "command", "words"),
    [
        (BOTH, Promote(endpoint="api"), "api: m@2 answers now (was m@1)"),
        (PROMOTED, Rollback(endpoint="api"), "api: m@1 answers now (was m@2)"),
        (BOTH, Rollback(endpoint="api"), "api: m@2 (canary) is gone, m@1 answers 100 %"),
        (ALONE, Scale(endpoint="api", workers=2), "api has 2 workers now (was 1)"),
        (ALONE, Scale(endpoint="api", workers=1), "api is as it was"),
    ],
)
def test_a_change_is_told_in_a_line(before, command, words):
    assert rollout.told(before, edit(before, command)) == words


# fitting ------------------------------------------------------------------------------------------------------
def signature(*inputs, classes=("a", "b")):
    return Signature(inputs=tuple(inputs), output="y", classes=classes)


A, B, C = ("a", "double"), ("b", "string"), ("c", "double")


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (signature(A, B), signature(A), "misses column 'b'"),
        (signature(A), signature(A, B, C), "needs column 'b' and 1 more"),
        (signature(A), signature(("a", "string")), "column 'a' is double there and string here"),
        (signature(A, C), signature(C, A), "another order"),
        (signature(A), signature(A, classes=()), "one gives classes, the other numbers"),
    ],
)
def test_versions_that_take_other_requests_are_refused(theirs, ours, words):
    with pytest.raises(errors.Conflict, match=words):
        rollout.check_fits("m@1", theirs, "m@2", ours)


@pytest.mark.parametrize(
    "ours", [signature(A), signature(("a", "long")), signature(A, classes=("a", "b", "c"))]
)
def test_whole_numbers_and_more_classes_fit(ours):
    rollout.check_fits("m@1", signature(A), "m@2", ours)
