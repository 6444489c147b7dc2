"""How an endpoint's versions change places: canary, shadow, promote, rollback, drop.

Every function takes the record of an endpoint and returns the one that is wished for; nothing is carried out here. So all
backends have the same rules and say the same of what is impossible.

    deploy --canary ──> canary ──promote──> main ──rollback──> the main before; what was undone can be promoted again
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from aiaas_magics import errors
from aiaas_magics.specs.base import Command
from aiaas_magics.specs.manage import DropVersion, Promote, Rollback, Scale
from aiaas_magics.specs.records import EndpointInfo, Share, Signature
from aiaas_magics.specs.serving import ROLES

MOST_VERSIONS = 8
"""Versions an endpoint serves at once: each lies in the memory of every worker."""
MOST_PAST = 20
"""Main versions an endpoint remembers to go back to."""


def served(info: EndpointInfo) -> tuple[Share, ...]:
    """Return the versions of an endpoint, main first; of a record without any, the main one alone."""
    return info.versions or (Share(model=info.model, since=info.created),)


def known(info: EndpointInfo) -> list[str]:
    """Return all versions that can be named: those that are served, newest past first, and undone."""
    behind = [*reversed(info.past), *reversed(info.undone)]
    return list(dict.fromkeys(share.model for share in (*served(info), *behind)))


def tried(info: EndpointInfo, share: Share) -> EndpointInfo:
    """Return an endpoint with one more version beside the main one, or with another share for it.

    Raises
    ------
    Conflict
        If it is the main version, or there are too many.
    SpecError
        If the canaries would get more than all requests.
    """
    main, *others = served(info)
    if share.model == main.model:
        raise errors.Conflict(
            f"{info.name} answers with {share.model} already",
            "a canary or shadow is another version",
            f"%aiaas_endpoints versions {info.name}",
        )
    others = [*(each for each in others if each.model != share.model), share]
    if len(others) >= MOST_VERSIONS:
        raise errors.Conflict(
            f"{info.name} serves {MOST_VERSIONS} versions",
            "each lies in the memory of every worker",
            f"%aiaas_endpoints drop {info.name} --version {others[0].model}",
        )
    return _with(info, main, others)


def renewed(info: EndpointInfo, share: Share) -> EndpointInfo:
    """Return an endpoint whose main version is another at once; the one before can be rolled back to.

    Raises
    ------
    Conflict
        If it is the main version already.
    """
    main, *others = served(info)
    if share.model == main.model:
        raise errors.Conflict(
            f"{share.model} is the main version of {info.name} already",
            "",
            f"%aiaas_endpoints versions {info.name}",
        )
    others = [each for each in others if each.model != share.model]
    undone = tuple(each for each in info.undone if each.model != share.model)
    past = (*info.past, main)[-MOST_PAST:]
    share = msgspec.structs.replace(share, role="main")
    return _with(msgspec.structs.replace(info, past=past, undone=undone), share, others)


def promoted(info: EndpointInfo, version: str | None, now: float) -> EndpointInfo:
    """Return an endpoint whose canary, or the version that is named, has become the main one.

    Raises
    ------
    Conflict
        If there is no canary, or there are several and none is named; or it is the main version already.
    NotFound
        If the endpoint never served the version.
    """
    share = _candidate(info) if version is None else _named(info, version)
    return renewed(info, msgspec.structs.replace(share, since=now))


def rolled_back(info: EndpointInfo, now: float) -> EndpointInfo:
    """Return an endpoint with the last step that changed who answers taken back.

    That is the canaries where there are any; else the main version gives way to the one before it. Shadows, which never
    answer, stay.

    Raises
    ------
    Conflict
        If there is neither.
    """
    main, *others = served(info)
    rest = [each for each in others if each.role != "canary"]
    if len(rest) < len(others):
        return _with(info, main, rest)
    if not info.past:
        first = f"{main.model} is the first version it served"
        if info.undone:
            forward = info.undone[-1].model
            raise errors.Conflict(
                f"{info.name} has nothing to go back to",
                f"{first}; {forward} was taken back already",
                f"%aiaas_endpoints promote {info.name} --version {forward}",
            )
        raise errors.Conflict(
            f"{info.name} has nothing to go back to",
            first,
            f"%aiaas_endpoints versions {info.name}",
        )
    back = msgspec.structs.replace(info.past[-1], role="main", since=now)
    undone = (*(each for each in info.undone if each.model != main.model), main)[-MOST_PAST:]
    info = msgspec.structs.replace(info, past=info.past[:-1], undone=undone)
    return _with(info, back, [each for each in rest if each.model != back.model])


def dropped(info: EndpointInfo, version: str | None) -> EndpointInfo:
    """Return an endpoint without a canary or shadow; without the only one where none is named.

    Raises
    ------
    Conflict
        If it is the main version, or none or several are there and none is named.
    NotFound
        If no such version is served.
    """
    main, *others = served(info)
    share = _only(info, others) if version is None else _named(info, version, served(info))
    if share.model == main.model:
        other = next((each.model for each in (*others, *reversed(info.past))), None)
        raise errors.Conflict(
            f"{share.model} is the main version of {info.name}",
            "somebody must answer: let another version do so first",
            f"%aiaas_endpoints promote {info.name} --version {other}"
            if other
            else f"%aiaas_deploy MODEL --to {info.name}",
        )
    return _with(info, main, [each for each in others if each.model != share.model])


def edited(info: EndpointInfo, command: Command, now: float) -> EndpointInfo:
    """Return the endpoint that a command on versions or workers wishes for.

    Raises
    ------
    Conflict, NotFound
    UsageError
        If the command is none of these.
    """
    match command:
        case Promote():
            return promoted(info, command.version, now)
        case Rollback():
            return rolled_back(info, now)
        case DropVersion():
            return dropped(info, command.version)
        case Scale():
            return msgspec.structs.replace(info, workers=command.workers)
    raise errors.UsageError(f"{type(command).__name__} is no change of an endpoint")


def told(before: EndpointInfo, after: EndpointInfo) -> str:
    """Return what a change did, in a line."""
    name, old, new = after.name, served(before), served(after)
    if after.workers != before.workers:
        count = f"{after.workers} worker{'s'[: after.workers != 1]}"
        return f"{name} has {count} now (was {before.workers})"
    if new[0].model != old[0].model:
        return f"{name}: {new[0].model} answers now (was {old[0].model})"
    gone = _gone(before, after)
    if gone:
        words = ", ".join(f"{each.model} ({each.role})" for each in gone)
        verb = "is" if len(gone) == 1 else "are"
        return f"{name}: {words} {verb} gone, {new[0].model} answers {new[0].percent:g} %"
    return f"{name} is as it was"


def about(before: EndpointInfo, after: EndpointInfo) -> str:
    """Return the versions a change was about: the new main one, else those that went; empty: none."""
    if after.model != before.model:
        return after.model
    return ", ".join(each.model for each in _gone(before, after))


def _gone(before: EndpointInfo, after: EndpointInfo) -> list[Share]:
    new = {each.model for each in served(after)}
    return [each for each in served(before) if each.model not in new]


def check_replaced(info: EndpointInfo, model: str, *, replace: bool) -> None:
    """Check that a model may be served where an endpoint runs.

    Raises
    ------
    NameTaken
        If another is served there, which `replace` does not allow to replace.
    """
    if info.model != model and not replace:
        raise errors.NameTaken(
            f"the endpoint {info.name!r} serves {info.model}",
            "another model may stand beside it (--to), or take its place (--replace)",
            f"%aiaas_deploy {model} --as {info.name} --replace",
        )


def check_fits(main: str, theirs: Signature, model: str, ours: Signature) -> None:
    """Check that two versions can take each other's requests: same columns, same target.

    Kinds may differ between whole and other numbers; classes may be more or fewer.

    Raises
    ------
    Conflict
    """
    found = _difference(theirs, ours)
    if found:
        raise errors.Conflict(
            f"{model} does not take what {main} takes: {found}",
            "requests to one endpoint may reach either",
            f"%aiaas_deploy {model} --as another-name",
        )


def _difference(theirs: Signature, ours: Signature) -> str:
    before, after = dict(theirs.inputs), dict(ours.inputs)
    for what, names in (
        ("it misses column", [name for name in before if name not in after]),
        ("it needs column", [name for name in after if name not in before]),
    ):
        if names:
            return f"{what} {names[0]!r}" + (f" and {len(names) - 1} more" * (len(names) > 1))
    for name, kind in before.items():
        if _kind(kind) != _kind(after[name]):
            return f"column {name!r} is {kind} there and {after[name]} here"
    if list(before) != list(after):
        return "its columns have another order"
    if bool(theirs.classes) != bool(ours.classes):
        return "one gives classes, the other numbers"
    return ""


def _kind(kind: str) -> str:
    return "number" if kind in {"double", "long"} else kind


def _candidate(info: EndpointInfo) -> Share:
    others = served(info)[1:]
    canaries = [each for each in others if each.role == "canary"] or others
    if not canaries:
        hint = "there is no canary and no shadow"
        tried_ = f"%aiaas_deploy MODEL --to {info.name} --canary 10%"
        if info.undone:
            tried_ = f"%aiaas_endpoints promote {info.name} --version {info.undone[-1].model}"
        raise errors.Conflict(f"{info.name} has nothing to promote", hint, tried_)
    return _only(info, canaries, "promote")


def _only(info: EndpointInfo, shares: Sequence[Share], verb: str = "drop") -> Share:
    if not shares:
        raise errors.Conflict(
            f"{info.name} has no canary and no shadow",
            f"it serves {served(info)[0].model} alone",
            f"%aiaas_endpoints versions {info.name}",
        )
    if len(shares) > 1:
        raise errors.Conflict(
            f"{info.name} has several versions to {verb}",
            ", ".join(each.model for each in shares),
            f"%aiaas_endpoints {verb} {info.name} --version {shares[0].model}",
        )
    return shares[0]


def _named(info: EndpointInfo, word: str, among: Iterable[Share] = ()) -> Share:
    """Return the version a word means: ``clf@4``, ``4``, or ``clf`` where that is but one."""
    shares = {each.model: each for each in (*info.undone, *info.past, *served(info))}
    shares = {each.model: each for each in among} or shares
    if word in shares:
        return shares[word]
    meant = [ref for ref in shares if word in ref.split("@")]
    if len(meant) == 1:
        return shares[meant[0]]
    raise errors.NotFound(
        f"{info.name} serves no version {word!r}",
        errors.did_you_mean(word, shares),
        f"%aiaas_endpoints versions {info.name}",
    )


def _with(info: EndpointInfo, main: Share, others: Sequence[Share]) -> EndpointInfo:
    """Return an endpoint that serves these; the main version answers what no canary does."""
    given = sum(each.percent for each in others if each.role == "canary")
    if given > 100:
        raise errors.SpecError(
            f"the canaries of {info.name} would get {given:g} % of the requests",
            "all together get 100 % at most",
            "--canary 10%",
        )
    main = msgspec.structs.replace(main, role="main", percent=100 - given)
    order = sorted(others, key=lambda each: ROLES.index(each.role))
    return msgspec.structs.replace(info, model=main.model, versions=(main, *order))
