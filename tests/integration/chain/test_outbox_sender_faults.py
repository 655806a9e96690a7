"""Transactions that are dropped, stuck, overtaken or reverted: each call is mined once all the same."""

from __future__ import annotations

from typing import Any

import pytest

from commons.chain import transactions
from commons.chain.connection import ChainConnection
from commons.chain.fees import Fees
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState
from deltaml.nodes import fund, start_anvil

pytestmark = pytest.mark.integration

ETHER = 10**18


def test_a_transaction_that_the_node_drops_is_sent_again(held: Any, rpc: Any) -> None:
    held.enqueue("pay", held.pay())
    held.sender().step()
    first = held.row("pay")
    rpc(held.market, "anvil_dropTransaction", first.tx_hash)
    held.sender().step()
    assert not transactions.is_known(held.market.connection, str(first.tx_hash)), "not before its time"
    held.clock.now += 6
    held.sender().step()
    assert transactions.is_known(held.market.connection, str(first.tx_hash))
    rpc(held.market, "evm_mine")
    assert held.step_until("pay", OutboxState.MINED).tx_hash == first.tx_hash


def test_a_stuck_transaction_is_replaced_by_one_with_a_higher_fee(held: Any, rpc: Any) -> None:
    held.enqueue("pay", held.pay())
    held.sender().step()
    first = held.row("pay")
    held.sender().step()
    assert held.row("pay").tx_hash == first.tx_hash
    held.clock.now += 61
    held.sender().step()
    second = held.row("pay")
    assert second.nonce == first.nonce
    assert second.tx_hashes == [first.tx_hash, second.tx_hash]
    assert second.max_fee_wei is not None
    assert first.max_fee_wei is not None
    assert second.max_fee_wei * 8 >= first.max_fee_wei * 9
    rpc(held.market, "evm_mine")
    mined = held.step_until("pay", OutboxState.MINED)
    assert mined.tx_hash == second.tx_hash
    assert held.market.connection.web3.eth.get_transaction_count(held.account.address) == 1


def test_the_original_may_be_mined_after_all(held: Any, rpc: Any) -> None:
    held.enqueue("pay", held.pay())
    held.sender().step()
    first = held.row("pay")
    held.clock.now += 61
    held.sender().step()
    second = held.row("pay")
    rpc(held.market, "anvil_dropTransaction", second.tx_hash)
    transactions.broadcast(held.market.connection, first.signed or b"")
    rpc(held.market, "evm_mine")
    assert held.step_until("pay", OutboxState.MINED).tx_hash == first.tx_hash


def test_fees_stop_rising_at_the_limit(held: Any, rpc: Any) -> None:
    held.enqueue("pay", held.pay())
    held.sender().step()
    first = held.row("pay")
    held.policy = SendingPolicy(replace_after_s=60, max_fee_wei=first.max_fee_wei or 0)
    held.clock.now += 61
    status = held.sender().step()
    assert held.row("pay").tx_hash == first.tx_hash
    assert "higher fee" in str(status.waiting_for)
    rpc(held.market, "evm_mine")
    held.step_until("pay", OutboxState.MINED)


def test_gas_that_costs_more_than_the_limit_is_waited_out(held: Any) -> None:
    held.policy = SendingPolicy(max_fee_wei=1)
    held.enqueue("pay", held.pay())
    assert "over the limit of 1" in str(held.sender().step().waiting_for)
    assert held.row("pay").state is OutboxState.QUEUED


