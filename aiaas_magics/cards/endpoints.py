"""How an endpoint's versions look: who answers how much, how that was proven, what was served before."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from aiaas_magics.cards import monitoring, page, style
from aiaas_magics.cards.page import Card, Part
from aiaas_magics.specs.builds import Trial, Verdict
from aiaas_magics.specs.jobs import Event
from aiaas_magics.specs.records import EndpointInfo, Share

SHADOW = "compared only"
ELSEWHERE = ("since", "when", "by", "a row")
"""Columns that differ from machine to machine."""
WENT_WRONG = {"LOST": "its processes were gone", "FAILED": "it did not start"}
MOST_STEPS = 30
"""Of an endpoint's history."""


def parts(info: EndpointInfo) -> list[Part]:
    """Return the proof of the main version's tier, and all versions where there are several."""
    found: list[Part] = []
    verdict = info.versions[0].verdict if info.versions else None
    if verdict is not None:
        found.append(page.Line(verdict.sentence(), "soft"))
    if len(info.versions) > 1:
        found.append(table(info.versions))
    if not loopback(info.host):
        words = f"open to the network on {info.host}: token and data are sent in the clear"
        found.append(page.warning(words))
    return found


def loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    return ipaddress.ip_address(host).is_loopback


def table(versions: Sequence[Share]) -> page.Table:
    """Return versions, their roles and their shares of the requests."""
    rows = [(v.model, v.role, part(v), v.tier, style.when(v.since)) for v in versions]
    return _table(("version", "role", "answers", "computed by", "since"), rows)


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> page.Table:
    """Return a table; in docs_mode without what is not the same everywhere."""
    kept = [i for i, name in enumerate(columns) if not (style.docs_mode() and name in ELSEWHERE)]
    return page.Table(
        tuple(columns[i] for i in kept), [tuple(row[i] for i in kept) for row in rows]
    )


def part(share: Share) -> str:
    """Return a version's share of the requests in words."""
    return SHADOW if share.role == "shadow" else f"{share.percent:g} %"


def canaries(info: EndpointInfo) -> str:
    """Return what stands beside the main version, for one line: ``, clf@5 canary 10 %``."""
    words = [
        f", {v.model} {v.role}" + (f" {v.percent:g} %" * (v.role == "canary"))
        for v in info.versions[1:]
    ]
    return "".join(words)


def versions_card(info: EndpointInfo, versions: Sequence[Share], steps: Sequence[Event]) -> Card:
    """Return what an endpoint serves and served, and who changed it, newest first."""
    before = [*((v, "before") for v in reversed(info.past)), *((v, "undone") for v in info.undone)]
    rows = [(v.model, v.role, part(v), v.tier, style.when(v.since)) for v in versions]
    rows += [(v.model, role, "", v.tier, style.when(v.since)) for v, role in before]
    names = ("version", "role", "answers", "computed by", "since")
    together = list(_looks(steps))
    told = [step(*events) for events in reversed(together[-MOST_STEPS:])]
    earlier = len(together) - len(told)
    who = ("step", "of what", "by", "when")
    return page.card(
        f"versions of {info.name}",
        _table(names, rows),
        page.soft("what was done, newest first") if told else None,
        _table(who, told) if told else None,
        page.soft(f"{style.plural(earlier, 'earlier step')} in .steps" if earlier else ""),
        page.following(_next(info)),
    )


OUTCOMES = {
    "serves": "serves",
    "passed": "the same answers",
    "differs": "other answers",
    "unconvertible": "cannot compute it",
    "absent": "not installed",
}


def proof_card(verdict: Verdict) -> Card:
    """Return how the tiers of a model fared at the parity gate, in the order they were tried."""
    names = ("tier", "outcome", "rows that differ", "largest difference", "why", "a row")
    rows = [_fared(trial) for trial in verdict.trials]
    return page.card(f"{verdict.model}: {verdict.sentence()}", _table(names, rows))


def _fared(trial: Trial) -> tuple[str, ...]:
    compared = bool(trial.rows)
    return (
        trial.tier,
        OUTCOMES.get(trial.outcome, trial.outcome),
        f"{trial.differing:,} of {trial.rows:,}" if compared else "",
        f"{trial.off:.1g}" if compared else "",
        trial.why,
        "" if trial.micros is None else f"{trial.micros:,.0f} µs",
    )


def _next(info: EndpointInfo) -> str:
    if len(info.versions) > 1:
        return f"%aiaas_endpoints promote {info.name}"
    if info.past:
        return f"%aiaas_endpoints rollback {info.name}"
    return f"%aiaas_deploy MODEL --to {info.name} --canary 10%"


def _looks(steps: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield steps by themselves, and together the alerts that one look told."""
    found: list[Event] = []
    for event in steps:
        alike = found and event.type == found[-1].type == "alert"
        if not alike or event.body["on"] != found[-1].body["on"] or event.time > found[-1].time + 1:
            yield from [found] if found else []
            found = []
        found.append(event)
    yield from [found] if found else []


def step(event: Event, *more: Event) -> tuple[str, str, str, str]:
    """Return an event of an endpoint, or `more` alerts with it, as a row: what, of which version or column, by whom, when."""
    body = event.body
    if event.type == "alert":
        what = monitoring.listed([str(each.body["name"]) for each in (event, *more)])
        return "alert" if body["on"] else "alert is over", what, "", style.when(event.time)
    if event.type == "state":
        return (
            str(body["to"]).lower(),
            WENT_WRONG.get(str(body["to"]), ""),
            "",
            style.when(event.time),
        )
    command = str(body.get("command", "")).replace("_", " ")
    if body.get("canary") is not None:
        command = f"canary {body['canary']:g} %"
    elif body.get("shadow"):
        command = "shadow"
    version = body.get("model") or body.get("about") or body.get("version") or body.get("now") or ""
    version = style.plural(body["workers"], "worker") if "workers" in body else version
    return command, str(version), str(body.get("who", "")), style.when(event.time)
