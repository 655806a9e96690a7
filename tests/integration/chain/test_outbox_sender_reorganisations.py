"""The outbox when the chain drops what was mined: each call ends up on the chain once, and nothing fails for it."""

from __future__ import annotations

from typing import Any

import pytest
from web3 import Web3

from commons.chain import transactions
from commons.chain.blocks import FINAL_DEPTH
from commons.chain.connection import ChainConnection
from commons.chain.fees import Fees
from commons.chain.jobs import JobState
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_reorganisation import SETTLING_S
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState
from commons.chain.transactions import send_and_wait

pytestmark = pytest.mark.integration

ETHER = 10**18


@pytest.fixture
def service(forked: Marketplace, make_service: Any, rpc: Any) -> Any:
    """A service on an Anvil whose account keeps its money through a reorganisation."""
    made = make_service(forked, SendingPolicy(resend_after_s=5, replace_after_s=60))
    rpc(forked, "anvil_mine", hex(5))
    return made


def test_a_dropped_transaction_is_sent_again_with_the_same_bytes(service: Any, rpc: Any) -> None:
    sender = service.sender()
    first = service.send("create", service.post())
    rpc(service.market, "anvil_reorg", 3, [])
    assert service.market.job_count() == 0
    sender.step()
    again = service.step_until("create", OutboxState.MINED)
    assert (again.tx_hash, again.nonce, again.tx_hashes) == (first.tx_hash, first.nonce, first.tx_hashes)
    assert again.block_hash != first.block_hash
    receipt = transactions.find_receipt(service.market.connection, str(again.tx_hash))
    assert receipt is not None
    assert again.block_hash == Web3.to_hex(receipt["blockHash"])
    assert service.market.job_count() == 1


def test_a_transaction_that_comes_back_by_itself_is_not_sent_again(service: Any, rpc: Any, monkeypatch: Any) -> None:
    """As on a public chain, where the other branch mostly has the same transactions in other blocks."""
    first = service.send("create", service.post())
    rpc(service.market, "anvil_reorg", 3, [["0x" + (first.signed or b"").hex(), 1]])
    assert service.market.job_count() == 1
    monkeypatch.setattr(transactions, "broadcast", None)
    service.sender().step()
    again = service.row("create")
    assert again.state is OutboxState.MINED
    assert again.block_hash != first.block_hash


def test_later_calls_wait_for_the_earlier_ones_to_be_there_again(service: Any, rpc: Any) -> None:
    service.send("create", service.post())
    service.send("cancel", service.market.calls.cancel_job(1))
    rpc(service.market, "anvil_reorg", 3, [])
    service.enqueue("withdraw", service.market.calls.withdraw())
    service.step_until("withdraw", OutboxState.MINED)
    rows = [service.row(key) for key in ("create", "cancel", "withdraw")]
    assert [(row.state, row.nonce) for row in rows] == [(OutboxState.MINED, nonce) for nonce in range(3)]
    assert service.market.total_owed_wei() == 0


