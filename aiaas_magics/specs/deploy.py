"""Deploy: a model behind an address that answers predictions."""

from __future__ import annotations

from typing import ClassVar

from aiaas_magics import errors
from aiaas_magics.specs import exporting
from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.exporting import ExportServerSpec
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.schema import MODES, check_mode
from aiaas_magics.specs.verbs import SUBMISSION, Action, Kind, Option, Verb

__all__ = ["DEPLOY", "DeploySpec", "ExportServerSpec"]

MOST_WORKERS = 64


class DeploySpec(Spec, frozen=True, kw_only=True, tag="deploy"):
    """Serve a model version under a name. ``port`` 0 is any free port, on loopback only."""

    MAKES: ClassVar[str] = "endpoint"

    model: str
    as_: str
    port: int = 0
    workers: int = 1
    replace: bool = False
    schema: str = "warn"
    """What is done with rows unlike those the model learned from; see :mod:`aiaas_magics.specs.schema`."""

    def __post_init__(self) -> None:
        check_name(self.as_)
        check_mode(self.schema)
        if not 0 <= self.port <= 65535:
            raise errors.SpecError(
                f"--port {self.port} is no port", "0 (any free one) to 65535", "--port 8080"
            )
        if not 1 <= self.workers <= MOST_WORKERS:
            raise errors.SpecError(
                f"--workers {self.workers} is out of range", f"1 to {MOST_WORKERS}", "--workers 1"
            )


DEPLOY = Verb(
    "deploy",
    "serve a model over HTTP",
    "Starts an endpoint on this machine (loopback only) that answers POST /predict, and prints its "
    "address and a curl line. A token is needed to ask it; the line reads it from $AIAAS_TOKEN.",
    (
        Action(
            "",
            "serve a model",
            makes="DeploySpec",
            arguments=(
                Option("model", Kind.MODEL, "the model, name or name@version", required=True),
                exporting.FOLDER,
            ),
            options=(
                Option("as", Kind.NAME, "the endpoint's name (default: MODEL-api)"),
                Option("port", Kind.INT, "port to listen on; 0 is any free one", 0),
                Option("workers", Kind.INT, "number of serving processes", 1),
                Option(
                    "replace",
                    Kind.FLAG,
                    "let an endpoint of that name serve this model instead; with --export, write over such a folder",
                    False,
                ),
                Option(
                    "schema",
                    Kind.CHOICE,
                    "rows unlike those learned from: answer and warn, fix what is sure, or refuse",
                    "warn",
                    choices=MODES,
                ),
                *exporting.EXPORT,
                *SUBMISSION,
            ),
            examples=("%aiaas_deploy clf --as cancer-api", exporting.EXAMPLE),
        ),
    ),
)
