"""Files of the user's: what a path means, and how one is written whole or not at all."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from aiaas_magics import errors
from aiaas_magics.cards import style

MARKS = {"mlflow": "MLmodel", "docker": "plan.json"}
"""What is written as a folder -> the file that makes a folder one of these."""
FOLDERS = {"mlflow": "MLflow folder", "docker": "folder of a server"}
EXECUTABLE = 0o100
"""The owner may run it (stat(2))."""


def path_of(word: str) -> Path:
    """Return the path a word means, whether or not something is there. Raises `DataError`."""
    try:
        path = Path(word).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise errors.DataError(f"{style.one_line(word)} is no usable path", why, "%ls") from error
    return path


def format_of(path: Path, endings: Mapping[str, str]) -> str:
    """Return the format a path's ending asks for.

    Raises
    ------
    UsageError
        If the ending says nothing.
    """
    found = endings.get(path.suffix.lower())
    if found is None:
        first, *rest = endings
        known = (
            f"neither {first} nor {rest[0]}" if len(rest) == 1 else f"none of {', '.join(endings)}"
        )
        raise errors.UsageError(
            f"{path.name} is {known}", "the ending says how to write", f"{path.stem}{first}"
        )
    return found


def check_free(path: Path, *, replace: bool) -> None:
    """Check that a place may be written. Raises `NameTaken` if something is there, and is to stay."""
    if path.exists() and not replace:
        raise _exists(path)


def _exists(path: Path) -> errors.NameTaken:
    return errors.NameTaken(
        f"{path.name} exists", "nothing is written over without being told", "--replace"
    )


def save(fetch: Callable[[], Iterable[bytes]], path: Path, *, replace: bool) -> None:
    """Write the bytes that `fetch` gives beside their place, then move them there.

    Raises
    ------
    NameTaken
        If something is there, or came there meanwhile, and may not be written over.
    DataError
        If the place cannot be written.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with temporary.open("xb") as file:
            for chunk in fetch():
                file.write(chunk)
        _place(temporary, path, replace=replace)
    except OSError as error:
        raise errors.DataError(
            f"{path} cannot be written", error.strerror or "", "choose another place"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def save_folder(
    fetch: Callable[[], Iterable[bytes]], path: Path, *, replace: bool, kind: str = "mlflow"
) -> None:
    """Unpack the archive that `fetch` gives beside its place, then move the folder there.

    Raises
    ------
    NameTaken
        If something is there and may not be written over, or is no folder of that kind.
    DataError
        If the place cannot be written.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        temporary.mkdir()
        archive = temporary / "archive.zip"
        with archive.open("xb") as file:
            file.writelines(fetch())
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(temporary / "folder")
            for each in packed.infolist():
                if each.external_attr >> 16 & EXECUTABLE:
                    (temporary / "folder" / each.filename).chmod(0o755)
        _place_folder(temporary, path, replace=replace, kind=kind)
    except OSError as error:
        raise errors.DataError(
            f"{path} cannot be written", error.strerror or "", "choose another place"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _place_folder(temporary: Path, path: Path, *, replace: bool, kind: str) -> None:
    """Move a whole folder to its place; one that it replaces comes back if that fails."""
    folder, before = temporary / "folder", temporary / "before"
    if not path.exists():
        folder.rename(path)
        return
    check_free(path, replace=replace)
    if not (path / MARKS[kind]).is_file():  # whatever else it is, it is not ours to remove
        what = f"{path.name} is no {FOLDERS[kind]}"
        raise errors.NameTaken(what, "only such a one is replaced", "choose another place")
    path.rename(before)
    try:
        folder.rename(path)
    except OSError:
        before.rename(path)
        raise


def _place(temporary: Path, path: Path, *, replace: bool) -> None:
    """Move a whole file to its place. Raises `NameTaken` if something came there meanwhile."""
    try:
        if not replace:
            if _linked(temporary, path):
                return
            path.open("xb").close()  # the name is claimed, then filled
        temporary.replace(path)
    except FileExistsError as error:
        raise _exists(path) from error


def _linked(temporary: Path, path: Path) -> bool:
    """Give a file a second name that is free; False where the file system knows no links."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True
