"""A trainer's step: N local gradient steps on encrypted weights, as one affine map.

In: [w]. Out: [p·(A·w + b)], where p is the trainer's averaging weight, folded in here because it costs nothing here.
The trainer learns nothing; what leaves it is a re-randomised ciphertext under the buyer's key.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from commons.ciphers.paillier import Randomizer, affine_map, encode, encode_matrix
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.learning.gradient_map import GradientMap
from commons.computations.linear_regression.messages import TrainResult, TrainTask
from commons.computations.linear_regression.numeric_plan import (
    MATRIX_FRACTIONAL_BITS,
    WEIGHT_FRACTIONAL_BITS,
    NumericPlan,
)
from commons.errors import InvalidInput, ProtocolViolation


def require_within_plan(plan: NumericPlan, step: GradientMap) -> None:
    """Raise InvalidInput if a map is larger than what the declared ranges and growth allow."""
    if step.spectral_norm > plan.growth + 1e-9:
        raise InvalidInput("learning_rate: local steps grow faster than was declared", field="learning_rate")
    if float(np.linalg.norm(step.b)) > plan.update_norm * (1 + 1e-9):
        raise InvalidInput("features: the rows leave the declared ranges", field="features")


class LocalTrainer:
    """One trainer in one job.

    Args:
        context: the job's public facts.
        step: the affine map of this trainer's rows; it never leaves this object in the clear.
        address: this trainer's account.

    Raises:
        InvalidInput: if the map is larger than what the declared ranges and growth allow.
    """

    def __init__(self, context: JobContext, step: GradientMap, *, address: str) -> None:
        require_within_plan(context.plan, step)
        self._context = context
        weights = context.averaging_weights()
        self._share = Fraction(weights[address], sum(weights.values()))
        self._matrix = encode_matrix(step.A * float(self._share), MATRIX_FRACTIONAL_BITS)
        self._offset = [self._share * Fraction(float(value)) for value in step.b]

    def train(self, task: TrainTask, randomizer: Randomizer) -> TrainResult:
        """Answer a training task.

        Raises:
            ProtocolViolation: a round that the specification does not have, a scale that the protocol does not produce,
                or another share in the average than the rows that everybody signed for give.
            InvalidCiphertext: malformed weights.
        """
        plan, scale = self._context.plan, task.weights.fractional_bits
        self._context.require_place(task.round, task.checkpoint)
        if task.round < 1:
            raise ProtocolViolation("round 0 is the start model's; nothing is trained in it")
        if scale < WEIGHT_FRACTIONAL_BITS or not plan.can_train(task.round, scale):
            raise ProtocolViolation(f"weights of scale {scale} cannot be trained on in round {task.round}")
        share = Fraction(task.averaging_weight, task.averaging_total)
        if share != self._share:
            raise ProtocolViolation(f"a share of {share} in the average; by the accepted rows it is {self._share}")
        weights = task.weights.to_vector(
            self._context.key,
            count=plan.spec.n_weights,
            fractional_bits=scale,
            bound=plan.weight_bound(task.round - 1, scale),
        )
        out_scale = scale + MATRIX_FRACTIONAL_BITS
        update = affine_map(
            self._matrix,
            weights,
            encode(self._offset, out_scale),
            matrix_fractional_bits=MATRIX_FRACTIONAL_BITS,
            # Tighter than the sum of absolute entries: ‖Aw + b‖₂ is bounded by the plan (`numeric_plan`).
            unsafe_bound=plan.weight_bound(task.round, out_scale),
        )
        return TrainResult(update=CiphertextVector.of(update.rerandomize(randomizer)))
