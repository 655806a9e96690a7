"""The preview of a split: the contract's rule, and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.market.job_terms import PayTerms
from commons.market.payout import payout
from commons.market.split_preview import preview_split

ETHER = 10**18


def test_five_owners_and_an_improvement_of_40_percent() -> None:
    split = preview_split(ETHER, 5, 40.0, PayTerms())
    assert (split.trainers, split.validators) == (3, 2)
    assert split.trainer_pool_wei == ETHER * 28 // 100
    assert split.trainer_each_wei == ETHER * 28 // 100 // 3
    assert split.validator_each_wei == ETHER // 10
    assert split.aggregator_wei == ETHER // 10
    assert split.refund_wei == ETHER - 3 * split.trainer_each_wei - 3 * ETHER // 10


def test_who_trains_can_be_another_rule() -> None:
    split = preview_split(ETHER, 5, 100.0, PayTerms(), lambda owners: owners - 1)
    assert (split.trainers, split.validators) == (4, 1)
    assert (split.trainer_each_wei, split.validator_each_wei) == (7 * ETHER // 40, ETHER // 5)


@pytest.mark.parametrize(("percent", "pool"), [(0.0, 0), (100.0, 7 * ETHER // 10)])
def test_no_improvement_pays_no_trainer_and_a_whole_one_all(percent: float, pool: int) -> None:
    assert preview_split(ETHER, 2, percent, PayTerms()).trainer_pool_wei == pool


@given(
    deposit=st.integers(1, 2**128 - 1),
    owners=st.integers(2, 133),
    percent=st.floats(0, 100),
    shares=st.tuples(st.integers(0, 4000), st.integers(0, 3000), st.integers(0, 3000)),
)
def test_the_parts_add_up_and_are_what_settling_pays(
    deposit: int, owners: int, percent: float, shares: tuple[int, int, int]
) -> None:
    pay = PayTerms(trainer_bps=shares[0], validator_bps=shares[1], aggregator_bps=shares[2])
    split = preview_split(deposit, owners, percent, pay)
    parts = split.trainers * split.trainer_each_wei + split.validators * split.validator_each_wei
    assert parts + split.aggregator_wei + split.refund_wei == deposit
    scale = 10**12
    settled = payout(
        deposit, scale, scale - round(scale * percent / 100), [7] * split.trainers, split.validators, **pay.model_dump()
    )
    assert settled.trainers == (split.trainer_each_wei,) * split.trainers
    assert sum(settled.trainers) <= split.trainer_pool_wei < sum(settled.trainers) + split.trainers
