"""How a table travels: numbers as raw blocks, the rest as Arrow, a manifest that holds them together.

Numeric columns of one dtype lie one after the other in one file, column-major, so that a reader maps
them back as a one-block DataFrame without a copy (Arrow alone would give a block per column, which
scikit-learn copies again). All other columns are one stream of Arrow batches. The manifest is JSON and
names both by content; its own address is the table's. Equal values give equal addresses.
"""

from aiaas_magics.frames.columns import check_names, column_names, plain
from aiaas_magics.frames.manifest import Manifest, Put, manifest
from aiaas_magics.frames.reading import read
from aiaas_magics.frames.rows import ATTR, as_table, records, values
from aiaas_magics.frames.writing import address, write

__all__ = [
    "ATTR",
    "Manifest",
    "Put",
    "address",
    "as_table",
    "check_names",
    "column_names",
    "manifest",
    "plain",
    "read",
    "records",
    "values",
    "write",
]
