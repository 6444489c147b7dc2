"""Tensors of the Open Inference Protocol: numbers in JSON, or their bytes after it.

Bytes are little-endian and row-major; a tensor of texts is the length of each (4 bytes) before its UTF-8. Numbers are
looked at where they lie in the request's body (``np.frombuffer``), never copied to be read. What JSON says is taken as
it is written: a number in a tensor of FP32 keeps its decimals, and ``null`` is a gap.

Sources: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md, and Triton's extension
binary_tensor_data.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from aiaas_magics.serving.problems import Problem
from aiaas_magics.serving.protocols import matrix
from aiaas_magics.specs.schema import short

NUMPY = {
    "BOOL": "?",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
"""Datatype -> numpy's name of it; texts are BYTES."""
DATATYPES = (*NUMPY, "BYTES")
LENGTH = struct.Struct("<I")
MOST_AXES, MOST_LONG = 32, 2**63 - 1
"""Of a shape: its axes (numpy 1 had as many), and how long one is (the protocol's are int64)."""


class Tensor(msgspec.Struct, forbid_unknown_fields=True):
    """A tensor as a request's JSON has it; `data` is flat or nested, and absent where bytes follow."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: Any = None

    @property
    def size(self) -> int | None:
        """Return how many bytes after the JSON are its own; None where its values stand in the JSON.

        Raises
        ------
        Problem
            400 where the request says neither or both, or wants shared memory.
        """
        told = self.parameters or {}
        if "shared_memory_region" in told:
            raise Problem(
                400, f"{here(self)}: no memory is shared with this endpoint", "send its data"
            )
        size = told.get("binary_data_size")
        if size is None:
            if self.data is None:
                raise Problem(
                    400, f"{here(self)} has no data", "send data, or bytes after the JSON"
                )
            return None
        if self.data is not None:
            raise Problem(400, f"{here(self)} has data in the JSON and bytes after it", "send one")
        if type(size) is not int or size < 0:
            raise Problem(
                400, f"{here(self)}: binary_data_size is {short(size)}", "a count of bytes"
            )
        return size


class Values(NamedTuple):
    """A tensor's values in their order: numbers as an array, texts (and gaps between them) as a list."""

    tensor: Tensor
    flat: np.ndarray | list[str | None]

    def table(self, width: int) -> np.ndarray | None:
        """Return numbers as float64 of shape (rows, width); None where these are no numbers.

        A tensor of FP64 is not copied.
        """
        if isinstance(self.flat, list):
            return None
        return self.flat.reshape(-1, width).astype("float64", copy=False)

    def beyond(self, limit: int) -> bool:
        """Tell whether a whole number is further from 0 than `limit`."""
        flat = self.flat
        if isinstance(flat, list) or flat.dtype.kind not in "iu" or flat.dtype.itemsize < 8:
            return False
        return bool(((flat > limit) | (flat < -limit)).any())

    def plain(self) -> list[Any]:
        """Return the values as JSON has them; NaN, which JSON has not, is a gap."""
        if isinstance(self.flat, list):
            return list(self.flat)
        values: list[Any] = self.flat.tolist()
        if self.flat.dtype.kind == "f" and np.isnan(self.flat).any():
            return [None if value != value else value for value in values]
        return values


def read(tensors: Sequence[Tensor], body: bytes, start: int) -> list[Values]:
    """Return the values of a request's tensors, the bytes of which begin at `start` of its body.

    Raises
    ------
    Problem
        400 where bytes, shapes and types do not agree.
    """
    found = []
    for tensor in tensors:
        count = _count(tensor)
        size = tensor.size
        if size is None:
            found.append(Values(tensor, _of_json(tensor, count)))
            continue
        if start + size > len(body):
            missing = f"{len(body) - start} of its {size} bytes follow the JSON"
            raise Problem(400, f"{here(tensor)} is cut short", missing)
        found.append(Values(tensor, _of_bytes(tensor, count, body, start, size)))
        start += size
    if start != len(body):
        what = f"{len(body) - start} bytes after the JSON belong to no tensor"
        raise Problem(400, what, "parameters.binary_data_size tells each tensor's bytes")
    return found


def here(tensor: Tensor) -> str:
    """Return how a refusal names a tensor."""
    return f"tensor {short(tensor.name)}"


def _count(tensor: Tensor) -> int:
    if tensor.datatype not in DATATYPES:
        hint = "known: " + ", ".join(DATATYPES)
        raise Problem(400, f"{here(tensor)}: no datatype {short(tensor.datatype)}", hint)
    shape = tensor.shape
    if not 0 < len(shape) <= MOST_AXES or min(shape) < 0 or max(shape) > MOST_LONG:
        hint = "rows first: [rows] or [rows, columns]"
        raise Problem(400, f"{here(tensor)}: no shape {_said(tensor.shape)}", hint)
    return math.prod(tensor.shape)


