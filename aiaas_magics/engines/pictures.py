"""Pictures: the PNG of a chart, for pages that draw no Vega-Lite. In workers only."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aiaas_magics.engines.context import Context
from aiaas_magics.specs.results import Chart

SCALE = 1.5


def png(chart: Chart) -> bytes:
    """Return a chart as PNG bytes, on white."""
    import vl_convert

    spec = {**chart.spec, "config": {**chart.spec["config"], "background": "white"}}
    found: bytes = vl_convert.vegalite_to_png(spec, vl_version="5.21", scale=SCALE)
    return found


def render(charts: Iterable[Chart], context: Context) -> tuple[Chart, ...]:
    """Return the charts with their pictures stored; one that cannot be drawn goes without."""
    drawn = []
    for each in charts:
        try:
            drawn.append(msgspec.structs.replace(each, png=context.save_blob(png(each))))
        except (ImportError, ValueError) as error:
            context.log(f"no picture of {each.name}: {error}")
            drawn.append(each)
    return tuple(drawn)
