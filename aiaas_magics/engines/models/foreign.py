"""Models in files of somebody else's: opened, audited, or refused.

A pickle is a program. It runs in a process of its own (`unpickle`) and comes back as skops bytes; those, like a
skops file of the user's, are believed in nothing: sizes, types and trees are checked before anything is built.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import site
import stat
import subprocess
import sys
import time
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aiaas_magics import errors
from aiaas_magics.cards import style
from aiaas_magics.engines.models import jail, sound, strangers
from aiaas_magics.engines.models.strangers import Note
from aiaas_magics.engines.models.trusted import TRUSTED
from aiaas_magics.engines.models.unpickle import MODEL, VERDICT

if TYPE_CHECKING:
    from aiaas_magics.engines.context import Context

SCHEMA = "schema.json"
"""The member that makes a zip archive a skops file."""
MOST = 4 << 30
"""Bytes a model may unpack to."""
FREE, RATIO = 256 << 20, 100
"""A file beyond `FREE` that unpacks to more than `RATIO` times its size is a bomb: arrays shrink to a tenth."""
MEMORY, PER_BYTE = 4 << 30, 8
"""Address space of the process that opens a pickle: the libraries' and some for every byte of the file
(compressed ones grow)."""
SECONDS, PER_SECOND = 60, 10 << 20
"""Time it may take: a minute, and more for large files (bytes a second on a slow disk)."""
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "MKL_NUM_THREADS")
"""Variables of the environment that the process gets to see."""
SAID = 1 << 16
"""Bytes of its verdict that are read."""


class Opened(NamedTuple):
    """A model of somebody else's, audited, and what must be told about it."""

    model: Any
    notes: list[Note]


def is_skops(path: Path) -> bool:
    """Tell whether a file is one of skops: a zip archive with a schema."""
    if not zipfile.is_zipfile(path):
        return False
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as file:
        return SCHEMA in file.namelist()
    return False


def open_file(path: Path, name: str, context: Context, *, trust_pickle: bool) -> Opened:
    """Return the model in a file called `name`.

    Raises
    ------
    DataError
        If it holds no model of scikit-learn's, or something that is not on our list.
    UserCodeError, OutOfMemory, TimedOut
        If the pickle's own code failed, or went over its limits.
    """
    try:
        if is_skops(path):
            return _whole(path.read_bytes())
        if not trust_pickle:
            raise untrusted(name)
        context.progress(0, 3, f"opening {style.one_line(name)} in a process of its own")
        return _pickled(path, context)
    except errors.AiaasError as error:
        raise _of(error, name) from error


def untrusted(name: str) -> errors.DataError:
    """Return the refusal of a pickle that nobody vouched for."""
    return errors.DataError(
        f"{style.one_line(name)} is a pickle, and a pickle is a program: to open it is to run it",
        "if you know who made it, say so; a .skops file is no program and needs no trust",
        "--trust-pickle",
    )


def _of(error: errors.AiaasError, name: str) -> errors.AiaasError:
    """Return an error about "it" as one about the file."""
    what = error.what
    if what.startswith("it "):
        what = f"{style.one_line(name)}: {what}"
    return type(error)(
        what.replace("opening it", f"opening {style.one_line(name)}"), error.hint, error.try_
    )


# skops -------------------------------------------------------------------------------------------
def _whole(body: bytes) -> Opened:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = audited(body)
    model, told = strangers.model_of(found)
    return Opened(model, [*strangers.notes(caught), *told])


def audited(body: bytes) -> Any:
    """Return the object in skops bytes, all of whose types are on our list and whose trees are sound.

    Raises
    ------
    DataError
        If it is not whole, claims more than it holds, holds a type we do not know, or a tree leads nowhere.
    """
    import skops.io

    check_size(body)
    try:
        strange = sorted(set(skops.io.get_untrusted_types(data=body)) - TRUSTED)
        if strange:
            raise strangers.foreign(strange[0])
        found = skops.io.loads(body, trusted=sorted(TRUSTED))
    except errors.AiaasError:
        raise
    except Exception as error:  # a crafted file fails in any way there is
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise errors.DataError("it is no whole skops file", said, strangers.AGAIN) from error
    try:
        sound.check(found)
    except errors.SealError as error:
        what = "it holds a part that leads nowhere, and would end the process that asks it"
        raise errors.DataError(
            what, "a tree or table that was never fitted", "fit it again"
        ) from error
    return found


