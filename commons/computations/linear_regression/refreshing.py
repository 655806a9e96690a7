"""The aggregator's side of a refresh: masks on, proof checked, masks off.

The mask is expanded from a seed that is stored with the task, so the step survives a crash. The buyer sees uniformly masked
numbers; the aggregator sees ciphertexts. Taking the truncated mask off leaves an error of at most one unit in the last place
(probabilistic truncation).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from commons.ciphers.masks import refresh_mask
from commons.ciphers.paillier import EncryptedVector, Opening, Randomizer
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import RefreshResult, RefreshTask
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.range_proof import REPETITIONS, ParallelMap, RangeProof
from commons.computations.linear_regression.refresh_proof import RefreshProof, round_shift, verify_refresh
from commons.messages import from_hex


def mask_weights(
    context: JobContext,
    models: Sequence[EncryptedVector],
    seed: bytes,
    randomizer: Randomizer,
    *,
    round_number: int,
    checkpoint: int,
) -> RefreshTask:
    """The task that asks the buyer to refresh these models (all of one scale).

    Their randomness is made anew: the buyer, who can read it, has chosen some of what went into it.
    """
    joined = reduce(EncryptedVector.concatenate, models)
    scale = joined.fractional_bits
    mask = refresh_mask(seed, len(joined), context.plan.mask_bits(round_number, scale))
    masked = joined.unsafe_with_bound(context.plan.weight_bound(round_number, scale)).add_encoded(mask)
    masked = masked.rerandomize(randomizer)
    return RefreshTask(
        job_id=context.job_id,
        round=round_number,
        checkpoint=checkpoint,
        masked=CiphertextVector.of(masked),
        shift_bits=scale - WEIGHT_FRACTIONAL_BITS,
    )


def check_refresh(
    context: JobContext, task: RefreshTask, result: RefreshResult, *, parallel_map: ParallelMap = map
) -> EncryptedVector:
    """The refreshed weights, still masked, after their form and the buyer's proof were checked.

    Raises:
        ProtocolViolation: the buyer's proof does not verify.
        InvalidCiphertext: malformed vectors.
    """
    plan, count = context.plan, task.masked.count
    scale = WEIGHT_FRACTIONAL_BITS + task.shift_bits
    bound = plan.masked_bound(task.round, scale)
    masked = task.masked.to_vector(context.key, count=count, fractional_bits=scale, bound=bound)
    fresh = result.refreshed.to_vector(
        context.key, count=count, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=(bound >> task.shift_bits) + 1
    )
    blinding = result.blinding.to_vector(context.key, count=1, fractional_bits=scale, bound=1)
    fresh_range = RangeProof(
        result.range_blindings.to_vector(
            context.key, count=REPETITIONS, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=1
        ),
        tuple(map(from_hex, result.range_values)),
        tuple(map(from_hex, result.range_randomness)),
    )
    opening = Opening(from_hex(result.opened_value), from_hex(result.opened_randomness))
    verify_refresh(
        masked,
        fresh,
        RefreshProof(fresh_range, blinding, opening),
        shift_bits=task.shift_bits,
        context=context.place(task.round, task.checkpoint),
        parallel_map=parallel_map,
    )
    return fresh


def unmask_weights(
    context: JobContext, task: RefreshTask, fresh: EncryptedVector, seed: bytes
) -> list[EncryptedVector]:
    """The refreshed models, in the order of the task, from what `check_refresh` returned.

    They are not re-randomised: the buyer has just encrypted them, and nobody but it could recognise them. It must not
    get them as they are while the job runs: what it recognises tells it the mask, and so the weights.
    """
    plan = context.plan
    scale = fresh.fractional_bits + task.shift_bits
    mask = refresh_mask(seed, len(fresh), plan.mask_bits(task.round, scale))
    unmasked = fresh.add_encoded([-round_shift(value, task.shift_bits) for value in mask])
    unmasked = unmasked.unsafe_with_bound(plan.weight_bound(task.round, WEIGHT_FRACTIONAL_BITS))
    n_weights = plan.spec.n_weights
    return [unmasked[start : start + n_weights] for start in range(0, len(fresh), n_weights)]
