"""What the outbox pays for gas on a real node: up to the limit, and nothing while gas costs more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from commons.chain import transactions
from commons.chain.blocks import find_block, latest_block
from commons.chain.fees import Fees, gas_price
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState
from model_buyer.adapters.marketplace_chain import POSTING_GAS, MarketplaceChain

pytestmark = pytest.mark.integration

GWEI = 10**9
LIMITED = SendingPolicy(replace_after_s=60, max_fee_wei=500 * GWEI)


@pytest.fixture
def base_fee(held: Any, rpc: Any) -> Iterator[Callable[[int], None]]:
    """Mine a block with the base fee that is given, in gwei, and give the next one the same."""

    def set_to(gwei: int) -> None:
        rpc(held.market, "anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))
        rpc(held.market, "evm_mine")
        rpc(held.market, "anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))
        assert latest_block(held.market.connection).base_fee_wei == gwei * GWEI

    yield set_to
    set_to(1)


def test_a_base_fee_above_half_the_limit_is_paid(held: Any, rpc: Any, base_fee: Any) -> None:
    held.policy = LIMITED
    base_fee(300)
    held.enqueue("create", held.post())
    held.sender().step()
    row = held.row("create")
    assert (row.state, row.max_fee_wei) == (OutboxState.BROADCAST, 500 * GWEI)
    rpc(held.market, "evm_mine")
    mined = held.step_until("create", OutboxState.MINED)
    block = find_block(held.market.connection, mined.block_number or 0)
    assert block is not None
    assert block.base_fee_wei == 300 * GWEI


def test_nothing_is_sent_while_gas_costs_more_than_the_limit_and_the_note_says_so(
    held: Any, rpc: Any, base_fee: Any
) -> None:
    held.policy = LIMITED
    base_fee(500)
    tip_wei = gas_price(held.market.connection).tip_wei
    held.enqueue("pay", held.pay())
    status = held.sender().step()
    assert status.waiting_for == f"gas costs {500 * GWEI + tip_wei} wei, over the limit of {500 * GWEI}"
    assert (held.row("pay").state, held.row("pay").nonce) == (OutboxState.QUEUED, None)
    base_fee(499 - tip_wei // GWEI)
    held.sender().step()
    rpc(held.market, "evm_mine")
    assert held.step_until("pay", OutboxState.MINED).max_fee_wei == 500 * GWEI


def test_a_replacement_goes_up_to_the_limit_and_stops_there(held: Any, rpc: Any, base_fee: Any) -> None:
    held.policy = LIMITED
    base_fee(200)
    held.enqueue("pay", held.pay())
    held.sender().step()
    first = held.row("pay")
    assert 400 * GWEI < first.max_fee_wei <= 402 * GWEI
    held.clock.now += 61
    held.sender().step()
    second = held.row("pay")
    assert (second.max_fee_wei, len(second.tx_hashes)) == (500 * GWEI, 2)
    assert transactions.is_known(held.market.connection, str(second.tx_hash))
    assert not transactions.is_known(held.market.connection, str(first.tx_hash)), "the node took it for a replacement"
    held.clock.now += 61
    assert "a higher fee is over" in str(held.sender().step().waiting_for)
    rpc(held.market, "evm_mine")
    assert held.step_until("pay", OutboxState.MINED).tx_hash == second.tx_hash


def test_what_is_stuck_is_not_replaced_while_gas_costs_more_than_the_limit(held: Any, rpc: Any, base_fee: Any) -> None:
    held.policy = LIMITED
    base_fee(200)
    held.enqueue("pay", held.pay())
    held.sender().step()
    base_fee(600)
    held.clock.now += 61
    assert "over the limit" in str(held.sender().step().waiting_for)
    assert len(held.row("pay").tx_hashes) == 1
    base_fee(200)
    held.sender().step()
    assert held.row("pay").max_fee_wei == 500 * GWEI
    rpc(held.market, "evm_mine")
    held.step_until("pay", OutboxState.MINED)


def test_a_gap_is_filled_up_to_the_limit_too(held: Any, rpc: Any, base_fee: Any) -> None:
    held.policy = LIMITED
    base_fee(300)
    market = held.market
    by_hand = transactions.sign_transaction(
        held.account,
        held.pay(3),
        chain_id=market.connection.chain_id,
        nonce=0,
        gas_limit=50_000,
        fees=Fees(500 * GWEI, GWEI),
    )
    transactions.broadcast(market.connection, by_hand.raw)
    held.enqueue("pay", held.pay(7))
    held.sender().step()
    rpc(market, "anvil_dropTransaction", by_hand.tx_hash)
    held.clock.now += 61
    assert "nonce 0 was missing" in str(held.sender().step().waiting_for)
    rpc(market, "evm_mine")
    held.sender().step()
    rpc(market, "evm_mine")
    held.step_until("pay", OutboxState.MINED)
    assert transactions.mined_nonce(market.connection, held.address) == 2


def test_the_buyers_estimate_for_posting_is_what_its_outbox_would_offer(held: Any, base_fee: Any) -> None:
    chain = MarketplaceChain(held.market, max_fee_wei=500 * GWEI)
    for gwei in (1, 300, 600):
        base_fee(gwei)
        tip_wei = gas_price(held.market.connection).tip_wei
        assert chain.posting_cost_wei() == POSTING_GAS * min(2 * gwei * GWEI + tip_wei, 500 * GWEI)