def check_size(body: bytes, free: int = FREE) -> None:
    """Check what an archive claims to unpack to, and what its arrays claim to be. Raises `DataError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as file:
            claimed = sum(member.file_size for member in file.infolist())
            if claimed > MOST or claimed > max(free, RATIO * len(body)):
                raise _bomb(claimed, len(body))
            for member in file.infolist():
                _check_member(file, member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise errors.DataError("it is no whole skops file", str(error), strangers.AGAIN) from error


def _check_member(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    if member.filename.endswith(".npz"):  # a sparse matrix: an archive of arrays
        check_size(file.read(member), free=FREE)
    if member.filename.endswith(".npy"):
        with file.open(member) as array:
            claimed = _claimed(array)
        if claimed > member.file_size:
            raise _bomb(claimed, member.file_size)


def _claimed(array: Any) -> int:
    """Return the bytes that the header of a stored array claims to follow."""
    import math

    import numpy as np

    try:
        version = np.lib.format.read_magic(array)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(array)
    except ValueError as error:
        raise errors.DataError("it is no whole skops file", str(error), strangers.AGAIN) from error
    return math.prod(shape) * int(dtype.itemsize)


def _bomb(claimed: int, held: int) -> errors.DataError:
    return errors.DataError(
        f"it claims to be {style.size(claimed)} and holds {style.size(held)}",
        "no model is like that: it would fill the memory",
        strangers.AGAIN,
    )


# pickles -----------------------------------------------------------------------------------------
def _pickled(path: Path, context: Context) -> Opened:
    folder = context.scratch / "pickle"
    folder.mkdir()
    size = path.stat().st_size
    memory, seconds = MEMORY + PER_BYTE * size, SECONDS + size // PER_SECOND
    words = ["-P", "-m", "aiaas_magics.engines.models.unpickle", folder, os.getpid()]
    words += [memory, seconds, memory]
    with path.open("rb") as file, _child(words, folder, file) as child:
        end = time.monotonic() + seconds
        while child.poll() is None:
            if time.monotonic() > end:
                raise _too_long(seconds)
            time.sleep(0.02)
    notes = _verdict(folder / VERDICT, child.returncode, memory, seconds)
    context.progress(1, 3, "checking what came of it")
    opened = _whole(_read(folder / MODEL, MOST))
    return Opened(opened.model, [*_unlocked(), *notes, *opened.notes])


def _unlocked() -> list[strangers.Note]:
    """Say where the process could do all that its user can: only this side is believed in that."""
    if jail.version():
        return []
    what = (
        "this system has no Landlock: the pickle was opened within limits, but with all your rights"
    )
    return [(what, "a .skops file needs no trust")]


@contextlib.contextmanager
def _child(words: list[Any], folder: Path, file: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process and see to it that nothing of it is left."""
    command = [sys.executable, *map(str, words)]
    child = subprocess.Popen(
        command, cwd=folder, env=_environment(folder), stdin=file, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment that tells nothing of the user's: no home, no tokens."""
    found = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} | found | {
        "PYTHONPATH": str(jail.PACKAGE.parent),
        "PYTHONUSERBASE": site.getuserbase(),  # where `pip install --user` puts libraries
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }  # fmt: skip


def _verdict(path: Path, status: int, memory: int, seconds: int) -> list[Note]:
    """Return what the process told, or raise what it says or died of."""
    if status == -signal.SIGXCPU or (status == -signal.SIGKILL and not path.exists()):
        raise _too_long(seconds)
    try:
        found = json.loads(_read(path, SAID))
    except (OSError, ValueError) as error:
        raise _died(status, memory) from error
    if not isinstance(found, dict):
        raise _died(status, memory)
    if "error" in found:
        told = {key: str(found.get(key, "")) for key in ("error", "what", "hint", "try")}
        raise errors.from_record(told)
    notes = found.get("notes", [])
    return [
        (str(note[0]), str(note[1])) for note in notes if isinstance(note, list) and len(note) == 2
    ]


def _died(status: int, memory: int) -> errors.AiaasError:
    how = f"signal {-status}" if status < 0 else f"status {status}"
    hint = f"a crash, or more than the {style.size(memory)} of memory it may take"
    return errors.UserCodeError(f"opening it ended its process with {how}", hint, strangers.AGAIN)


def _too_long(seconds: int) -> errors.TimedOut:
    return errors.TimedOut(
        f"opening it took longer than {seconds} s", "a model is opened in seconds", strangers.AGAIN
    )


def _read(path: Path, most: int) -> bytes:
    """Return the bytes of a plain file that a stranger wrote. Raises `OSError` if it is none, `DataError` if large."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no file")
        body = file.read(most + 1)
    if len(body) > most:
        raise errors.DataError("it is too large", f"more than {style.size(most)}", "")
    return body
