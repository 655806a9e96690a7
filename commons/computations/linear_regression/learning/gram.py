"""Gram statistics: everything that gradient descent on a linear model needs to know about an owner's rows.

For a design matrix X (m, d), bias column included, and a target y (m,)::

    G = XᵀX / m        c = Xᵀy / m        yy = yᵀy / m

They are sums over rows, so they are taken block by block and in any order; memory is O(d²) whatever m is. Sums of
blocks are compensated (Neumaier 1974), so that the error does not grow with the number of blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from commons.arrays import FloatArray, as_matrix, as_vector, read_only
from commons.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class GramStatistics:
    """Second moments of one owner's rows; private to that owner, hence absent from `repr`.

    Attributes:
        G: XᵀX / m, shape (d, d), symmetric positive semidefinite.
        c: Xᵀy / m, shape (d,).
        yy: yᵀy / m.
        row_count: m.
    """

    G: FloatArray = field(repr=False)
    c: FloatArray = field(repr=False)
    yy: float = field(repr=False)
    row_count: int

    @property
    def n_features(self) -> int:
        """Number of columns d of the design matrix, bias column included."""
        return len(self.c)


class GramAccumulator:
    """Takes blocks of rows and gives their `GramStatistics`.

    Args:
        n_features: number of columns d of the design matrix, bias column included.
    """

    def __init__(self, n_features: int) -> None:
        if n_features < 1:
            raise InvalidInput(f"n_features is {n_features}; expected at least 1", field="n_features")
        self._n_features = n_features
        self._sum = np.zeros((n_features + 1, n_features + 1))
        self._lost = np.zeros_like(self._sum)
        self._row_count = 0

    @property
    def row_count(self) -> int:
        """Number of rows taken so far."""
        return self._row_count

    def add(self, X: npt.ArrayLike, y: npt.ArrayLike) -> None:
        """Take a block of rows X (m, d) with targets y (m,); raises InvalidInput for a wrong shape, NaN or overflow."""
        X = as_matrix(X, self._n_features, field="X")
        y = as_vector(y, len(X), field="y")
        rows = np.column_stack([X, y])
        with np.errstate(over="ignore", invalid="ignore"):
            moments = rows.T @ rows
        self._add_moments(moments)
        self._row_count += len(rows)

    def merge(self, other: GramAccumulator) -> None:
        """Take all rows that `other` has taken; `other` stays as it is."""
        if other._n_features != self._n_features:
            raise InvalidInput(
                f"cannot merge statistics over {other._n_features} features into {self._n_features}", field="n_features"
            )
        self._add_moments(other._sum)
        self._lost += other._lost
        self._row_count += other._row_count

    def statistics(self) -> GramStatistics:
        """Return the statistics of all rows taken; raises InvalidInput when there were none."""
        if self._row_count == 0:
            raise InvalidInput("there are no rows; expected at least one", field="row_count")
        means = (self._sum + self._lost) / self._row_count
        return GramStatistics(
            G=read_only(means[:-1, :-1]),
            c=read_only(means[:-1, -1]),
            yy=float(means[-1, -1]),
            row_count=self._row_count,
        )

    def _add_moments(self, moments: FloatArray) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            total = self._sum + moments
        if not np.isfinite(total).all():
            raise InvalidInput("the values are too large to square and add in float64; rescale them", field="X")
        larger_first = np.abs(self._sum) >= np.abs(moments)
        self._lost += np.where(larger_first, (self._sum - total) + moments, (moments - total) + self._sum)
        self._sum = total
