"""The squared error of any weights from d + 1 numbers a feature, instead of from the rows.

With the QR decomposition [X | y] = Q·S, where Q has orthonormal columns and S (d+1, d+1) is upper triangular::

        ⎡ R   q  ⎤
    S = ⎢        ⎥        ‖Xw - y‖² = ‖Rw - q‖² + rho²
        ⎣ 0  rho ⎦

S is kept while rows come in blocks: the QR of a block stacked under the S so far has the same S as the QR of all
rows (TSQR, Demmel et al. 2012, arXiv:0808.2664). Against the normal equations this keeps the digits that squaring
the condition number would lose. Memory is O(d·(d + block rows)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from commons.arrays import FloatArray, as_matrix, as_vector, read_only
from commons.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class QuadraticMetric:
    """The squared error of a validator's rows as a function of the weights; private, hence absent from `repr`.

    Attributes:
        R: shape (d, d), upper triangular; its last rows are zero when there are fewer rows than features.
        q: shape (d,), in the units of the target.
        rho_squared: the part of the error that no weights remove.
        row_count: m.
    """

    R: FloatArray = field(repr=False)
    q: FloatArray = field(repr=False)
    rho_squared: float = field(repr=False)
    row_count: int

    def squared_error(self, w: npt.ArrayLike) -> float:
        """Return ‖Xw - y‖² for weights w (d,), in squared units of the target."""
        residual = self.R @ as_vector(w, len(self.q), field="w") - self.q
        return float(residual @ residual) + self.rho_squared


class QuadraticMetricAccumulator:
    """Takes blocks of rows and gives their `QuadraticMetric`.

    Args:
        n_features: number of columns d of the design matrix, bias column included.
    """

    def __init__(self, n_features: int) -> None:
        if n_features < 1:
            raise InvalidInput(f"n_features is {n_features}; expected at least 1", field="n_features")
        self._n_features = n_features
        self._triangle: FloatArray = np.zeros((0, n_features + 1))
        self._row_count = 0

    @property
    def row_count(self) -> int:
        """Number of rows taken so far."""
        return self._row_count

    def add(self, X: npt.ArrayLike, y: npt.ArrayLike) -> None:
        """Take a block of rows X (m, d) with targets y (m,); raises InvalidInput for a wrong shape or NaN."""
        X = as_matrix(X, self._n_features, field="X")
        y = as_vector(y, len(X), field="y")
        self._stack(np.column_stack([X, y]))
        self._row_count += len(X)

    def merge(self, other: QuadraticMetricAccumulator) -> None:
        """Take all rows that `other` has taken; `other` stays as it is."""
        if other._n_features != self._n_features:
            raise InvalidInput(
                f"cannot merge a metric over {other._n_features} features into {self._n_features}", field="n_features"
            )
        self._stack(other._triangle)
        self._row_count += other._row_count

    def metric(self) -> QuadraticMetric:
        """Return the metric of all rows taken; raises InvalidInput when there were none or their squares overflow."""
        if self._row_count == 0:
            raise InvalidInput("there are no rows; expected at least one", field="row_count")
        d = self._n_features
        padded = np.zeros((d + 1, d + 1))
        padded[: len(self._triangle)] = self._triangle
        with np.errstate(over="ignore"):
            rho_squared = float(padded[d, d] * padded[d, d])
        if not (np.isfinite(padded).all() and np.isfinite(rho_squared)):
            raise InvalidInput("the values are too large to square and add in float64; rescale them", field="X")
        return QuadraticMetric(
            R=read_only(padded[:d, :d]), q=read_only(padded[:d, d]), rho_squared=rho_squared, row_count=self._row_count
        )

    def _stack(self, rows: FloatArray) -> None:
        if len(rows):
            # numpy's stubs give every mode the type of the reduced one.
            self._triangle = cast(FloatArray, np.linalg.qr(np.vstack([self._triangle, rows]), mode="r"))
