"""Handing over a table costs the kernel at most a tenth of its size, counted by the allocator."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys, tracemalloc
from pathlib import Path
import numpy as np, pandas as pd, pyarrow as pa
from aiaas_magics import frames
from aiaas_magics.store.blobs import Blobs

rng = np.random.default_rng(0)
kind, blobs = sys.argv[1], Blobs(Path(sys.argv[2]))
if kind == "text":
    words = np.array(["%044d" % n for n in range(50_000)])
    frame = pd.DataFrame({f"t{i}": pd.Series(words[rng.integers(50_000, size=660_000)]) for i in range(5)})
else:
    frame = pd.DataFrame(np.asarray(rng.normal(size=(1_000_000, 20)), order=kind))
frames.write(frame.head(10), blobs.put)  # what libraries keep for good is not the table's
size = int(frame.memory_usage(index=False).sum())
arrow = pa.total_allocated_bytes()
pa_peak = pa.default_memory_pool().max_memory()
tracemalloc.start()
address = frames.write(frame, blobs.put)
grown = tracemalloc.get_traced_memory()[1] + max(0, pa.default_memory_pool().max_memory() - pa_peak)
frames.write(frame, blobs.put)
again = tracemalloc.get_traced_memory()[1]
tracemalloc.reset_peak()
found = frames.read(address, blobs.path)
read = tracemalloc.get_traced_memory()[1]
print(size, grown, again, read)
"""


@pytest.mark.parametrize("kind", ["C", "F", "text"])
def test_memory_grows_by_a_tenth_at_most(kind, tmp_path):
    words = [sys.executable, "-c", SCRIPT, kind, str(tmp_path)]
    out = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout
    size, grown, again, read = map(int, out.split())
    assert size > 150e6
    assert max(grown, again, read) < size / 10
