"""Steps on numbers: from one matrix of float64 to another, as scikit-learn's transformers compute it.

Each is a record that is stored, and the function it becomes when it is opened; see :mod:`.fronts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from aiaas_magics.predictors.packed import Array

Function = Callable[[np.ndarray], np.ndarray]


class Take(msgspec.Struct, frozen=True, tag="take"):
    """Some columns of a matrix."""

    columns: tuple[int, ...]

    def opened(self) -> Function:
        """Return the function."""
        places = list(self.columns)
        return lambda x: x[:, places]


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """Gaps filled, a value a column."""

    values: Array

    def opened(self) -> Function:
        """Return the function."""
        values = self.values.read()

        def fill(x: np.ndarray) -> np.ndarray:
            gaps = np.isnan(x)
            return np.where(gaps, values, x) if gaps.any() else x

        return fill


class Gaps(msgspec.Struct, frozen=True, tag="gaps"):
    """1.0 where a value is missing, else 0.0."""

    def opened(self) -> Function:
        """Return the function."""
        return lambda x: np.isnan(x).astype("float64")


class Zero(msgspec.Struct, frozen=True, tag="zero"):
    """Numbers of at most this size are 0."""

    most: float

    def opened(self) -> Function:
        """Return the function."""
        return lambda x: np.where(np.abs(x) <= self.most, 0.0, x)


class Arithmetic(msgspec.Struct, frozen=True, tag="arithmetic"):
    """Each column with a number of its own: ``subtract``, ``divide``, ``multiply``, ``add``, ``maximum``, ``minimum``."""

    operation: str
    values: Array

    def opened(self) -> Function:
        """Return the function."""
        operation: Any = _ARITHMETIC[self.operation]
        values = self.values.read()
        return lambda x: operation(x, values)


_ARITHMETIC: dict[str, Any] = {
    "subtract": np.subtract, "divide": np.divide, "multiply": np.multiply, "add": np.add,
    "maximum": np.maximum, "minimum": np.minimum,
}  # fmt: skip


class Product(msgspec.Struct, frozen=True, tag="product"):
    """The columns times a matrix, of shape (columns, components)."""

    matrix: Array

    def opened(self) -> Function:
        """Return the function."""
        matrix = self.matrix.read()
        return lambda x: x @ matrix


class Power(msgspec.Struct, frozen=True, tag="power"):
    """The power transform of Yeo and Johnson (Biometrika 87, 2000), a lambda a column."""

    lambdas: Array

    def opened(self) -> Function:
        """Return the function."""
        lambdas = self.lambdas.read()
        return lambda x: np.column_stack([_yeo_johnson(x[:, i], p) for i, p in enumerate(lambdas)])


def _yeo_johnson(x: np.ndarray, power: float) -> np.ndarray:
    """Return the transform of a column, written as scipy.stats.yeojohnson writes it; gaps stay."""
    found = np.array(x)
    above = x >= 0
    high, low = x[above], x[~above]
    eps = np.finfo("float64").eps
    with np.errstate(over="ignore", invalid="ignore"):
        if abs(power) < eps:
            found[above] = np.log1p(high)
        else:
            found[above] = np.expm1(power * np.log1p(high)) / power
        if abs(power - 2) > eps:
            found[~above] = -np.expm1((2 - power) * np.log1p(-low)) / (2 - power)
        else:
            found[~above] = -np.log1p(-low)
    return found


class Products(msgspec.Struct, frozen=True, tag="products"):
    """Each column of the result is the product of some columns, the empty product is 1."""

    factors: tuple[tuple[int, ...], ...]

    def opened(self) -> Function:
        """Return the function."""

        def products(x: np.ndarray) -> np.ndarray:
            found = np.ones((len(x), len(self.factors)))
            for column, places in enumerate(self.factors):
                for place in places:
                    found[:, column] *= x[:, place]
            return found

        return products


class Quantiles(msgspec.Struct, frozen=True, tag="quantiles"):
    """Each value as the share of values below it, or the normal deviate of that share (QuantileTransformer).

    ``quantiles`` is (references, columns), ``references`` the shares they are of.
    """

    quantiles: Array
    references: Array
    normal: bool = False

    def opened(self) -> Function:
        """Return the function."""
        quantiles, references = self.quantiles.read(), self.references.read()
        return lambda x: np.column_stack(
            [
                _share_below(x[:, i], quantiles[:, i], references, normal=self.normal)
                for i in range(quantiles.shape[1])
            ]
        )


EDGE = 1e-7
"""scikit-learn's BOUNDS_THRESHOLD: how near to an end of the range a value is taken to be at it."""


def _share_below(
    x: np.ndarray, quantiles: np.ndarray, references: np.ndarray, *, normal: bool
) -> np.ndarray:
    """Return the shares of a column, interpolated from both sides: quantiles may be equal; gaps stay."""
    low, high = quantiles[0], quantiles[-1]
    at_low = x - EDGE < low if normal else x == low
    at_high = x + EDGE > high if normal else x == high
    up = np.interp(x, quantiles, references)
    down = np.interp(-x, -quantiles[::-1], -references[::-1])
    found = np.where(np.isnan(x), x, 0.5 * (up - down))
    found[at_high], found[at_low] = 1.0, 0.0
    if not normal:
        return found
    from scipy.special import ndtri

    ends = ndtri(EDGE - np.spacing(1)), ndtri(1 - (EDGE - np.spacing(1)))
    clipped: np.ndarray = np.clip(ndtri(found), *ends)
    return clipped


class Check(msgspec.Struct, frozen=True, tag="check"):
    """The model takes no number beyond `most` (scikit-learn's words), and gaps only where `gaps`."""

    most: float
    gaps: bool = False

    def opened(self) -> Function:
        """Return the function."""
        said = "Input X contains infinity or a value too large"

        def check(x: np.ndarray) -> np.ndarray:
            if not x.size or np.abs(x).max() <= self.most:
                return x
            if not self.gaps and np.isnan(x).any():
                raise ValueError("Input X contains NaN.")
            if (np.abs(x) > self.most).any():
                raise ValueError(f"{said} for dtype('float32')." if self.most < 1e300 else f"{said}.")  # fmt: skip
            return x

        return check
