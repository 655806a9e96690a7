"""A trainer's step: N local gradient steps on encrypted weights, as one affine map.

In: [w]. Out: [p·(A·w + b)], where p is the trainer's averaging weight, folded in here because it costs nothing here.
The trainer learns nothing; what leaves it is a re-randomised ciphertext under the buyer's key.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from commons.errors import InvalidInput, ProtocolViolation
from commons.learning.gradient_map import GradientMap
from commons.paillier import Randomizer, affine_map, encode, encode_matrix
from commons.protocol.checkpoint import JobContext
from commons.protocol.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.protocol.tasks import TrainResult, TrainTask
from commons.protocol.wire import CiphertextVector


class LocalTrainer:
    """One trainer in one job.

    Args:
        context: the job's public facts.
        step: the affine map of this trainer's rows; it never leaves this object in the clear.

    Raises:
        InvalidInput: if the map is larger than what the declared ranges and growth allow.
    """

    def __init__(self, context: JobContext, step: GradientMap) -> None:
        plan = context.plan
        if step.spectral_norm > plan.growth + 1e-9:
            raise InvalidInput("learning_rate: local steps grow faster than was declared", field="learning_rate")
        if float(np.linalg.norm(step.b)) > plan.update_norm * (1 + 1e-9):
            raise InvalidInput("features: the rows leave the declared ranges", field="features")
        self._context = context
        self._step = step
        self._encoded_matrix = lru_cache(maxsize=4)(self._encode_matrix)

    def train(self, task: TrainTask, randomizer: Randomizer) -> TrainResult:
        """Answer a training task.

        Raises:
            ProtocolViolation: a round that the specification does not have, a scale that the protocol does not produce,
                or an averaging weight above one.
            InvalidCiphertext: malformed weights.
        """
        plan, scale = self._context.plan, task.weights.fractional_bits
        if not 1 <= task.round <= plan.spec.rounds:
            raise ProtocolViolation(f"round {task.round} is not in the specification, which has {plan.spec.rounds}")
        if scale < WEIGHT_FRACTIONAL_BITS or not plan.can_train(task.round, scale):
            raise ProtocolViolation(f"weights of scale {scale} cannot be trained on in round {task.round}")
        if task.averaging_weight > task.averaging_total:
            raise ProtocolViolation("averaging_weight must not exceed averaging_total")
        weights = task.weights.to_vector(
            self._context.key,
            count=plan.spec.n_weights,
            fractional_bits=scale,
            bound=plan.weight_bound(task.round - 1, scale),
        )
        share = Fraction(task.averaging_weight, task.averaging_total)
        out_scale = scale + MATRIX_FRACTIONAL_BITS
        offset = encode([share * Fraction(float(value)) for value in self._step.b], out_scale)
        update = affine_map(
            self._encoded_matrix(share),
            weights,
            offset,
            matrix_fractional_bits=MATRIX_FRACTIONAL_BITS,
            # Tighter than the sum of absolute entries: ‖Aw + b‖₂ is bounded by the plan (`numeric_plan`).
            bound=plan.weight_bound(task.round, out_scale),
        )
        return TrainResult(update=CiphertextVector.of(update.rerandomize(randomizer)))

    def _encode_matrix(self, share: Fraction) -> list[list[int]]:
        return encode_matrix(self._step.A * float(share), MATRIX_FRACTIONAL_BITS)
