"""Files of the user's: what a path means, and how one is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from aiaas_magics import errors
from aiaas_magics.cards import style


def path_of(word: str) -> Path:
    """Return the path a word means, whether or not something is there. Raises `DataError`."""
    try:
        path = Path(word).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise errors.DataError(f"{style.one_line(word)} is no usable path", why, "%ls") from error
    return path


def format_of(path: Path, *, replace: bool) -> str:
    """Return the format a path's ending asks for.

    Raises
    ------
    UsageError
        If the ending says nothing.
    NameTaken
        If something is there and may not be written over.
    """
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise errors.UsageError(
            f"{path.name} is neither .csv nor .parquet",
            "the ending says how to write",
            f"{path.stem}.csv",
        )
    if path.exists() and not replace:
        raise _exists(path)
    return path.suffix.lower()[1:]


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
