"""The two kinds of record everything else is made of: what is asked, and what is answered.

All records are frozen msgspec structs: immutable, checked when decoded, JSON both ways, with a
JSON schema for free. A record carries its class in the field ``kind``.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import msgspec

from aiaas_magics import errors

JSON = Any
"""A value JSON can hold: None, bool, int, float, str, list, dict of these."""

T = TypeVar("T")


class Record(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True
):
    """Base of all records. Sub-classes set ``tag="..."``."""


class Spec(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of a backend: submitted, it becomes a job.

    ``__post_init__`` of each sub-class checks the values and raises
    :class:`aiaas_magics.errors.SpecError`. ``MAKES`` is the kind of thing that ``as_`` names. ``RESUMES``
    says that a job which did not end whole can be gone on with: such a spec has the fields ``again`` and ``resume``.
    ``RESTS`` names a field: where it is set the job only looks now and then, and takes no other's place in the queue.
    """

    MAKES: ClassVar[str] = ""
    RESUMES: ClassVar[bool] = False
    RESTS: ClassVar[str] = ""

    @property
    def endless(self) -> bool:
        """Whether the job goes on until it is stopped: it looks now and then, and a time limit stops it like a hand."""
        return bool(self.RESTS and getattr(self, self.RESTS))

    def check_reproducible(self) -> None:
        """Refuse what may end otherwise on another machine; asked in docs_mode.

        Raises
        ------
        SpecError
        """


class Command(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A small, synchronous, transactional, audited change, for ``Backend.apply``."""


class Result(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a job answers. ``partial`` says that it was stopped and kept its best so far."""

    partial: bool = False


def tag_of(record: Record) -> str:
    """Return the name of a record's kind: ``train``, ``set_alias`` ..."""
    return str(record.__struct_config__.tag)


def encode(record: Record) -> bytes:
    """Return the JSON bytes of a record, keys in a fixed order (fit for hashing)."""
    return msgspec.json.encode(record, order="deterministic")


def decode(body: bytes | str, type_: type[T]) -> T:
    """Return the record of type `type_` in `body`.

    Raises
    ------
    SpecError
        If the bytes are no such record: wrong type, unknown field, missing field.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise errors.SpecError(
            f"not a valid {getattr(type_, '__name__', 'record')}: {error}"
        ) from error
    except msgspec.DecodeError as error:
        raise errors.SpecError(f"not JSON: {error}") from error
