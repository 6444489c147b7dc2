"""Export: an endpoint as a folder that serves the same answers elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aiaas_magics import errors
from aiaas_magics.engines import deploy, packing
from aiaas_magics.engines.elsewhere import needs, texts
from aiaas_magics.predictors import programs
from aiaas_magics.security.sealing import SEAL
from aiaas_magics.specs.base import JSON, encode
from aiaas_magics.specs.exporting import PORT
from aiaas_magics.specs.results import ServerExportResult
from aiaas_magics.specs.serving import Plan, Served

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context
    from aiaas_magics.specs.builds import Verdict
    from aiaas_magics.specs.exporting import ExportServerSpec
    from aiaas_magics.specs.records import ModelInfo


def run(spec: ExportServerSpec, context: Context) -> ServerExportResult:
    """Optimise the model as for an endpoint here, and store an archive of the folder.

    Raises
    ------
    MissingLibrary
        If a package the server needs is not installed here, so that no version of it was proven.
    """
    info, model = context.model(spec.model)
    context.progress(0, 2, f"optimising {info.ref}")
    verdict = deploy.optimised(info, model, context)
    context.progress(1, 2, f"writing a server of {info.ref}")
    build = context.build(info) / verdict.folder
    served = _served(info, verdict, deploy.example(info, context))
    result = ServerExportResult(
        endpoint=spec.as_, model=info.ref, file="", format=spec.export, size=0, tier=verdict.tier,
        port=spec.port or PORT, packages=tuple(_packages(verdict, model, build)), verdict=verdict.sentence(),
        example=served.example,
    )  # fmt: skip
    folder = context.scratch / "server"
    needs.copy(needs.rooms(verdict.tier), folder / "server" / "aiaas_magics")
    if served.folder:
        without = shutil.ignore_patterns(SEAL, "__pycache__")
        shutil.copytree(model, folder / served.folder, ignore=without)
    if served.build:
        shutil.copytree(build, folder / served.build, ignore=_reference)
    _write(folder, spec, served, result)
    archive = context.scratch / "server.zip"
    packing.pack(folder, archive)
    size = archive.stat().st_size
    return msgspec.structs.replace(result, file=context.save_blob(archive), size=size)


def _reference(folder: str, names: list[str]) -> set[str]:
    """Return the files of a build that only monitoring here reads: they tell of the training rows."""
    del folder
    return {name for name in names if name.startswith("reference")}


def _served(info: ModelInfo, verdict: Verdict, example: dict[str, JSON]) -> Served:
    """Return a version as a plan in the folder tells it: paths are the folder's own.

    The pipeline stays here where the tier answers without it.
    """
    return Served(
        model=info.ref, folder="" if needs.is_light(verdict.tier) else "model", digest=info.digest, build="build" if verdict.build else "",
        build_digest=verdict.build, tier=verdict.tier, task=info.task, target=info.target,
        signature=info.signature, example=example,
    )  # fmt: skip


def _packages(verdict: Verdict, model: Path, build: Path) -> list[str]:
    """Return what is to be installed, with versions. Raises `MissingLibrary`."""
    names = [*needs.SERVER, *needs.of(verdict.tier)]
    if verdict.build:
        names += needs.beside(programs.read(build).program)
    if not needs.is_light(verdict.tier):
        names += needs.named((model / "requirements.txt").read_text().splitlines())
    try:
        return needs.pinned(names)
    except ModuleNotFoundError as error:
        name = str(error.name)
        raise errors.MissingLibrary(
            f"{name} is not installed here", "what is exported is proven here first", f"%pip install {name}"
        ) from error  # fmt: skip


def _write(
    folder: Path, spec: ExportServerSpec, served: Served, result: ServerExportResult
) -> None:
    """Write the plan and the texts around it."""
    plan = Plan(
        endpoint=spec.as_, workers=spec.workers, schema=spec.schema, limits=spec.limits, versions=(served,),
        samples=False,  # nobody elsewhere asks for them
        hosts=("*",),
    )  # fmt: skip
    (folder / "plan.json").write_bytes(encode(plan))
    for name, text in texts.around(
        result, [each for each in (served.folder, served.build) if each]
    ).items():
        (folder / name).write_text(text)