def test_a_call_refused_while_the_chain_is_reorganised_is_not_given_up(
    service: Any, rpc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain changes between the check and the preflight: the call is looked at on a state that lacks its job."""
    service.send("create", service.post())
    service.enqueue("cancel", service.market.calls.cancel_job(1))
    really_estimate = transactions.estimate_gas
    refusals: list[str] = []

    def reorganise_then_estimate(*arguments: Any) -> int:
        if not refusals:
            refusals.append("reorganised")
            rpc(service.market, "anvil_reorg", 3, [])
        return really_estimate(*arguments)

    monkeypatch.setattr(transactions, "estimate_gas", reorganise_then_estimate)
    sender = service.sender()
    status = sender.step()
    assert service.row("cancel").state is OutboxState.QUEUED
    assert "reorganised" in str(status.waiting_for)
    service.step_until("cancel", OutboxState.MINED)
    assert service.market.job(1).state is JobState.CANCELLED


@pytest.mark.parametrize("mined", [False, True])
def test_a_call_that_failed_on_a_dropped_branch_is_tried_again(service: Any, rpc: Any, mined: bool) -> None:
    """The operator had cancelled the job by hand; that is undone, and only the outbox will cancel it now."""
    market = service.market
    service.send("create", service.post())
    rpc(market, "anvil_mine", hex(4))
    if mined:
        rpc(market, "evm_setAutomine", False)
        service.enqueue("cancel", market.calls.cancel_job(1))
        service.sender().step()
        by_hand = transactions.sign_transaction(
            service.account,
            market.calls.cancel_job(1),
            chain_id=market.connection.chain_id,
            nonce=1,
            gas_limit=200_000,
            fees=Fees(10**12, 10**12),
        )
        row = service.row("cancel")
        rpc(market, "anvil_dropTransaction", row.tx_hash)
        rpc(market, "evm_setAutomine", True)
        # The same nonce cannot be used twice, so the failing one gets the next.
        transactions.broadcast(market.connection, by_hand.raw)
        service.clock.now += 61
        service.step_until("cancel", OutboxState.QUEUED)
    else:
        send_and_wait(market.connection, service.account, market.calls.cancel_job(1))
        service.enqueue("cancel", market.calls.cancel_job(1))
    failed = service.step_until("cancel", OutboxState.FAILED)
    assert (failed.reason, failed.arguments["jobId"]) == ("MarketplaceWrongState", 1)
    rpc(market, "anvil_reorg", 3, [])
    assert market.job(1).state is JobState.POSTED
    again = service.step_until("cancel", OutboxState.MINED)
    assert (again.reason, again.arguments) == (None, None)
    assert market.job(1).state is JobState.CANCELLED
    assert market.owed_wei(service.address) == ETHER


def test_what_stays_refused_after_a_reorganisation_fails_in_the_end(service: Any, rpc: Any) -> None:
    """Nobody sends again what the call needed. It waits as long as that could still happen, and no longer."""
    market = service.market
    service.send("create", service.post())
    rpc(market, "anvil_mine", hex(4))
    service.enqueue("doomed", market.calls.cancel_job(2))
    sender = service.sender()
    service.enqueue("pay", service.pay())
    sender.step()
    assert service.row("doomed").state is OutboxState.FAILED
    rpc(market, "anvil_reorg", 3, [])
    sender.step()
    sender.step()
    assert service.row("pay").state is OutboxState.MINED
    assert service.row("doomed").state is OutboxState.QUEUED
    assert "reorganised just now" in str(service.row("doomed").note)
    service.clock.now += SETTLING_S
    sender.step()
    assert service.row("doomed").state is OutboxState.FAILED


def test_a_nonce_that_the_other_branch_gave_away_is_replaced(service: Any, rpc: Any) -> None:
    market = service.market
    first = service.send("create", service.post())
    other = transactions.sign_transaction(
        service.account,
        service.pay(),
        chain_id=market.connection.chain_id,
        nonce=0,
        gas_limit=50_000,
        fees=Fees(10**11, 10**10),
    )
    rpc(market, "anvil_reorg", 3, [["0x" + other.raw.hex(), 0]])
    sender = service.sender()
    sender.step()
    assert (service.row("create").state, market.job_count()) == (OutboxState.BROADCAST, 0)
    service.clock.now += 61
    mined = service.step_until("create", OutboxState.MINED)
    assert (mined.nonce, market.job_count()) == (1, 1)
    assert mined.tx_hash != first.tx_hash


@pytest.fixture
def asked(service: Any, start_proxy: Any) -> tuple[list[str], ChainConnection]:
    """What is asked of the node, and a connection whose questions these are."""
    methods: list[str] = []

    def note(request: dict[str, Any], forward: Any) -> bytes:
        methods.append(request["method"])
        return forward()

    return methods, ChainConnection(start_proxy(service.rpc_url, note))


def test_what_is_deep_enough_is_final_and_asks_the_node_nothing(service: Any, rpc: Any, asked: Any) -> None:
    methods, connection = asked
    service.send("pay", service.pay())
    sender = service.sender(connection)
    sender.step()
    assert methods
    rpc(service.market, "anvil_mine", hex(FINAL_DEPTH))
    sender.step()
    methods.clear()
    sender.step()
    assert methods == []


def test_a_pass_without_news_asks_for_one_block(service: Any, rpc: Any, asked: Any) -> None:
    methods, connection = asked
    for i in range(3):
        service.send(f"pay-{i}", service.pay())
    sender = service.sender(connection)
    sender.step()
    methods.clear()
    sender.step()
    assert methods == ["eth_getBlockByNumber"]
    rpc(service.market, "evm_mine")
    methods.clear()
    sender.step()
    assert methods == ["eth_getBlockByNumber"] * 2


def test_an_idle_sender_asks_only_now_and_then(service: Any, asked: Any) -> None:
    methods, connection = asked
    service.send("pay", service.pay())
    service.policy = SendingPolicy(idle_interval_s=2)
    sender = service.sender(connection)
    sender.step()
    methods.clear()
    sender.step()
    assert methods == []
    service.clock.now += 2
    sender.step()
    assert methods == ["eth_getBlockByNumber"]
    methods.clear()
    service.enqueue("pay more", service.pay())
    sender.step()
    assert "eth_sendRawTransaction" in methods
