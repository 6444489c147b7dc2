"""Export: stored data as the bytes of a CSV or Parquet file."""

from __future__ import annotations

from aiaas_magics.engines.context import Context
from aiaas_magics.specs.data import ExportSpec
from aiaas_magics.specs.results import ExportResult


def run(spec: ExportSpec, context: Context) -> ExportResult:
    """Write the table as it is shown: prepared data prepared."""
    frame = context.frame(context.data(spec.data).frame)
    path = context.scratch / f"table.{spec.format}"
    if spec.format == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    size = path.stat().st_size
    return ExportResult(
        file=context.save_blob(path), format=spec.format, rows=len(frame), size=size
    )