def _said(shape: Sequence[int]) -> str:
    known = [str(length) if abs(length) <= MOST_LONG else "..." for length in shape[:8]]
    return f"[{', '.join(known + ['...'] * (len(shape) > 8))}]"


def _of_bytes(
    tensor: Tensor, count: int, body: bytes, start: int, size: int
) -> np.ndarray | list[str | None]:
    if tensor.datatype == "BYTES":
        return _texts(tensor, count, body, start, start + size)
    dtype = np.dtype(NUMPY[tensor.datatype])
    if size != count * dtype.itemsize:
        what = f"{here(tensor)} has {size} bytes; {tensor.datatype} of shape {_said(tensor.shape)}"
        raise Problem(400, f"{what} has {count * dtype.itemsize}")
    if tensor.datatype == "BOOL" and count and np.frombuffer(body, "u1", count, start).max() > 1:
        raise Problem(400, f"{here(tensor)}: a byte of BOOL is neither 0 nor 1")
    return np.frombuffer(body, dtype, count, start)


def _texts(tensor: Tensor, count: int, body: bytes, start: int, end: int) -> list[str | None]:
    found: list[str | None] = []
    while start < end and len(found) < count:
        stop = start + LENGTH.size
        if stop <= end:
            stop += LENGTH.unpack_from(body, start)[0]
        if stop > end:
            raise Problem(400, f"{here(tensor)}: text {len(found)} is longer than the tensor")
        try:
            found.append(body[start + LENGTH.size : stop].decode())
        except UnicodeDecodeError as error:
            raise Problem(400, f"{here(tensor)}: text {len(found)} is not UTF-8") from error
        start = stop
    if len(found) != count or start != end:
        what = f"{here(tensor)} has {len(found)}{' or more' * (start != end)} texts"
        raise Problem(400, f"{what}; its shape {_said(tensor.shape)} says {count}")
    return found


def _of_json(tensor: Tensor, count: int) -> np.ndarray | list[str | None]:
    flat = _flat(tensor, count)
    if tensor.datatype == "BYTES":
        return [_checked(tensor, value, (str, type(None)), "text") for value in flat]
    kind, dtype = tensor.datatype.rstrip("0123456789"), NUMPY[tensor.datatype]
    allowed, word = TYPES[kind]
    # what JSON says of FP32 keeps its decimals; only its size is bound
    array = matrix.array(flat, allowed, "<f8" if kind == "FP" else dtype)
    if array is None:
        for value in flat:
            _checked(tensor, value, tuple(allowed), word)
    if array is None or (kind == "FP" and (np.abs(array) > np.finfo(dtype).max).any()):
        raise Problem(400, f"{here(tensor)}: a number is beyond {tensor.datatype}")
    return array


TYPES: dict[str, tuple[frozenset[type], str]] = {
    "BOOL": (frozenset((bool,)), "true or false"),
    "INT": (frozenset((int,)), "a whole number"),
    "UINT": (frozenset((int,)), "a whole number"),
    "FP": (frozenset((int, float, type(None))), "a number"),
}
"""Kind of datatype -> what JSON may hold, and its name."""


def _checked(tensor: Tensor, value: Any, types: tuple[type, ...], word: str) -> Any:
    if type(value) not in types:
        what = f"{here(tensor)}: {short(value)} is not {word}"
        raise Problem(400, what, f"its datatype is {tensor.datatype}")
    return value


def _flat(tensor: Tensor, count: int) -> list[Any]:
    """Return a tensor's data without its nesting, which must be that of its shape where there is any."""
    flat = tensor.data
    if not isinstance(flat, list):
        raise Problem(400, f"{here(tensor)}: data is {short(flat)}", "a list, flat or nested")
    for length in tensor.shape[1:]:
        if not flat or not isinstance(flat[0], list):
            break
        if not all(isinstance(p, list) and len(p) == length for p in flat):
            raise _misshapen(tensor)
        flat, nested = [], flat
        for part in nested:
            flat += part
    if len(flat) != count:
        what = f"{here(tensor)} has {len(flat)} values"
        raise Problem(400, f"{what}; its shape {_said(tensor.shape)} says {count}")
    return flat


def _misshapen(tensor: Tensor) -> Problem:
    hint = "flat, or nested as the shape is"
    return Problem(400, f"{here(tensor)}: data has not the shape {_said(tensor.shape)}", hint)


def written(array: np.ndarray, datatype: str) -> bytes:
    """Return the bytes of an output of numbers or truth values."""
    return array.astype(NUMPY[datatype], copy=False).tobytes()


def packed(texts: Sequence[str]) -> bytes:
    """Return the bytes of an output of texts, of which many are alike."""
    known: dict[str, bytes] = {}
    for text in set(texts):
        encoded = text.encode()
        known[text] = LENGTH.pack(len(encoded)) + encoded
    return b"".join([known[text] for text in texts])
