"""What the endpoint's workers counted, for its own doors: see :mod:`aiaas_magics.gauges.counters`."""

from __future__ import annotations

from aiaas_magics.gauges.cells import Tally
from aiaas_magics.gauges.counters import NONE, Counters, Counts, merged

__all__ = ["NONE", "Counters", "Counts", "Tally", "merged"]
