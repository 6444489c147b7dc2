"""The card of a look at an endpoint, and the page that holds all of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from aiaas_magics import errors
from aiaas_magics.cards import page, style
from aiaas_magics.cards.page import Card, Part, Table
from aiaas_magics.cards.style import measure, number, one_line, plural
from aiaas_magics.specs.monitor import Drifted, MonitorResult, VersionFigures, spoken
from aiaas_magics.specs.records import ENDED

MOST = 15
"""Columns of the data in the card."""
MOST_NAMED = 4
"""Alerts that are named in a line."""
LONGEST = "7d"
"""The longest window there is."""


def line(result: MonitorResult) -> str:
    """Return the one line: how much was asked, what failed, what somebody should know."""
    asked = sum(each.requests for each in result.versions)
    failed = sum(each.errors for each in result.versions)
    said = [plural(asked, "request") + f" in {result.window}"]
    said += [f"{failed:,} failed"] if failed else []
    said += [plural(len(result.alerts), "alert") if result.alerts else "no alert"]
    ended = f" is {result.state.lower()}" if result.state in ENDED else ""
    return f"{result.endpoint}{ended}: {', '.join(said)}"


def card(result: MonitorResult, warnings: Sequence[str], following: str) -> Card:
    """Return the alerts, the versions side by side, the drift of each column, and how right the model was."""
    said = [f"{'new alert: ' if alert.new else ''}{alert.text}" for alert in result.alerts]
    return page.card(
        line(result),
        *map(page.warning, dict.fromkeys((*said, *result.warnings, *warnings))),
        page.soft(f"over: {listed(result.over)}" if result.over else ""),
        page.soft(_unasked(result)),
        *_asked(result),
        _performance(result),
        page.soft(result.labelled),
        page.soft(_left_out(result)),
        page.following(following),
    )


def listed(names: Sequence[str]) -> str:
    """Return in words what alerts are about, by their names: of ``drift:age`` drift of age; of many, the first."""
    kinds: dict[str, list[str]] = {}
    for kind, _, about in (name.partition(":") for name in names[:MOST_NAMED]):
        kinds.setdefault(kind, []).append(one_line(about, 40))
    words = [
        f"{CALLED.get(kind, kind)} {', '.join(about)}".strip() for kind, about in kinds.items()
    ]
    words += [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return ", ".join(words)


CALLED = {
    "drift": "drift of", "gaps": "gaps in", "odd": "odd values of", "errors": "errors of", "slow": "slowness of",
    "performance": "worse answers of", "down": "no answers at all", "died": "a worker's end",
}  # fmt: skip
"""What alerts are about, by the first word of their name."""


def asked(result: MonitorResult) -> bool:
    """Tell whether any version was asked in the window."""
    return any(each.requests or each.compared or each.failed for each in result.versions)


def _unasked(result: MonitorResult) -> str:
    """Return in words what tables of noughts and dashes would tell."""
    if asked(result):
        return ""
    if not result.ever:
        return "nobody has asked it yet"
    return f"nobody asked it in {result.window}; {plural(result.ever, 'request')} came before"


def _asked(result: MonitorResult) -> Iterator[Part | None]:
    if not asked(result):
        return
    yield _versions(result)
    yield _drift(result)
    yield page.soft(_compared(result))


def _versions(result: MonitorResult) -> Part | None:
    shadows = any(each.compared or each.failed for each in result.versions)
    names = [
        "version",
        "role",
        "requests",
        "rows",
        "a second",
        "p50",
        "p99",
        "refused",
        "failed",
        "odd rows",
    ]
    ended = result.state in ENDED
    rows = [
        [*_figures(each, ended=ended), *(_agreement(each) if shadows else ())]
        for each in result.versions
    ]
    names += ["same answer", "mean difference"] if shadows else []
    if style.docs_mode():
        hidden = [names.index(name) for name in ("a second", "p50", "p99")]
        names = [name for i, name in enumerate(names) if i not in hidden]
        rows = [[cell for i, cell in enumerate(row) if i not in hidden] for row in rows]
    return Table(tuple(names), [tuple(row) for row in rows], frozenset(range(2, len(names))))


def _figures(each: VersionFigures, *, ended: bool) -> list[str]:
    share = f" {each.percent:g} %" if each.role in ("main", "canary") and not ended else ""
    was = "was " if ended and each.role != "past" else ""
    return [
        each.model, was + each.role + share, f"{each.requests:,}", f"{each.rows:,}", number(each.rate, 3), latency(each.p50),
        latency(each.p99), f"{each.refused:,}", f"{each.errors:,}", f"{each.noted:,}",
    ]  # fmt: skip


def latency(seconds: float | None) -> str:
    """Return a latency in milliseconds, as endpoints have them."""
    return "–" if seconds is None else f"{number(1e3 * seconds, 3)} ms"


def _agreement(each: VersionFigures) -> list[str]:
    if each.role != "shadow" and not each.compared:
        return ["", ""]
    if not each.compared:
        return [f"no answer ({each.failed:,})" if each.failed else "–", ""]
    share = 100 * each.agreeing / each.compared
    failed = f", no answer {each.failed:,}" if each.failed else ""
    return [f"{share:.4g} % of {each.compared:,}{failed}", number(each.apart, 3)]


def _drift(result: MonitorResult) -> Part | None:
    shown = _telling(result)
    if not shown:
        return None
    numeric = frozenset((1, 2, 4, 5))
    names = ("column", "distance", "p", "what changed", "missing", "odd")
    rows = [_row(each) for each in shown[:MOST]]
    return Table(names, rows, numeric)


def _telling(result: MonitorResult) -> list[Drifted]:
    """Return the columns of which there is something to tell; where few rows came that is of none or few."""
    return [d for d in ordered(result.drift) if d.p is not None or d.missing or d.odd]


def ordered(drift: Sequence[Drifted]) -> list[Drifted]:
    """Return the answers first, then the columns, the farthest first."""
    answers = [each for each in drift if each.what != "feature"]
    columns = [each for each in drift if each.what == "feature"]
    return [*answers, *sorted(columns, key=lambda d: (not d.drifted, -(d.effect or 0.0)))]


def _row(each: Drifted) -> tuple[str, ...]:
    name = one_line(each.name, 40) if each.what == "feature" else f"({each.name})"
    p = "–" if each.p is None else "< 1e-12" if each.p < 1e-12 else number(each.p, 2)
    told = ("drifted: " if each.drifted else "") + one_line(each.text, 70)
    missing = f"{100 * each.missing:.3g} %" if each.missing or each.missing_before else ""
    missing += f" (was {100 * each.missing_before:.3g} %)" if each.gaps else ""
    return name, measure(each.effect), p, told, missing, f"{each.odd:,}" if each.odd else ""


def _compared(result: MonitorResult) -> str:
    if not result.reference or not result.rows:
        return ""
    more = len(_telling(result)) - MOST
    rest = f"; {plural(more, 'more column')} in .drift" if more > 0 else ""
    return f"{plural(result.rows, 'row')} of {result.model} compared with {result.reference}{rest}"


def _performance(result: MonitorResult) -> Part | None:
    rows = [
        (each.model, f"{each.rows:,}", s.metric, measure(s.value), f"{measure(s.low)} to {measure(s.high)}", measure(s.baseline))
        for each in result.performance
        for s in each.scores
    ]  # fmt: skip
    names = ("version", "labelled rows", "metric", "value", "95 % interval", "before deployment")
    return Table(names, rows, frozenset((1, 3, 4, 5))) if rows else None


def _left_out(result: MonitorResult) -> str:
    said = []
    if result.turned_away:
        said.append(f"{plural(result.turned_away, 'request')} turned away at the door")
    if result.lost or result.thinned:
        parts = [plural(n, w) for n, w in ((result.lost, "request"), (result.thinned, "row")) if n]
        said.append(
            f"{' and '.join(parts)} came too fast to be looked at: counted, but not in drift and labels"
        )
    return "; ".join(said)


def following(result: MonitorResult) -> str:
    """Return the line to try next."""
    name = result.endpoint
    if result.state in ENDED:
        return (
            f"%aiaas_deploy {result.versions[0].model if result.versions else 'MODEL'} --as {name}"
        )
    if not asked(result):
        before = result.ever and result.window != spoken(LONGEST)
        words = f"monitor {name} --window {LONGEST}" if before else f"predict {name} DATA --rows 5"
        return f"%aiaas_{words}"
    canaries = [each.model for each in result.versions if each.role == "canary" and each.requests]
    if canaries:
        bad = {alert.name.partition(":")[2] for alert in result.alerts}
        return f"%aiaas_endpoints {'rollback' if bad & set(canaries) else 'promote'} {name}"
    moved = any(each.drifted and each.what == "feature" for each in result.drift)
    late = moved and not result.performance
    return f"%aiaas_monitor {name} " + (
        "--labels DATA --key COLUMN" if late else f"--report {name}.html"
    )


# the report ---------------------------------------------------------------------------------------
PAGE_CSS = """
:root{color-scheme:light;--jp-ui-font-color1:#1d2430;--jp-ui-font-color2:#5c6675}
body{margin:0 auto;max-width:72rem;padding:2rem 1.5rem 4rem;background:#fff;color:#1d2430;font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}.when{color:#5c6675;margin:0 0 1.5rem}
figure{display:inline-block;margin:1.5rem 1.5rem 0 0;vertical-align:top;max-width:100%}figure img{width:30rem;max-width:100%}
""".strip().replace("\n", "")


def report(result: MonitorResult, shown: Card, pictures: Sequence[tuple[str, bytes]]) -> str:
    """Return one HTML page with the card and the pictures (what is said of each, PNG); it needs no other file.

    It has no script, and a policy that forbids any: words of a table can be anything.
    """
    until = style.when(result.until)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">",
        f"<title>{page.escape(errors.visible(result.endpoint))}</title><style>{PAGE_CSS}</style></head><body>",
        f"<h1>{page.escape(result.endpoint)}</h1>",
        f'<p class="when">{page.escape(_period(result, until))}</p>',
        shown.html(),
        *_figures_of(pictures),
        "</body></html>",
    ]
    return "\n".join(parts)


def _period(result: MonitorResult, until: str) -> str:
    return (
        f"{result.window}{f', until {until}' if until else ''}; predicts {one_line(result.target)}"
    )


def _figures_of(pictures: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    for text, png in pictures:
        body = base64.b64encode(png).decode()
        said = page.escape(text)
        yield f'<figure><img alt="{said}" src="data:image/png;base64,{body}"></figure>'
