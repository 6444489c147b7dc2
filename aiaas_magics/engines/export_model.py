"""Export: a model as a file that others open."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiaas_magics.engines import packing
from aiaas_magics.engines.models import artefacts
from aiaas_magics.security.sealing import SEAL
from aiaas_magics.specs.results import ModelExportResult

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.models import ExportModelSpec
    from aiaas_magics.specs.records import ModelInfo

ALONE = ("joblib", "skops")
"""Formats that hold names of classes, not their code; MLflow's folder holds both."""


def run(spec: ExportModelSpec, context: Context) -> ModelExportResult:
    """Write the model and store the file's bytes.

    Raises
    ------
    DataError
        If it cannot be written that way, or what was written answers otherwise than the model.
    MissingLibrary
        If ONNX is asked for and its libraries are not installed.
    """
    info, folder = context.model(spec.model)
    path = context.scratch / f"model.{spec.format}"
    context.progress(0, 1, f"writing {info.ref} as {spec.format}")
    if spec.format in ALONE and (folder / "code").is_dir():
        context.warn(
            f"{info.ref} has classes of its own, which are not in the file", "--format mlflow"
        )
    checked = WRITERS[spec.format](info, folder, path, context)
    size = path.stat().st_size
    file = context.save_blob(path)
    return ModelExportResult(
        model=info.ref, file=file, format=spec.format, size=size, checked=checked
    )


def _skops(info: ModelInfo, folder: Path, path: Path, context: Context) -> str:
    del info, context
    shutil.copyfile(folder / artefacts.MODEL, path)
    return ""


def _joblib(info: ModelInfo, folder: Path, path: Path, context: Context) -> str:
    import joblib

    del info, context
    joblib.dump(artefacts.load(folder), path)
    return ""


def _mlflow(info: ModelInfo, folder: Path, path: Path, context: Context) -> str:
    """Write an archive of the model's folder, which is MLflow's layout already, without our seal."""
    del info, context
    packing.pack(folder, path, without=(SEAL,))
    return ""


def _onnx(info: ModelInfo, folder: Path, path: Path, context: Context) -> str:
    from aiaas_magics.engines.models import onnx

    return onnx.write(info, artefacts.load(folder), path, context)


WRITERS: dict[str, Callable[[ModelInfo, Path, Path, Context], str]] = {
    "skops": _skops,
    "joblib": _joblib,
    "mlflow": _mlflow,
    "onnx": _onnx,
}
