"""The same federated training in the clear, on the same split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from commons.arrays import FloatArray
from commons.computations.linear_regression.learning.federated import federated_gradient_descent, mean_squared_error
from commons.computations.linear_regression.spec import LinearRegressionSpec

Part = tuple[FloatArray, FloatArray]
"""One owner's X and y."""


@dataclass(frozen=True)
class PlaintextRun:
    """What training in the clear gives.

    Attributes:
        weights: in original units, bias last.
        mse: of the validators' rows under the final weights, in the target's unit squared.
        local_mse: of the validators' rows under the least-squares fit of all trainers' rows together.
    """

    weights: FloatArray
    mse: float
    local_mse: float


def train_in_the_clear(
    spec: LinearRegressionSpec, trainers: Sequence[Part], validators: Sequence[Part], *, rounds: int
) -> PlaintextRun:
    """Train on the same split with plain gradient steps on rows, and evaluate on the validators' rows."""
    scaling = spec.range_scaling()

    def scaled(parts: Sequence[Part]) -> list[Part]:
        return [(scaling.design_matrix(X), scaling.transform_target(y)) for X, y in parts]

    training, validation = scaled(trainers), scaled(validators)
    weights = federated_gradient_descent(
        training,
        rounds=rounds,
        local_steps=spec.local_steps,
        learning_rate=spec.learning_rate,
        averaging=spec.averaging,
    )[-1]
    X, y = np.vstack([part for part, _ in training]), np.concatenate([part for _, part in training])
    least_squares = np.linalg.lstsq(X, y, rcond=None)[0]
    return PlaintextRun(
        weights=scaling.weights_to_original(weights),
        mse=scaling.mse_to_original_units(mean_squared_error(validation, weights)),
        local_mse=scaling.mse_to_original_units(mean_squared_error(validation, least_squares)),
    )
