"""N local gradient steps as one affine map of the weights.

The objective is ½·MSE, so the gradient is g(w) = (1/m) Xᵀ(Xw - y) = Gw - c, which is affine in w. N steps
w ↦ w - rate·g(w) are therefore w ↦ Aw + b with::

    A = (I - rate·G)^N        b = rate · Σ_{i<N} (I - rate·G)^i · c

Both are functions of the symmetric matrix G and are computed on its eigenvalues λ: A has the eigenvalues
(1 - rate·λ)^N, and b comes from the geometric sum rate · Σ_{i<N} (1 - rate·λ)^i, which is summed and not divided
out, so that λ = 0 (a singular G: fewer rows than features, repeated columns) needs no special case. The error of A is
about N·rate·‖G‖ units in the last place, that is under 1e-13 for N = 50 and a step that converges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from commons.arrays import FloatArray, read_only
from commons.computations.linear_regression.learning.gram import GramStatistics
from commons.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class GradientMap:
    """The map w ↦ Aw + b of one round at one owner; private to that owner, hence absent from `repr`.

    Attributes:
        A: shape (d, d), symmetric.
        b: shape (d,), in the units of the weights.
        spectral_norm: ‖A‖₂ = max |1 - rate·λ|^N; above 1 the steps diverge.
    """

    A: FloatArray = field(repr=False)
    b: FloatArray = field(repr=False)
    spectral_norm: float


def gradient_map(stats: GramStatistics, learning_rate: float, local_steps: int) -> GradientMap:
    """Return the affine map of `local_steps` gradient steps of size `learning_rate` on an owner's rows.

    Raises:
        InvalidInput: the learning rate is not positive and finite, there is not at least one step, or the steps
            diverge so far that float64 cannot hold the map.
    """
    if not (math.isfinite(learning_rate) and learning_rate > 0):
        raise InvalidInput(f"learning_rate is {learning_rate}; expected a number above 0", field="learning_rate")
    if local_steps < 1:
        raise InvalidInput(f"local_steps is {local_steps}; expected at least 1", field="local_steps")
    eigenvalues, Q = np.linalg.eigh(stats.G)
    factors = 1.0 - learning_rate * eigenvalues
    with np.errstate(over="ignore", invalid="ignore"):
        powers = factors**local_steps
        geometric_sum = np.zeros_like(factors)
        for _ in range(local_steps):
            geometric_sum = geometric_sum * factors + learning_rate
        A = (Q * powers) @ Q.T
        b = (Q * geometric_sum) @ (Q.T @ stats.c)
    if not (np.isfinite(A).all() and np.isfinite(b).all()):
        raise InvalidInput(
            f"learning_rate {learning_rate} makes {local_steps} local steps diverge beyond float64; "
            f"expected less than {learning_rate_limit(stats):.6g}",
            field="learning_rate",
        )
    return GradientMap(A=read_only(A), b=read_only(b), spectral_norm=float(np.abs(powers).max()))


def learning_rate_limit(stats: GramStatistics) -> float:
    """Return 2/λmax(G): gradient descent on these rows converges below it; infinite when all rows are zero."""
    largest = float(np.linalg.eigvalsh(stats.G)[-1])
    return 2.0 / largest if largest > 0 else math.inf