def test_a_nonce_taken_by_somebody_else_is_replaced_by_the_next(held: Any, rpc: Any) -> None:
    """The operator uses the account by hand: the outbox's transaction can never be mined, its call still has to be."""
    held.enqueue("pay", held.pay(7))
    held.sender().step()
    first = held.row("pay")
    rpc(held.market, "anvil_dropTransaction", first.tx_hash)
    chain_id = held.market.connection.chain_id
    other = transactions.sign_transaction(
        held.account, held.pay(3), chain_id=chain_id, nonce=0, gas_limit=50_000, fees=Fees(10**11, 10**10)
    )
    transactions.broadcast(held.market.connection, other.raw)
    rpc(held.market, "evm_mine")
    held.sender().step()
    assert held.row("pay").nonce == 0, "a receipt could still turn up"
    held.clock.now += 61
    held.sender().step()
    assert held.row("pay").state is OutboxState.QUEUED
    held.sender().step()
    rpc(held.market, "evm_mine")
    mined = held.step_until("pay", OutboxState.MINED)
    assert mined.nonce == 1
    assert mined.tx_hash not in (first.tx_hash, other.tx_hash)


def test_a_transaction_counts_as_mined_after_its_confirmations(held: Any, rpc: Any) -> None:
    held.policy = SendingPolicy(confirmations=3)
    held.enqueue("pay", held.pay())
    held.sender().step()
    for confirmations in (1, 2):
        rpc(held.market, "evm_mine")
        held.sender().step()
        row = held.row("pay")
        assert row.state is OutboxState.BROADCAST
        assert row.note == f"{confirmations} of 3 confirmations"
    rpc(held.market, "evm_mine")
    held.sender().step()
    assert held.row("pay").state is OutboxState.MINED


def test_a_nonce_is_lost_only_once_its_taker_is_confirmed(held: Any, rpc: Any) -> None:
    """What took the nonce may be reorganised away, and the outbox's own transaction be mined after all."""
    held.policy = SendingPolicy(confirmations=3)
    held.enqueue("pay", held.pay())
    held.sender().step()
    rpc(held.market, "anvil_dropTransaction", held.row("pay").tx_hash)
    chain_id = held.market.connection.chain_id
    other = transactions.sign_transaction(
        held.account, held.pay(), chain_id=chain_id, nonce=0, gas_limit=50_000, fees=Fees(10**11, 10**10)
    )
    transactions.broadcast(held.market.connection, other.raw)
    held.clock.now += 61
    for _ in range(2):
        rpc(held.market, "evm_mine")
        held.sender().step()
        assert held.row("pay").nonce == 0
    rpc(held.market, "evm_mine")
    held.sender().step()
    assert held.row("pay").state is OutboxState.QUEUED


def test_a_gap_before_a_nonce_is_filled(held: Any, rpc: Any) -> None:
    """The operator's own transaction, on which the outbox's one queued up, is lost by the node and never sent again."""
    market, stranger = held.market, "0x" + "11" * 20
    before = transactions.balance_wei(market.connection, stranger)
    by_hand = transactions.sign_transaction(
        held.account,
        held.pay(3),
        chain_id=market.connection.chain_id,
        nonce=0,
        gas_limit=50_000,
        fees=Fees(10**11, 10**10),
    )
    transactions.broadcast(market.connection, by_hand.raw)
    held.enqueue("pay", held.pay(7))
    held.sender().step()
    assert held.row("pay").nonce == 1
    rpc(market, "anvil_dropTransaction", by_hand.tx_hash)
    rpc(market, "evm_mine")
    held.sender().step()
    assert transactions.mined_nonce(market.connection, held.address) == 0
    held.clock.now += 61
    status = held.sender().step()
    assert "nonce 0 was missing" in str(status.waiting_for)
    # The filler is mined; what was queued behind it the node may have thrown away together with the lost one.
    rpc(market, "evm_mine")
    held.sender().step()
    rpc(market, "evm_mine")
    mined = held.step_until("pay", OutboxState.MINED)
    assert (mined.nonce, len(mined.tx_hashes)) == (1, 1)
    assert transactions.balance_wei(market.connection, stranger) == before + 7
    assert transactions.mined_nonce(market.connection, held.address) == 2


