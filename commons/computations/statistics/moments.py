"""From exact sums to means, variances and correlations: rational numbers, rounded to float64 once at the end.

With n values v = (x − lo)/(hi − lo)·2^F of a column (`statistics.sums`)::

    mean       lo + (hi − lo) · Σv / (n·2^F)
    variance   (hi − lo)² · (n·Σv² − (Σv)²) / (n²·2^2F)                                     (divided by n, not by n − 1)
    r_ij       (n·Σv_iv_j − Σv_i·Σv_j) / √((n·Σv_i² − (Σv_i)²) · (n·Σv_j² − (Σv_j)²))      (Pearson 1895)

The difference n·Σv² − (Σv)² loses no digit here, as it would in floats (Chan, Golub and LeVeque, *Algorithms for Computing the
Sample Variance*, The American Statistician 37, 1983). What is lost is what rounding to 2^-52 of the declared range took.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from commons.computations.statistics.spec import NumberColumn
from commons.computations.statistics.sums import ONE, NumberSums, ProductSums

Cell = float | None
Matrix = tuple[tuple[Cell, ...], ...]


def mean(column: NumberColumn, sums: NumberSums) -> float | None:
    """The mean in the column's unit; None without values."""
    if sums.count <= 0:
        return None
    low, width = _range(column)
    return float(low + width * Fraction(sums.total, sums.count * ONE))


def variance(column: NumberColumn, sums: NumberSums) -> float | None:
    """The variance, divided by n, in the column's unit squared; None without values."""
    if sums.count <= 0:
        return None
    _, width = _range(column)
    return float(width**2 * Fraction(sums.count * sums.squares - sums.total**2, (sums.count * ONE) ** 2))


def extent(column: NumberColumn, sums: NumberSums) -> tuple[float, float] | tuple[None, None]:
    """Lower edge of the first bin that is filled and upper edge of the last one; None without values."""
    filled = np.flatnonzero(np.array(sums.bins, dtype=object))
    if not filled.size:
        return None, None
    edges = column.edges()
    return float(edges[filled[0]]), float(edges[filled[-1] + 1])


def correlation_matrix(sums: ProductSums) -> Matrix:
    """Pearson's r of each pair of columns, shape (k, k); None for a constant column, and with fewer than two rows."""
    indexes = range(len(sums.totals))
    return tuple(tuple(_correlation(sums, i, j) for j in indexes) for i in indexes)


def scatter(sums: ProductSums, i: int, j: int) -> int:
    """n·Σv_iv_j − Σv_i·Σv_j."""
    return sums.rows * sums.product(i, j) - sums.totals[i] * sums.totals[j]


def _correlation(sums: ProductSums, i: int, j: int) -> float | None:
    # A constant column's scatter with itself is 0, and so it is with fewer than two rows.
    product = scatter(sums, i, i) * scatter(sums, j, j)
    if product <= 0:
        return None
    joint = scatter(sums, i, j)
    return math.copysign(math.sqrt(Fraction(joint**2, product)), joint)


def _range(column: NumberColumn) -> tuple[Fraction, Fraction]:
    low = Fraction(column.minimum)
    return low, Fraction(column.maximum) - low
