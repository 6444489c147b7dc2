"""Arrays inside records: a build is read without pickle, and without a library that could run what it reads."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

DTYPES = frozenset(("float64", "float32", "int64", "int32", "bool"))
"""What a build's arrays hold."""


class Array(msgspec.Struct, frozen=True):
    """An array as bytes, in C order and little-endian."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, values: Any, dtype: str = "float64") -> Array:
        """Pack values."""
        found = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
        return cls(dtype, found.shape, found.tobytes())

    def read(self) -> np.ndarray:
        """Return the array, read-only.

        Raises
        ------
        ValueError
            If its bytes are not of its shape.
        """
        if self.dtype not in DTYPES:
            raise ValueError(f"arrays hold no {self.dtype}")
        kind = np.dtype(self.dtype).newbyteorder("<")
        return np.frombuffer(self.data, dtype=kind).reshape(self.shape)
