"""How a deposit would be split: the contract's rule (`commons.market.payout`) for owners whose contributions are alike."""

from __future__ import annotations

from collections.abc import Callable

from commons.market.job_terms import PayTerms
from commons.market.payout import BPS, payout
from commons.market.roles import trainer_count
from commons.messages import FrozenModel, Wei

_MSE = 10**12
"""Initial MSE of the made-up course; improvements are rounded to the 10¹⁰th part of a percent."""


class SplitPreview(FrozenModel):
    """What everybody would get; the parts add up to the deposit.

    Attributes:
        owners: that take part, divided into `trainers` and `validators` as the draw of roles does.
        improvement_percent: by how much the MSE would have fallen.
        trainer_pool_wei: what the trainers would share by their contributions.
        trainer_each_wei: each trainer's part if all contributed alike.
    """

    deposit_wei: Wei
    owners: int
    trainers: int
    validators: int
    improvement_percent: float
    trainer_pool_wei: Wei
    trainer_each_wei: Wei
    validator_each_wei: Wei
    aggregator_wei: Wei
    refund_wei: Wei


def preview_split(
    deposit_wei: int,
    owners: int,
    improvement_percent: float,
    pay: PayTerms,
    n_trainers: Callable[[int], int] = trainer_count,
) -> SplitPreview:
    """Return the split of a deposit among so many owners.

    Args:
        deposit_wei: what the buyer escrows.
        owners: two or more.
        improvement_percent: from 0 (the MSE did not fall) to 100 (it fell to 0).
        pay: the shares.
        n_trainers: how many of so many owners train.
    """
    trainers = n_trainers(owners)
    final_mse = _MSE - round(_MSE * improvement_percent / 100)
    split = payout(deposit_wei, _MSE, final_mse, [1] * trainers, owners - trainers, **pay.model_dump())
    return SplitPreview(
        deposit_wei=deposit_wei,
        owners=owners,
        trainers=trainers,
        validators=owners - trainers,
        improvement_percent=improvement_percent,
        trainer_pool_wei=deposit_wei * pay.trainer_bps // BPS * (_MSE - final_mse) // _MSE,
        trainer_each_wei=split.trainers[0],
        validator_each_wei=split.validator_each,
        aggregator_wei=split.aggregator,
        refund_wei=split.refund,
    )
