"""What a user holds in hand after a line: a record, a way to show it, and what can be done with it.

Every handle shows itself as a card, in HTML and in text; its ``repr`` is the card's one line. Charts are outputs
of their own, because a page prefers HTML to a chart where both are offered.
"""

from aiaas_magics.handles.base import RECORD, VEGA, Handle, picture, rounded
from aiaas_magics.handles.compared import Comparison
from aiaas_magics.handles.made import Data, Evaluation, Model, Registered
from aiaas_magics.handles.models import ComparedModels, Imported, ModelFile, ServerFolder
from aiaas_magics.handles.monitored import Monitoring
from aiaas_magics.handles.quality import Quality
from aiaas_magics.handles.served import Endpoint, Prediction, Versions
from aiaas_magics.handles.told import JobHandle, Listing, Note, applied, exported

__all__ = [
    "RECORD",
    "VEGA",
    "ComparedModels",
    "Comparison",
    "Data",
    "Endpoint",
    "Evaluation",
    "Handle",
    "Imported",
    "JobHandle",
    "Listing",
    "Model",
    "ModelFile",
    "Monitoring",
    "Note",
    "Prediction",
    "Quality",
    "Registered",
    "ServerFolder",
    "Versions",
    "applied",
    "exported",
    "picture",
    "rounded",
]
