"""What is offered for gas: as much as lasts, never over the limit, and nothing only when the limit is under the price."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from commons.chain.fees import Fees, GasPrice

GWEI = 10**9
AMOUNTS = st.integers(0, 10**13)


def test_with_room_the_offer_lasts_while_the_base_fee_doubles() -> None:
    assert GasPrice(30 * GWEI, 1 * GWEI).fees_within(500 * GWEI) == Fees(61 * GWEI, 1 * GWEI)


def test_between_half_the_limit_and_the_limit_the_limit_is_offered() -> None:
    assert GasPrice(300 * GWEI, 1 * GWEI).fees_within(500 * GWEI) == Fees(500 * GWEI, 1 * GWEI)
    assert GasPrice(499 * GWEI, 1 * GWEI).fees_within(500 * GWEI) == Fees(500 * GWEI, 1 * GWEI)


def test_over_the_limit_nothing_is_offered() -> None:
    price = GasPrice(499 * GWEI, 1 * GWEI + 1)
    assert price.fees_within(500 * GWEI) is None
    assert price.least_wei == 500 * GWEI + 1


def test_a_chain_without_eip_1559_is_offered_its_gas_price() -> None:
    assert GasPrice(None, 20).fees_within(20) == Fees(20, None)
    assert GasPrice(None, 20).fees_within(19) is None
    assert GasPrice(None, 20).ample_fees == Fees(20, None)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_an_offer_pays_the_price_and_keeps_the_limit(base_wei: int, tip_wei: int, limit_wei: int) -> None:
    fees = GasPrice(base_wei, tip_wei).fees_within(limit_wei)
    assert (fees is None) == (base_wei + tip_wei > limit_wei)
    if fees is not None:
        assert base_wei + tip_wei <= fees.max_wei <= limit_wei
        assert fees.priority_wei == tip_wei <= fees.max_wei


def test_a_replacement_is_raised_by_a_quarter_or_to_what_gas_costs_now() -> None:
    assert Fees(1000, 8).replacement(Fees(900, 7), 10_000) == Fees(1250, 10)
    assert Fees(1000, 8).replacement(Fees(3000, 7), 10_000) == Fees(3000, 10)
    assert Fees(1000, 8).replacement(Fees(900, 90), 10_000) == Fees(1250, 90)
    assert Fees(1000, None).replacement(Fees(900, None), 10_000) == Fees(1250, None)


def test_a_replacement_goes_up_to_the_limit_if_nodes_take_it_for_one() -> None:
    assert Fees(1000, 8).replacement(Fees(900, 7), 1125) == Fees(1125, 10)
    assert Fees(1000, 8).replacement(Fees(900, 7), 1124) is None
    assert Fees(1000, 1000).replacement(Fees(900, 7), 1125) == Fees(1125, 1125)
    assert Fees(1000, 8).replacement(Fees(900, 7), 900) is None, "the limit was lowered since"


def test_the_kind_of_transaction_may_change_with_the_chain() -> None:
    assert Fees(1000, None).replacement(Fees(2000, 7), 10_000) == Fees(2000, None)
    assert Fees(1000, 8).replacement(Fees(900, None), 10_000) == Fees(1250, None)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_replacement_is_one_to_every_node_and_keeps_the_limit(
    max_wei: int, priority_wei: int, base_wei: int, tip_wei: int, limit_wei: int
) -> None:
    assume(priority_wei <= max_wei)
    raised = Fees(max_wei, priority_wei).replacement(GasPrice(base_wei, tip_wei).ample_fees, limit_wei)
    if raised is None:
        assert limit_wei * 1000 < max_wei * 1125
    else:
        assert raised.priority_wei is not None
        assert raised.priority_wei <= raised.max_wei <= limit_wei
        assert raised.max_wei * 1000 >= max_wei * 1125
        assert raised.priority_wei * 1000 >= priority_wei * 1125