def test_no_deposit_goes_where_the_contract_is_not(make_service: Any, new_market: Any) -> None:
    """The development chain is reset, or another node configured: a call of nothing succeeds, and its ether is lost."""
    with start_anvil() as node:
        service = make_service(new_market(node.rpc_url))
        service.enqueue("create", service.post())
        service.enqueue("later", service.post())
        rpc_url = service.rpc_url
    with start_anvil(node.port):
        fund(rpc_url, service.address, 100 * ETHER)
        status = service.sender().step()
        assert "is not at" in str(status.waiting_for)
        assert [service.row(key).state for key in ("create", "later")] == [OutboxState.QUEUED] * 2
        assert transactions.balance_wei(service.market.connection, service.address) == 100 * ETHER


def test_signed_bytes_are_not_sent_where_the_contract_is_not(
    make_service: Any, new_market: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_anvil() as node:
        service = make_service(new_market(node.rpc_url), SendingPolicy(resend_after_s=0, replace_after_s=60))
        service.enqueue("create", service.post())
        with monkeypatch.context() as patched:
            patched.setattr(transactions, "broadcast", lambda connection, signed: None)
            service.sender().step()
        assert service.row("create").signed
    with start_anvil(node.port):
        fund(service.rpc_url, service.address, 100 * ETHER)
        for _ in range(2):
            assert "is not at" in str(service.sender().step().waiting_for)
            service.clock.now += 61
        assert transactions.balance_wei(service.market.connection, service.address) == 100 * ETHER


def test_a_database_of_one_chain_sends_nothing_on_another(make_service: Any, new_market: Any) -> None:
    """Even where the contract has the same address on both, as it has when one account deployed it first on each."""
    with start_anvil() as one, start_anvil(chain_id=99) as other:
        service = make_service(new_market(one.rpc_url))
        service.send("pay", service.pay())
        service.enqueue("again", service.pay())
        fund(other.rpc_url, service.address, 100 * ETHER)
        status = service.sender(ChainConnection(other.rpc_url)).step()
        assert "serves chain 99, and this database's transactions are on chain 1337" in str(status.waiting_for)
        assert service.row("again").state is OutboxState.QUEUED
        service.step_until("again", OutboxState.MINED)


def test_a_call_that_fits_in_no_block_fails_with_the_reason(make_service: Any, new_market: Any, rpc: Any) -> None:
    with start_anvil() as node:
        service = make_service(new_market(node.rpc_url))
        rpc(service.market, "evm_setBlockGasLimit", hex(60_000))
        rpc(service.market, "evm_mine")
        service.enqueue("create", service.post())
        service.step_until("create", OutboxState.FAILED)
        row = service.row("create")
        assert (row.reason, row.nonce) == ("GasLimitExceeded", None)
        assert "60000" in str(row.note)
        service.send("pay", service.pay())


def test_a_transaction_that_reverts_in_its_block_fails_with_the_reason(held: Any, make_service: Any, rpc: Any) -> None:
    """Between check and block the state changes: somebody else expires the offer first. (The last test: time has moved.)"""
    market = held.market
    rpc(market, "evm_setAutomine", True)
    job_id = market.job_count() + 1
    held.enqueue("create", held.post())
    held.step_until("create", OutboxState.MINED)
    rpc(market, "evm_setAutomine", False)
    held.enqueue("cancel", market.calls.cancel_job(job_id))
    held.sender().step()
    assert held.row("cancel").state is OutboxState.BROADCAST
    rpc(market, "evm_setNextBlockTimestamp", market.job(job_id).terms.start_by + 1)
    other = make_service(market).account
    faster = transactions.sign_transaction(
        other,
        market.calls.cancel_job(job_id),
        chain_id=market.connection.chain_id,
        nonce=0,
        gas_limit=200_000,
        fees=Fees(10**12, 10**11),
    )
    transactions.broadcast(market.connection, faster.raw)
    rpc(market, "evm_mine")
    failed = held.step_until("cancel", OutboxState.FAILED)
    assert failed.block_number is not None
    assert "reverted" in str(failed.note)
    assert market.owed_wei(held.account.address) == ETHER
