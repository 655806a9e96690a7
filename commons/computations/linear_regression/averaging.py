"""Federated averaging of encrypted updates, and the leave-one-out models of a checkpoint.

Trainers send [p_t·w_t] with p_t = their weight / the sum of all weights, so the average is a plain product of ciphertexts.
Only when somebody is missing, and at a checkpoint, a fixed-point factor 1/Σp of those who are in is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import reduce
from operator import add

from commons.ciphers.paillier import EncryptedVector
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS
from commons.errors import Conflict

ONE = 1 << MATRIX_FRACTIONAL_BITS


def _sum_without(updates: Mapping[str, EncryptedVector], left_out: str | None) -> EncryptedVector | None:
    kept = [vector for trainer, vector in updates.items() if trainer != left_out]
    return reduce(add, kept) if kept else None


def _inverse_share(weights: Mapping[str, int], members: Sequence[str]) -> int:
    """Σ all weights / Σ members' weights at `MATRIX_FRACTIONAL_BITS`."""
    return round(Fraction(sum(weights.values()), sum(weights[member] for member in members)) * ONE)


def average(updates: Mapping[str, EncryptedVector], weights: Mapping[str, int], *, bound: int) -> EncryptedVector:
    """The average of the updates that are in.

    Args:
        updates: [p_t·w_t] by trainer, all of one scale.
        weights: averaging weights of all trainers of the job, also of those that are missing.
        bound: of the result at the updates' scale (`NumericPlan.weight_bound`).

    Returns:
        [Σ p_t·w_t / Σ p_t]; at the updates' scale if nobody is missing, else `MATRIX_FRACTIONAL_BITS` finer.

    Raises:
        Conflict: no update is in.
    """
    total = _sum_without(updates, None)
    if total is None:
        raise Conflict("no trainer's update is in")
    if len(updates) == len(weights):
        return total.unsafe_with_bound(bound)
    factor = _inverse_share(weights, list(updates))
    return (
        total.unsafe_with_bound(bound).multiply_encoded(factor, MATRIX_FRACTIONAL_BITS).unsafe_with_bound(bound * ONE)
    )


def candidates(
    updates: Mapping[str, EncryptedVector],
    weights: Mapping[str, int],
    trainers: Sequence[str],
    previous: EncryptedVector,
    *,
    bound: int,
) -> list[EncryptedVector]:
    """The global model and the leave-one-out models of a round, all `MATRIX_FRACTIONAL_BITS` finer than the updates.

    Without trainer t the average is over the others. If t was the only one, nothing would have happened without it: its
    leave-one-out model is the model before the round. If t sent nothing, its absence changes nothing.

    Args:
        updates: [p_t·w_t] by trainer.
        weights: averaging weights of all trainers.
        trainers: all trainers, in the order of the result.
        previous: the global model before the round.
        bound: of the result at the updates' scale.

    Returns:
        1 + len(trainers) vectors, the global model first.

    Raises:
        Conflict: no update is in.
    """
    if not updates:
        raise Conflict("no trainer's update is in")
    scale = next(iter(updates.values())).fractional_bits + MATRIX_FRACTIONAL_BITS

    def without(left_out: str | None) -> EncryptedVector:
        total = _sum_without(updates, left_out)
        if total is None:
            lift = scale - previous.fractional_bits
            return previous.multiply_encoded(1 << lift, lift).unsafe_with_bound(bound * ONE)
        factor = _inverse_share(weights, [trainer for trainer in updates if trainer != left_out])
        return (
            total.unsafe_with_bound(bound)
            .multiply_encoded(factor, MATRIX_FRACTIONAL_BITS)
            .unsafe_with_bound(bound * ONE)
        )

    everybody = without(None)
    return [everybody, *(without(trainer) if trainer in updates else everybody for trainer in trainers)]
