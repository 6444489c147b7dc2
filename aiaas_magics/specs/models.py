"""Models: look after them, bring them in from files, take them out, compare them."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from aiaas_magics import errors
from aiaas_magics.specs.base import Spec
from aiaas_magics.specs.refs import check_name
from aiaas_magics.specs.verbs import MEMORY, SUBMISSION, TIMEOUT, Action, Kind, Option, Verb

PICKLES = (".pkl", ".pickle", ".joblib")
"""Endings of files that are programs."""
FORMATS = ("joblib", "skops", "onnx", "mlflow")


class ImportModelSpec(Spec, frozen=True, kw_only=True, tag="import_model"):
    """Bring a fitted estimator in from a file and register it.

    ``file`` is the address of the file's bytes, ``filename`` what the user calls it. ``sample`` is
    stored data or a table's address: rows with the columns the model was fitted on, and perhaps the
    column ``target``, which are then scored. A pickle is opened only with ``trust_pickle``.
    """

    MAKES: ClassVar[str] = "model"

    as_: str
    file: str
    filename: str
    sample: str | None = None
    target: str = "target"
    trust_pickle: bool = False

    def __post_init__(self) -> None:
        check_name(self.as_)
        check_trust(self.filename, trust_pickle=self.trust_pickle)


def check_trust(filename: str, *, trust_pickle: bool) -> None:
    """Check that a file which says by its ending that it is a pickle is trusted.

    Raises
    ------
    SpecError
        If it is not: what the file holds is looked at later, in a worker.
    """
    name = PurePath(filename)
    if name.suffix.lower() in PICKLES and not trust_pickle:
        raise errors.SpecError(
            f"{name.name} is a pickle, and a pickle is a program: to open it is to run it",
            "if you know who made it, say so; a .skops file is no program and needs no trust",
            "--trust-pickle",
        )


class ExportModelSpec(Spec, frozen=True, kw_only=True, tag="export_model"):
    """Write a model as a file; the session saves it where the user said."""

    ENDINGS: ClassVar[dict[str, str]] = {
        ".joblib": "joblib",
        ".pkl": "joblib",
        ".skops": "skops",
        ".onnx": "onnx",
        ".zip": "mlflow",
    }
    """What the ending of a path asks for."""

    model: str
    format: str

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise errors.SpecError(
                f"cannot write {self.format!r}", errors.did_you_mean(self.format, FORMATS)
            )


_MODEL = Option("model", Kind.MODEL, "a model, name or name@version", required=True)
_ALIAS = Option("alias", Kind.TEXT, "the alias", required=True)

_IMPORT = Action(
    "import",
    "bring in a fitted scikit-learn model from a file",
    makes="ImportModelSpec",
    arguments=(
        Option("file", Kind.FILE, "a .skops, .joblib or .pkl file of one model", required=True),
    ),
    options=(
        Option("as", Kind.NAME, "the model's name (default: the file's own name)"),
        Option(
            "sample",
            Kind.DATA,
            "rows it can predict: they give names and types of its columns; with the target among them, a score",
        ),
        Option("target", Kind.COLUMN, "the name of what it predicts", "target"),
        Option(
            "trust-pickle",
            Kind.FLAG,
            "open a pickle or joblib file, which runs what stands in it, in a process of its own",
            False,
        ),
        *SUBMISSION,
    ),
    examples=(
        "%aiaas_models import model.skops --as rf --sample X_test",
        "%aiaas_models import model.pkl --as rf --sample test_rows --target diagnosis --trust-pickle",
    ),
)

_EXPORT = Action(
    "export",
    "write a model as joblib, skops, ONNX or an MLflow folder",
    makes="ExportModelSpec",
    arguments=(
        _MODEL,
        Option("path", Kind.PATH, "where to: the ending says how", required=True),
    ),
    options=(
        Option(
            "format",
            Kind.CHOICE,
            "how to write it (default: by the ending; a .zip is MLflow's folder in one file)",
            choices=FORMATS,
        ),
        Option("replace", Kind.FLAG, "write over an existing file or MLflow folder", False),
        MEMORY,
        TIMEOUT,
    ),
    examples=(
        "%aiaas_models export clf clf.onnx",
        "%aiaas_models export clf@production served-model --format mlflow",
    ),
)

MODELS = Verb(
    "models",
    "list, compare, import and export models",
    "Every training makes a version of a model. An alias such as clf@production names one of them; "
    "its history tells who moved it, when, from where to where. The lineage tells what a version was "
    "made of: spec, data digest, library versions, seed. Models come in from files and go out to "
    "them; what comes in is checked type by type and sealed anew.",
    (
        Action("list", "list the models", examples=("%aiaas_models",)),
        Action(
            "show",
            "show a version and its lineage",
            arguments=(_MODEL,),
            examples=("%aiaas_models show clf@1",),
        ),
        Action(
            "compare",
            "show in what models differ: scores, parameters, columns, data",
            arguments=(
                Option("models", Kind.MODELS, "two models or more", required=True, many=True),
            ),
            examples=("%aiaas_models compare clf@1 clf@2",),
        ),
        _IMPORT,
        _EXPORT,
        Action(
            "alias",
            "let an alias mean a version",
            makes="SetAlias",
            arguments=(_MODEL, _ALIAS),
            examples=("%aiaas_models alias clf@1 production",),
        ),
        Action(
            "unalias",
            "remove an alias",
            makes="DeleteAlias",
            arguments=(_MODEL, _ALIAS),
            examples=("%aiaas_models unalias clf production",),
        ),
        Action(
            "history",
            "show how a model's aliases moved",
            arguments=(_MODEL,),
            examples=("%aiaas_models history clf",),
        ),
        Action(
            "delete",
            "delete a version, or all of them",
            makes="DeleteModel",
            arguments=(_MODEL,),
            examples=("%aiaas_models delete clf@1",),
        ),
    ),
    default="list",
)
