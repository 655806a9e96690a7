"""The outbox against real nodes: each call is mined once and in order, whatever its own process does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from commons.chain import transactions
from commons.chain.connection import ChainConnection
from commons.chain.jobs import JobState
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState
from deltaml.nodes import ChainNode, fund, start_anvil

pytestmark = pytest.mark.integration

ETHER = 10**18


def test_calls_are_mined_in_order_and_once(service: Any) -> None:
    before = service.market.job_count()
    for i in range(3):
        service.enqueue(f"create-{i}", service.post(ETHER + i))
    last = service.step_until("create-2", OutboxState.MINED)
    assert last.tx_hash is not None
    assert last.gas_used is not None
    assert service.market.job_count() == before + 3
    rows = [service.row(f"create-{i}") for i in range(3)]
    assert [row.nonce for row in rows] == [0, 1, 2]
    jobs = [service.market.job_created_by(str(row.tx_hash)) for row in rows]
    assert jobs == [before + 1, before + 2, before + 3]
    assert service.market.job(jobs[1]).deposit_wei == ETHER + 1
    status = service.sender().step()
    assert (status.unfinished, status.waiting_for) == (0, None)


def test_a_doomed_call_costs_nothing_and_names_the_contracts_error(service: Any) -> None:
    service.enqueue("doomed", service.market.calls.finalize(10**6, b"s" * 32))
    service.enqueue("create", service.post())
    row = service.step_until("doomed", OutboxState.FAILED)
    assert (row.state, row.reason, row.nonce, row.tx_hash) == (OutboxState.FAILED, "MarketplaceNoSuchJob", None, None)
    assert row.arguments == {"jobId": 10**6}
    assert service.step_until("create", OutboxState.MINED).nonce == 0


def test_each_call_sees_what_the_one_before_did(service: Any) -> None:
    """Cancelling needs the job to exist: checked too early, the second call would be given up."""
    job_id = service.market.job_count() + 1
    service.enqueue("create", service.post())
    service.enqueue("cancel", service.market.calls.cancel_job(job_id))
    service.step_until("cancel", OutboxState.MINED)
    assert service.market.job(job_id).state is JobState.CANCELLED


def test_an_empty_account_is_told_to_be_funded_and_loses_nothing(service: Any) -> None:
    fund(service.rpc_url, service.account.address, 0)
    service.enqueue("create", service.post())
    status = service.sender().step()
    assert status.unfinished == 1
    assert status.waiting_for is not None
    assert "fund" in status.waiting_for.lower()
    fund(service.rpc_url, service.account.address, 100 * ETHER)
    service.step_until("create", OutboxState.MINED)


def test_what_is_only_too_early_stays_queued(make_job: Any, marketplace: Marketplace) -> None:
    job = make_job(marketplace)
    job.run_stage("create")
    job.run_stage("start")
    job.aggregator.enqueue("expire", marketplace.calls.expire_job(job.job_id))
    status = job.aggregator.sender().step()
    assert (status.unfinished, job.aggregator.row("expire").state) == (1, OutboxState.QUEUED)
    assert "MarketplaceTooEarly" in str(status.waiting_for)


def test_a_call_that_waits_holds_up_its_own_job_only(service: Any) -> None:
    """A deposit that cannot be paid must not hold up the withdrawal that would bring the money for it."""
    service.send("first", service.post())
    service.send("cancel", service.market.calls.cancel_job(service.market.job_count()))
    job_id = service.market.job_count() + 1
    service.enqueue("job/7/create", service.post(1000 * ETHER))
    service.enqueue("job/7/cancel", service.market.calls.cancel_job(job_id))
    service.enqueue("job/70/create", service.post())
    service.enqueue("withdraw", service.market.calls.withdraw())
    service.step_until("withdraw", OutboxState.MINED)
    status = service.sender().step()
    assert status.unfinished == 2
    assert "fund" in str(status.waiting_for).lower()
    keys = ("job/7/create", "job/7/cancel", "job/70/create")
    assert [service.row(key).state for key in keys] == [OutboxState.QUEUED, OutboxState.QUEUED, OutboxState.MINED]


def test_a_call_that_needs_too_much_gas_fails_with_the_reason(service: Any) -> None:
    """Sent, it would fail for ever; and what comes after it would wait for ever."""
    service.policy = SendingPolicy(max_gas=50_000)
    service.enqueue("create", service.post())
    service.enqueue("pay", service.pay())
    service.step_until("pay", OutboxState.MINED)
    row = service.row("create")
    assert (row.state, row.reason, row.nonce) == (OutboxState.FAILED, "GasLimitExceeded", None)
    assert "a transaction may take no more than 50000" in str(row.note)


# ------------------------------------------------------------------------------------------------------ crashes and rivals


def test_the_bytes_are_stored_before_they_are_sent(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies at the moment of sending: the next one sends the very same bytes."""
    before = service.market.job_count()
    service.enqueue("create", service.post())

    def die(connection: ChainConnection, signed: bytes) -> None:
        with service.database.snapshot() as session:
            stored = service.outbox.find(session, "create")
            assert stored is not None
            assert (stored.state, stored.signed) == (OutboxState.SIGNED, signed)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(transactions, "broadcast", die)
        with pytest.raises(KeyboardInterrupt):
            service.sender().step()
    signed = service.row("create").tx_hash
    assert service.step_until("create", OutboxState.MINED).tx_hash == signed
    assert service.market.job_count() == before + 1


def test_a_crash_after_sending_sends_nothing_twice(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node has the transaction, the answer is lost with the process. (Ganache would mine the same bytes twice.)"""
    before = service.market.job_count()
    service.enqueue("create", service.post())
    really_broadcast = transactions.broadcast

    def send_then_die(connection: ChainConnection, signed: bytes) -> None:
        really_broadcast(connection, signed)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(transactions, "broadcast", send_then_die)
        with pytest.raises(KeyboardInterrupt):
            service.sender().step()
    assert service.row("create").state is OutboxState.SIGNED
    service.step_until("create", OutboxState.MINED)
    assert service.market.job_count() == before + 1


def test_an_unreachable_node_is_reported_and_not_raised(service: Any, anvil: ChainNode) -> None:
    service.enqueue("create", service.post())
    with start_anvil() as gone:
        pass
    status = service.sender(ChainConnection(gone.rpc_url)).step()
    assert status.unfinished == 1
    assert "no Ethereum node answers" in str(status.waiting_for)
    wrong_chain = service.sender(ChainConnection(service.rpc_url, chain_id=1))
    assert "not 1" in str(wrong_chain.step().waiting_for)
    service.step_until("create", OutboxState.MINED)


def test_two_senders_of_one_account_send_each_call_once(service: Any) -> None:
    """A second replica steps at the worst moment: between the first one's signature and its storing."""
    before = service.market.job_count()
    for i in range(4):
        service.enqueue(f"create-{i}", service.post())
    rival = service.sender()
    steps = 0

    def step_rival(session: Session, flush_context: object, instances: object) -> None:
        nonlocal steps
        if steps == 0 and any(isinstance(row, service.table) for row in session.dirty):
            steps += 1
            rival.step()

    event.listen(service.database.tables.session, "before_flush", step_rival)
    try:
        service.sender().step()
    finally:
        event.remove(service.database.tables.session, "before_flush", step_rival)
    assert steps == 1
    service.step_until("create-3", OutboxState.MINED)
    assert service.market.job_count() == before + 4
    assert sorted(service.row(f"create-{i}").nonce or 0 for i in range(4)) == [0, 1, 2, 3]
