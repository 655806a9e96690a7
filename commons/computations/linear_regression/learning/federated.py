"""Federated gradient descent in the clear: what an encrypted job is compared with.

This is federated averaging (McMahan et al. 2017, arXiv:1602.05629) with full local batches and the objective ½·MSE.
It goes through the rows in every step and shares no formula with `gradient_map`, so it can judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from commons.arrays import FloatArray, as_matrix, as_vector
from commons.errors import InvalidInput

Part = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class FederatedRound:
    """One round in the clear.

    Attributes:
        number: 0 for the start, then 1, 2, …
        weights: the average after the round, shape (d,).
        local_weights: each trainer's weights, in the order of the parts; empty for round 0.
        leave_one_out_weights: for each trainer the round's average without it; empty for round 0.
    """

    number: int
    weights: FloatArray
    local_weights: tuple[FloatArray, ...] = ()
    leave_one_out_weights: tuple[FloatArray, ...] = ()


def federated_gradient_descent(
    parts: Sequence[Part],
    *,
    rounds: int,
    local_steps: int,
    learning_rate: float,
    averaging: str = "rows",
    start: FloatArray | None = None,
    evaluate: Callable[[FederatedRound], None] | None = None,
) -> list[FloatArray]:
    """Return the weights (d,) after each round, `rounds + 1` of them, the start first.

    Args:
        parts: (X, y) of each trainer, X of shape (m, d) with its bias column, y of shape (m,).
        rounds: number of averagings.
        local_steps: gradient steps of a trainer between two averagings.
        learning_rate: size of a step w - rate·(1/m)Xᵀ(Xw - y).
        averaging: `rows` weighs a trainer by its number of rows, `uniform` all alike.
        start: weights to start from; zeros when not given.
        evaluate: called with every round, round 0 included.

    With a single trainer its leave-one-out average is the model as it was before the round: without that trainer
    nothing would have changed.

    Raises:
        InvalidInput: no parts, an empty part, shapes that do not fit together, or an unknown averaging.
    """
    parts = _checked(parts)
    if averaging not in ("rows", "uniform"):
        raise InvalidInput(f"averaging is {averaging!r}; expected 'rows' or 'uniform'", field="averaging")
    d = parts[0][0].shape[1]
    weights = np.zeros(d) if start is None else as_vector(start, d, field="start").copy()
    shares = np.array([len(y) if averaging == "rows" else 1 for _, y in parts], dtype=np.float64)
    history = [weights]
    if evaluate:
        evaluate(FederatedRound(0, weights))
    for number in range(1, rounds + 1):
        local = [_local_gradient_descent(X, y, weights, local_steps, learning_rate) for X, y in parts]
        without = [_average_without(t, local, shares, weights) for t in range(len(parts))] if evaluate else []
        weights = np.average(local, axis=0, weights=shares)
        history.append(weights)
        if evaluate:
            evaluate(FederatedRound(number, weights, tuple(local), tuple(without)))
    return history


def mean_squared_error(parts: Sequence[Part], w: FloatArray) -> float:
    """Return Σ‖Xw - y‖² / Σm over all parts, in squared units of the target."""
    parts = _checked(parts)
    squared_error = sum(float(np.sum((X @ w - y) ** 2)) for X, y in parts)
    return squared_error / sum(len(y) for _, y in parts)


def _local_gradient_descent(
    X: FloatArray, y: FloatArray, weights: FloatArray, steps: int, learning_rate: float
) -> FloatArray:
    for _ in range(steps):
        gradient = X.T @ (X @ weights - y) / len(y)
        weights = weights - learning_rate * gradient
    return weights


def _average_without(left_out: int, local: list[FloatArray], shares: FloatArray, before: FloatArray) -> FloatArray:
    if len(local) == 1:
        return before
    others = [t for t in range(len(local)) if t != left_out]
    average: FloatArray = np.average([local[t] for t in others], axis=0, weights=shares[others])
    return average


def _checked(parts: Sequence[Part]) -> list[Part]:
    if not parts:
        raise InvalidInput("there are no parts; expected the rows of at least one owner", field="parts")
    d = np.asarray(parts[0][0]).shape[-1]
    checked = []
    for index, (X, y) in enumerate(parts):
        matrix = as_matrix(X, d, field=f"parts[{index}].X")
        checked.append((matrix, as_vector(y, len(matrix), field=f"parts[{index}].y")))
        if not len(matrix):
            raise InvalidInput(f"parts[{index}] has no rows; expected at least one", field="parts")
    return checked
