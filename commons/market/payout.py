"""How a deposit is split at settlement, in integers, in the very order of divisions of the contract.

Every division rounds down, and what rounding leaves goes to the buyer with the rest of the refund::

    trainer pool    = ⌊ ⌊deposit · trainer_bps / 10000⌋ · max(0, initial - final) / initial ⌋      (0 if initial = 0)
    trainer t       = ⌊ pool · contribution_t / Σ contribution ⌋      (⌊pool / number of trainers⌋ if Σ = 0)
    each validator  = ⌊ ⌊deposit · validator_bps / 10000⌋ / number of validators ⌋
    aggregator      = ⌊ deposit · aggregator_bps / 10000 ⌋
    refund          = deposit - all of these

A job that expires pays its aggregator nothing, and without a single checkpoint it pays nobody. The same rule in Solidity is
contracts/src/PayoutMath.sol; both are tested with the vectors in contracts/test/vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commons.errors import InvalidInput
from commons.market.contribution import leave_one_out_contributions

BPS = 10_000
TRAINER_BPS, VALIDATOR_BPS, AGGREGATOR_BPS = 7000, 2000, 1000
"""The shares of a job that says nothing else."""


@dataclass(frozen=True)
class Payout:
    """Who gets how many wei of one deposit.

    Attributes:
        trainers: wei for each trainer, in the order of the contributions.
        validator_each: wei for each validator.
        aggregator: wei for the aggregator.
        refund: wei back to the buyer, rounding dust included.
    """

    trainers: tuple[int, ...]
    validator_each: int
    aggregator: int
    refund: int


def payout(
    deposit_wei: int,
    initial_mse: int,
    final_mse: int,
    contributions: Sequence[int],
    n_validators: int,
    *,
    trainer_bps: int = TRAINER_BPS,
    validator_bps: int = VALIDATOR_BPS,
    aggregator_bps: int = AGGREGATOR_BPS,
) -> Payout:
    """Return the split of `deposit_wei` after training went from `initial_mse` to `final_mse` (same fixed point).

    Raises:
        InvalidInput: a negative amount, no trainer or no validator, or shares above the whole.
    """
    amounts = {"deposit_wei": deposit_wei, "initial_mse": initial_mse, "final_mse": final_mse}
    shares = {"trainer_bps": trainer_bps, "validator_bps": validator_bps, "aggregator_bps": aggregator_bps}
    _check(amounts | shares, contributions, n_validators)
    trainer_pool = deposit_wei * trainer_bps // BPS
    improvement = max(0, initial_mse - final_mse)
    trainer_pool = trainer_pool * improvement // initial_mse if initial_mse else 0
    total = sum(contributions)
    if total:
        trainers = tuple(trainer_pool * contribution // total for contribution in contributions)
    else:
        trainers = (trainer_pool // len(contributions),) * len(contributions)
    validator_each = deposit_wei * validator_bps // BPS // n_validators
    aggregator = deposit_wei * aggregator_bps // BPS
    refund = deposit_wei - sum(trainers) - validator_each * n_validators - aggregator
    return Payout(trainers=trainers, validator_each=validator_each, aggregator=aggregator, refund=refund)


def payout_of_job(
    deposit_wei: int,
    checkpoints: Sequence[tuple[int, Sequence[int]]],
    n_trainers: int,
    n_validators: int,
    *,
    delivered: bool,
    trainer_bps: int = TRAINER_BPS,
    validator_bps: int = VALIDATOR_BPS,
    aggregator_bps: int = AGGREGATOR_BPS,
) -> Payout:
    """Return the split that a job's recorded checkpoints make of its deposit.

    Args:
        deposit_wei: the deposit.
        checkpoints: (mse, leave_one_out_mses) of each checkpoint in order, the same integers that the chain records; the
            first is the start model's, without leave-one-out MSEs.
        n_trainers: number of trainers.
        n_validators: number of validators.
        delivered: whether the job was finalized; otherwise it expired.
        trainer_bps: the trainers' share in basis points.
        validator_bps: the validators' share in basis points.
        aggregator_bps: the aggregator's share in basis points.

    Raises:
        InvalidInput: as `payout`, or leave-one-out MSEs that are not one for each trainer.
    """
    if not checkpoints:
        initial, final, gains = 0, 0, []
        validator_bps = aggregator_bps = 0
    else:
        initial, final = checkpoints[0][0], checkpoints[-1][0]
        gains = leave_one_out_contributions(checkpoints[1:])
    if gains and len(gains) != n_trainers:
        raise InvalidInput(
            f"there are {len(gains)} leave-one-out errors at a checkpoint; expected {n_trainers}",
            field="leave_one_out_mses",
        )
    return payout(
        deposit_wei,
        initial,
        final,
        gains or [0] * n_trainers,
        n_validators,
        trainer_bps=trainer_bps,
        validator_bps=validator_bps,
        aggregator_bps=aggregator_bps if delivered else 0,
    )


def _check(amounts: dict[str, int], contributions: Sequence[int], n_validators: int) -> None:
    for field, amount in amounts.items():
        if amount < 0:
            raise InvalidInput(f"{field} is {amount}; expected 0 or more", field=field)
    total_bps = sum(amount for field, amount in amounts.items() if field.endswith("_bps"))
    if total_bps > BPS:
        raise InvalidInput(f"the shares add up to {total_bps} basis points; expected at most {BPS}", field="shares_bps")
    if not contributions or min(contributions) < 0:
        raise InvalidInput("expected one contribution of 0 or more for each trainer", field="contributions")
    if n_validators < 1:
        raise InvalidInput(f"n_validators is {n_validators}; expected at least 1", field="n_validators")
