"""Export: stored data as a CSV or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiaas_magics.specs.results import ExportResult

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.data import ExportSpec

ROWS = 50_000
"""Rows of CSV written between two reports of progress: well under a second."""


def run(spec: ExportSpec, context: Context) -> ExportResult:
    """Write the table (of prepared data the prepared one) and store the file's bytes."""
    info = context.data(spec.data)
    frame = context.frame(info.frame)
    path = context.scratch / f"export.{spec.format}"
    if spec.format == "csv":
        _csv(frame, path, context)
    else:
        frame.to_parquet(path, index=False)
    size = path.stat().st_size
    return ExportResult(
        file=context.save_blob(path), format=spec.format, rows=len(frame), size=size
    )


def _csv(frame: pd.DataFrame, path: Path, context: Context) -> None:
    frame.iloc[:0].to_csv(path, index=False, lineterminator="\n")
    for start in range(0, len(frame), ROWS):
        piece = frame.iloc[start : start + ROWS]
        piece.to_csv(path, mode="a", header=False, index=False, lineterminator="\n")
        context.progress(start + len(piece), len(frame), "writing")
