"""An endpoint that runs elsewhere: a folder with a server, its plan and its model."""

from __future__ import annotations

from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.records import ServingLimits
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.schema import check_mode
from aiaas_magics.specs.verbs import Kind, Option, grouped

SERVERS = ("docker",)
"""What a server can be written as."""
PORT = 8080
"""Of the exported server, where no other is asked for."""
_USUAL = ServingLimits()


class ExportServerSpec(Spec, frozen=True, kw_only=True, tag="export_server"):
    """Write a folder whose server answers as an endpoint would; the session saves it where the user said.

    ``as_`` is the endpoint's name, which is taken by nobody in this home.
    """

    model: str
    as_: str
    export: str = "docker"
    port: int = 0
    workers: int = 1
    schema: str = "warn"
    concurrency: int = _USUAL.concurrency
    timeout: float = _USUAL.timeout
    memory: int | None = None

    def __post_init__(self) -> None:
        check_name(self.as_)
        check_mode(self.schema)

    @property
    def limits(self) -> ServingLimits:
        """What a worker may be asked at once, and what it may use."""
        return ServingLimits(concurrency=self.concurrency, timeout=self.timeout, memory=self.memory)


FOLDER = Option("path", Kind.FOLDER, "with --export: the folder to write", beside="export")
EXPORT = grouped(
    "elsewhere",
    Option(
        "export",
        Kind.CHOICE,
        "start nothing here: write a folder with a server that needs no notebook, to build an image of or to run as it is",
        choices=SERVERS,
        makes="ExportServerSpec",
    ),
)
"""What ``%aiaas_deploy`` takes to export instead."""
EXAMPLE = "%aiaas_deploy clf --as cancer-api --export docker cancer-server"
