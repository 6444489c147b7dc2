"""The grammar's alphabet: what a table of a verb is made of.

One table per verb (in the file of its stage, beside its spec) generates the parser, the help, the
completion, the manual page, the JSON schema and the Python twin. Nothing about an option is said
anywhere else.

Adding an option: one `Option` row in the stage's table and one field of the same name in its spec;
its help text is its documentation. Adding a verb: a new file in specs/ with a spec and a table,
one name in ``specs.VERBS``, one engine of the same name in engines/.
"""

from __future__ import annotations

import enum
import keyword

import msgspec

from aiaas_magics.specs.base import JSON


class Kind(enum.StrEnum):
    """What a word stands for: decides parsing, checking and completion."""

    FLAG = "flag"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    CHOICE = "choice"
    """One of `Option.choices`."""
    PERCENT = "percent"
    """``10%`` or ``10``: percent as a float."""
    DURATION = "duration"
    """``90``, ``500ms``, ``20s``, ``5m``, ``1h``: seconds as a float."""
    WINDOW = "window"
    """``15m``, ``7d``: how far back; or rows: ``1000``."""
    SIZE = "size"
    """``500MB``, ``2GB``: bytes as an int."""
    NAME = "name"
    """A new name to store under."""
    PATH = "path"
    """Where a file is to be written."""
    FOLDER = "folder"
    """Where a folder is to be written."""
    FILE = "file"
    """A file to read."""
    SOURCE = "source"
    """Data to load: a local DataFrame variable, a file, a name of the catalogue."""
    DATA = "data"
    """A local DataFrame variable, else stored data."""
    MODEL = "model"
    MODELS = "models"
    """Several models, each a word of its own."""
    ENDPOINT = "endpoint"
    VERSION = "version"
    """A version of a model that the endpoint of the line serves or served."""
    JOB = "job"
    SEARCH = "search"
    """What a search that was begun is to be stored as."""
    STORED = "stored"
    """Anything stored: data, model or endpoint."""
    COLUMN = "column"
    COLUMNS = "columns"
    """Column names separated by commas."""
    COSTS = "costs"
    """``fp=1,fn=5``, or a dict: what mistakes cost."""
    ALGORITHM = "algorithm"
    ALGORITHMS = "algorithms"
    """Names of algorithms separated by commas."""
    METRIC = "metric"
    CODE = "code"
    """Python that works on ``df``: text, or a function that takes and returns it."""
    ESTIMATOR = "estimator"
    """A variable of the notebook that holds a scikit-learn compatible object."""


class Option(msgspec.Struct, frozen=True):
    """``--name value`` (or a positional word, in `Action.arguments`)."""

    name: str
    """As typed after ``--``; ``-`` inside becomes ``_`` in Python."""
    kind: Kind
    help: str
    default: JSON = None
    choices: tuple[str, ...] = ()
    required: bool = False
    metavar: str = ""
    unless: str = ""
    """The option that may stand in this one's place; both together are refused."""
    makes: str = ""
    """Given, the line asks for this spec instead of its action's; words that are no field of it are refused."""
    beside: str = ""
    """The option without which it means nothing, and which means nothing without it."""
    alone: bool = False
    """Given, it stands in the place of all words but the job's own."""
    stored: bool = False
    """Data must be named as it is stored; a variable is none."""
    many: bool = False
    """The last positional word takes all that follow, as a tuple."""
    group: str = ""
    """The heading it stands under in the help; options of a group follow each other, those of none come first."""

    @property
    def python(self) -> str:
        """The keyword argument: ``as`` becomes ``as_``."""
        name = self.name.replace("-", "_")
        return name + "_" if keyword.iskeyword(name) else name


def grouped(heading: str, *options: Option) -> tuple[Option, ...]:
    """Return options that stand under a heading in the help."""
    return tuple(msgspec.structs.replace(option, group=heading) for option in options)


class Action(msgspec.Struct, frozen=True):
    """One thing a verb does: its words, its options, the spec or command it becomes."""

    name: str
    """Empty for a verb with a single action (``%aiaas_train``)."""
    summary: str
    makes: str = ""
    """Name of the Spec or Command class in its stage's module; empty: answered by a query."""
    arguments: tuple[Option, ...] = ()
    options: tuple[Option, ...] = ()
    parameters: str = ""
    """What ``name=value`` words are: ``fixed`` (one value each), ``grid`` (lists) or nothing."""
    examples: tuple[str, ...] = ()

    @property
    def python(self) -> str:
        """The name of its function: ``import`` becomes ``import_``."""
        return self.name + "_" if keyword.iskeyword(self.name) else self.name


class Verb(msgspec.Struct, frozen=True):
    """A magic ``%aiaas_<name>`` and its Python twin ``aiaas.<name>``."""

    name: str
    summary: str
    description: str
    actions: tuple[Action, ...]
    default: str = ""
    """The action meant when the first word names none."""
    body: str = ""
    """What a cell's body holds: ``parameters`` (a Python literal), ``code`` (Python) or nothing."""

    def action(self, name: str) -> Action | None:
        """Return the action of that name."""
        return next((a for a in self.actions if a.name == name), None)


# Options of every verb that submits a job: of the submission, not of the spec.
DETACH = Option("detach", Kind.FLAG, "return at once; the job goes on by itself", False)
MEMORY = Option("memory", Kind.SIZE, "end the job if it holds more memory than this", metavar="2GB")
TIMEOUT = Option("timeout", Kind.DURATION, "end the job after this long", metavar="10m")
SUBMISSION = grouped("the job", DETACH, MEMORY, TIMEOUT)
