"""Print what profiling a large table costs, against DuckDB's SUMMARIZE of the same table in the same run.

    python tests/benchmarks/profile.py            a million rows of 50 columns, about three minutes
    python tests/benchmarks/profile.py --rows 100000

DuckDB is installed into a virtual environment of its own in the temporary folder. Each side is a fresh process
that is given the table as its best form: a DataFrame here, an Arrow table there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TABLE = """
import numpy as np
rng = np.random.default_rng(0)
rows = {rows}
words = np.array(["red", "green", "blue", "Basel", "Bern", "Genf", "open", "closed", "n/a", "late"])
def columns():
    for i in range(30):
        yield f"float{{i}}", rng.normal(size=rows) if i % 3 else rng.normal(size=rows).round(2)
    for i in range(10):
        yield f"int{{i}}", rng.integers(0, 10 ** (1 + i % 7), rows)
    for i in range(8):
        yield f"category{{i}}", words[rng.integers(0, 10, rows)] if i % 2 else np.char.add("c", rng.integers(0, 5000, rows).astype(str))
    for i in range(2):
        yield f"date{{i}}", np.datetime64("2020-01-01", "s") + rng.integers(0, 150_000_000, rows)
"""

WRITE = (
    TABLE
    + """
import pyarrow as pa, pyarrow.ipc
table = pa.table({{name: pa.array(values) for name, values in columns()}})
with pa.OSFile({path!r}, "wb") as file, pa.ipc.new_file(file, table.schema) as out:
    out.write_table(table)
"""
)

OURS = """
import time, threading, psutil, pyarrow as pa, pyarrow.ipc
import pandas as pd
from aiaas_magics.engines import profile, data, rehearsal
frame = pa.ipc.open_file(pa.memory_map({path!r})).read_all().to_pandas()
frame = frame.astype({{n: "str" for n in frame if frame[n].dtype == object}})
roles = profile.roles(frame)
size = int(frame.memory_usage(index=False).sum())
profile.profile(frame.head(1000), roles)
me = psutil.Process()
before, most, done = me.memory_info().rss, [0], []
def watch():
    while not done:
        most[0] = max(most[0], me.memory_info().rss)
        time.sleep(0.002)
thread = threading.Thread(target=watch)
thread.start()
times = []
for _ in range({times}):
    start = time.perf_counter()
    columns = profile.profile(frame, roles, cores={cores})
    whole = profile.duplicates(frame, columns)
    times.append(time.perf_counter() - start)
done.append(1)
thread.join()
start = time.perf_counter()
few = profile.duplicates(frame[[n for n in frame if not n.startswith("float")]], columns[30:])
print(sorted(times)[len(times) // 2], (most[0] - before) / size, size / 1e9, time.perf_counter() - start, len(columns))
"""

THEIRS = """
import time, duckdb, pyarrow as pa, pyarrow.ipc
given = pa.ipc.open_file(pa.memory_map({path!r})).read_all()
con = duckdb.connect()
con.execute("SET threads={cores}")
con.execute("SUMMARIZE SELECT * FROM given LIMIT 1000").fetchall()
times = []
for _ in range({times}):
    start = time.perf_counter()
    rows = con.execute("SUMMARIZE given").fetchall()
    times.append(time.perf_counter() - start)
print(sorted(times)[len(times) // 2], len(rows))
"""


def python(code: str, interpreter: str = sys.executable) -> list[float]:
    """Run code in a fresh process; return the numbers of its last line."""
    done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(word) for word in done.stdout.split("\n")[-2].split()]


def peer() -> str:
    """Return the interpreter of a virtual environment that holds DuckDB."""
    folder = Path(tempfile.gettempdir()) / "aiaas-bench-duckdb"
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        words = ["-m", "pip", "install", "-q", "duckdb", "pyarrow"]
        subprocess.run([interpreter, *words], check=True)
    return str(interpreter)


def main() -> None:
    """Print the rows of the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="aiaas-bench-") as scratch:
        more = {
            "rows": asked.rows,
            "path": f"{scratch}/table.arrow",
            "times": asked.times,
            "cores": cores,
        }
        python(WRITE.format(**more) + "\nprint(0)")
        runs = [
            (python(OURS.format(**more)), python(THEIRS.format(**more), peer()))
            for _ in range(asked.runs)
        ]
    ours, theirs = (statistics.median(run[i][0] for run in runs) for i in range(2))
    ratio = statistics.median(run[0][0] / run[1][0] for run in runs)
    grown, size = (statistics.median(run[0][i] for run in runs) for i in (1, 2))
    few = statistics.median(run[0][3] for run in runs)
    print("| what | against | ratio or value | bar | kept |\n|---|---|--:|--:|---|")
    print(
        f"| profile {asked.rows:,} x 50 ({ours:.2f} s) | duckdb SUMMARIZE ({theirs:.2f} s) "
        f"| {ratio:.2f} | <= 3 | {'yes' if ratio <= 3 else 'NO'} |"
    )
    print(
        f"| memory above the table ({size:.2f} GB) | the table | {grown:.2f} | <= 1 (2 with it) "
        f"| {'yes' if grown <= 1 else 'NO'} |"
    )
    print(
        f"| repeated rows of 20 columns without a unique one ({few:.2f} s) | SUMMARIZE | {few / theirs:.2f} | – | – |"
    )


if __name__ == "__main__":
    main()
