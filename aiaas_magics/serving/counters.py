"""What the endpoint's workers counted, for its own doors: see :mod:`aiaas_magics.gauges.counters`."""

from __future__ import annotations

from aiaas_magics.gauges.counters import BINS, NONE, Counters, Counts, Tally, merged

__all__ = ["BINS", "NONE", "Counters", "Counts", "Tally", "merged"]
