"""Look after what there is: jobs, models (their table is in models.py), endpoints, the home itself."""

from __future__ import annotations

from aiaas_magics.specs.base import Command
from aiaas_magics.specs.deploy import check_workers
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.verbs import Action, Kind, Option, Verb


class SetAlias(Command, frozen=True, kw_only=True, tag="set_alias"):
    """Let ``name@alias`` mean a version; the change is kept in the alias's history."""

    model: str
    alias: str

    def __post_init__(self) -> None:
        check_name(self.alias)


class DeleteAlias(Command, frozen=True, kw_only=True, tag="delete_alias"):
    """Let ``name@alias`` mean nothing; its history stays."""

    model: str
    alias: str


class DeleteModel(Command, frozen=True, kw_only=True, tag="delete_model"):
    """Delete a version, or all versions, of a model that no endpoint serves and no alias names."""

    model: str


class StopEndpoint(Command, frozen=True, kw_only=True, tag="stop_endpoint"):
    """End an endpoint: no new requests, those in flight are answered."""

    endpoint: str


class RemoveEndpoint(Command, frozen=True, kw_only=True, tag="remove_endpoint"):
    """Forget an endpoint that does not run, with its token, its log and what it counted."""

    endpoint: str


class Promote(Command, frozen=True, kw_only=True, tag="promote"):
    """Let a canary, a shadow or a version from before answer as the main one; no request is lost."""

    endpoint: str
    version: str | None = None
    """``clf@4``, or ``4``; None: the canary."""


class Rollback(Command, frozen=True, kw_only=True, tag="rollback"):
    """Take back the last step that changed who answers: the canary, else the main version."""

    endpoint: str


class DropVersion(Command, frozen=True, kw_only=True, tag="drop_version"):
    """Let a canary or a shadow go; the main version answers."""

    endpoint: str
    version: str | None = None


class Scale(Command, frozen=True, kw_only=True, tag="scale"):
    """Change the number of an endpoint's serving processes; those too many answer what they have."""

    endpoint: str
    workers: int

    def __post_init__(self) -> None:
        check_workers(self.workers)


_JOB = Option("job", Kind.JOB, "a job's id (default: the newest)")
_LIVING = Option("job", Kind.JOB, "a job's id (default: the newest that has not ended)")
JOBS = Verb(
    "jobs",
    "list, follow, stop and cancel jobs",
    "Jobs run in processes of their own and outlive the notebook's kernel: list them, attach to one "
    "again after a restart, read its log, stop it (it keeps its best so far) or cancel it.",
    (
        Action(
            "list",
            "list the jobs, newest first",
            options=(Option("all", Kind.FLAG, "not only the last 20", False),),
            examples=("%aiaas_jobs",),
        ),
        Action(
            "attach",
            "follow a job to its end and answer its result",
            arguments=(_JOB,),
            examples=("%aiaas_jobs attach",),
        ),
        Action("logs", "show a job's log", arguments=(_JOB,), examples=("%aiaas_jobs logs",)),
        Action(
            "stop",
            "finish with the best so far",
            arguments=(_LIVING,),
            examples=("%aiaas_jobs stop",),
        ),
        Action(
            "cancel",
            "end at once, keep nothing",
            arguments=(_LIVING,),
            examples=("%aiaas_jobs cancel",),
        ),
    ),
    default="list",
)

_ENDPOINT = Option("endpoint", Kind.ENDPOINT, "an endpoint", required=True)
_ENDPOINTS = Option("endpoint", Kind.ENDPOINT, "endpoints", required=True, many=True)
_VERSION = Option("version", Kind.VERSION, "one of its versions, clf@4 or 4 (default: the canary)")
ENDPOINTS = Verb(
    "endpoints",
    "list, inspect and stop endpoints, change their versions",
    "Endpoints are processes of their own and outlive the notebook's kernel. An endpoint serves a main version and, while "
    "they are tried, canaries and shadows; versions change places without a lost request, and every change is in the log.",
    (
        Action("list", "list the endpoints", examples=("%aiaas_endpoints",)),
        Action(
            "show",
            "show an endpoint's address, versions and curl line",
            arguments=(_ENDPOINT,),
            examples=("%aiaas_endpoints show cancer-api",),
        ),
        Action(
            "versions",
            "show what an endpoint serves, served, and who changed it",
            arguments=(_ENDPOINT,),
            examples=("%aiaas_endpoints versions cancer-api",),
        ),
        Action(
            "promote",
            "let the canary, or another of its versions, answer all",
            makes="Promote",
            arguments=(_ENDPOINT,),
            options=(_VERSION,),
            examples=(
                "%aiaas_endpoints promote cancer-api",
                "%aiaas_endpoints promote cancer-api --version clf@4",
            ),
        ),
        Action(
            "rollback",
            "take back the last step: the canary, else go to the version before",
            makes="Rollback",
            arguments=(_ENDPOINT,),
            examples=("%aiaas_endpoints rollback cancer-api",),
        ),
        Action(
            "drop",
            "let a canary or a shadow go",
            makes="DropVersion",
            arguments=(_ENDPOINT,),
            options=(_VERSION,),
            examples=("%aiaas_endpoints drop cancer-api",),
        ),
        Action(
            "scale",
            "change the number of serving processes",
            makes="Scale",
            arguments=(_ENDPOINT,),
            options=(Option("workers", Kind.INT, "number of serving processes", required=True),),
            examples=("%aiaas_endpoints scale cancer-api --workers 4",),
        ),
        Action(
            "logs",
            "show the end of an endpoint's log",
            arguments=(_ENDPOINT,),
            options=(
                Option("lines", Kind.INT, "how many entries; a traceback is one", 100),
                Option("errors", Kind.FLAG, "only what went wrong, of all that is kept", False),
            ),
            examples=(
                "%aiaas_endpoints logs cancer-api",
                "%aiaas_endpoints logs cancer-api --errors",
            ),
        ),
        Action(
            "stop",
            "end endpoints; what they were asked is answered",
            makes="StopEndpoint",
            arguments=(_ENDPOINTS,),
            examples=("%aiaas_endpoints stop cancer-api",),
        ),
        Action(
            "remove",
            "forget endpoints that do not run, their logs and what they counted",
            makes="RemoveEndpoint",
            arguments=(_ENDPOINTS,),
            examples=("%aiaas_endpoints remove cancer-api",),
        ),
    ),
    default="list",
)

CONNECT = Verb(
    "connect",
    "choose the home this notebook works in",
    "A home is a folder with data, models, jobs and keys. Without this line it is $AIAAS_HOME, else "
    "the platform's user data folder.",
    (
        Action(
            "",
            "open a home",
            arguments=(Option("home", Kind.PATH, "a folder (default: the usual home)"),),
            examples=("%aiaas_connect", "%aiaas_connect ./my-home"),
        ),
    ),
)

OVERVIEW = Verb(
    "",
    "what there is, and what to do next",
    "Counts data, models, jobs and endpoints of the home, names the magics, and proposes the next line.",
    (Action("", "show the overview", examples=("%aiaas",)),),
)
