"""The manifest of a table: what it consists of, by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Protocol

import msgspec

from aiaas_magics import errors

FORMAT = 1
DTYPES = frozenset(
    {"|b1", "|i1", "|u1", *(f"<{kind}{size}" for kind in "iuf" for size in (2, 4, 8))}
)
"""Of blocks: plain numbers. Whatever else numpy knows, objects above all, is mapped from no file."""


class Put(Protocol):
    """``Backend.put`` or ``Blobs.put``."""

    def __call__(self, body: Path | Iterable[bytes], *, ref: str | None = None) -> str:
        """Store bytes, return their address."""
        ...


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numeric columns of one dtype (numpy's name, little-endian) in one file, one after the other."""

    dtype: str
    columns: tuple[str, ...]
    ref: str


class Rest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All other columns as an Arrow stream; `dtypes` are pandas' names."""

    columns: tuple[str, ...]
    dtypes: tuple[str, ...]
    ref: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table consists of; `columns` in the order of the table."""

    format: int
    rows: Annotated[int, msgspec.Meta(ge=0)]
    columns: tuple[str, ...]
    blocks: tuple[Block, ...] = ()
    rest: Rest | None = None

    @property
    def refs(self) -> tuple[str, ...]:
        """The addresses of its parts."""
        rest = () if self.rest is None else (self.rest.ref,)
        return (*(block.ref for block in self.blocks), *rest)


def manifest(address: str, locate: Callable[[str], Path]) -> Manifest:
    """Return the manifest at an address.

    Parameters
    ----------
    address
        What :func:`aiaas_magics.frames.write` returned.
    locate
        Gives the file of an address (``Blobs.path``).

    Raises
    ------
    DataError
        If the bytes there are no manifest, or one of a later version, or its blocks hold no numbers.
    """
    try:
        found = msgspec.json.decode(locate(address).read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.DataError("these bytes are no table", str(error)) from error
    if found.format != FORMAT:
        raise errors.DataError(
            f"a table of format {found.format}",
            f"this version reads format {FORMAT}",
            "pip install --upgrade aiaas_magics",
        )
    for block in found.blocks:
        if block.dtype not in DTYPES:
            raise errors.DataError(
                "these bytes are no table", f"its numbers are of the type {block.dtype[:40]!r}"
            )
    return found
