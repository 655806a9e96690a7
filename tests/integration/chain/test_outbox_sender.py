"""The outbox against real nodes and their faults: each call is mined once, whatever fails in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Session

from commons.chain import transactions
from commons.chain.connection import ChainConnection
from commons.chain.jobs import ContractCall, JobState, JobTerms
from commons.chain.marketplace import Marketplace
from commons.chain.outbox import Outbox
from commons.chain.outbox_sender import OutboxSender, SendingPolicy
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.chain.transactions import Fees, deploy, send_and_wait
from commons.errors import ChainUnavailable, NotFound, TransactionFailed
from commons.storage.database import Database, create_database
from deltaml.nodes import ChainNode, fund, start_anvil, start_ganache

pytestmark = pytest.mark.integration

ETHER = 10**18
STRANGER = "0x" + "11" * 20


class Base(DeclarativeBase):
    pass


class OutboxTransaction(OutboxColumns, Base):
    __tablename__ = "outbox_transactions"


@dataclass
class Clock:
    """A clock that tests turn."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now


@dataclass
class Service:
    """What a service has: a database with an outbox, an account, and a sender."""

    database: Database
    market: Marketplace
    account: LocalAccount
    clock: Clock
    policy: SendingPolicy = field(default_factory=SendingPolicy)

    @property
    def outbox(self) -> Outbox:
        return Outbox(OutboxTransaction, clock=self.clock)

    def sender(self, connection: ChainConnection | None = None) -> OutboxSender:
        """A sender as a fresh process makes it."""
        connection = connection or self.market.connection
        return OutboxSender(
            self.database.stepwise_sessions, self.outbox, connection, self.account, policy=self.policy, clock=self.clock
        )

    def enqueue(self, key: str, call: ContractCall) -> None:
        with self.database.session() as session:
            self.outbox.enqueue(session, key=key, call=call)

    def row(self, key: str) -> OutboxColumns:
        with self.database.snapshot() as session:
            row = self.outbox.find(session, key)
            assert row is not None
            return row

    def step_until(self, key: str, state: OutboxState, within_s: float = 10.0) -> OutboxColumns:
        """Step, as a service's loop does, until the row is in `state`."""
        deadline = time.monotonic() + within_s
        sender = self.sender()
        while (row := self.row(key)).state is not state:
            assert time.monotonic() < deadline, f"{key} is {row.state} ({row.note}), not {state}"
            sender.step()
            time.sleep(0.02)
        return row

    def post(self, deposit_wei: int = ETHER) -> ContractCall:
        """A call that creates a job; each one that is mined makes one job more."""
        now = int(self.clock.now)
        terms = JobTerms(
            aggregator=STRANGER, spec_digest=b"s" * 32, key_digest=b"k" * 32, start_by=now + 9999, finish_by=now + 99999
        )
        return self.market.calls.create_job(terms, deposit_wei)


def pay(wei: int = 1) -> ContractCall:
    return ContractCall(STRANGER, b"", wei, "pay a stranger")


def make_service(path: Path, market: Marketplace, policy: SendingPolicy | None = None) -> Service:
    database = create_database(f"sqlite:///{path / 'outbox.sqlite3'}")
    Base.metadata.create_all(database.engine)
    account = new_account(market)
    return Service(database, market, account, Clock(), policy or SendingPolicy())


def new_account(market: Marketplace) -> LocalAccount:
    account: LocalAccount = market.connection.web3.eth.account.create()
    fund(rpc_url_of(market), account.address, 100 * ETHER)
    return account


def rpc_url_of(market: Marketplace) -> str:
    return str(market.connection.web3.provider.endpoint_uri)  # type: ignore[attr-defined]


def rpc(market: Marketplace, method: str, *params: object) -> object:
    answer = market.connection.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
    assert "error" not in answer, answer
    return answer["result"]


@pytest.fixture
def service(tmp_path: Path, marketplace: Marketplace) -> Iterator[Service]:
    made = make_service(tmp_path, marketplace)
    yield made
    made.database.dispose()


@pytest.fixture
def held(tmp_path: Path, anvil: ChainNode) -> Iterator[Service]:
    """A service on an Anvil that mines only when it is told to."""
    market = Marketplace(anvil.rpc_url, deploy(anvil.rpc_url, new_funded(anvil)))
    made = make_service(tmp_path, market, SendingPolicy(resend_after_s=5, replace_after_s=60))
    rpc(market, "evm_setAutomine", False)
    yield made
    rpc(market, "anvil_dropAllTransactions")
    rpc(market, "evm_setAutomine", True)
    made.database.dispose()


def new_funded(node: ChainNode) -> LocalAccount:
    account: LocalAccount = ChainConnection(node.rpc_url).web3.eth.account.create()
    fund(node.rpc_url, account.address, 100 * ETHER)
    return account


# --------------------------------------------------------------------------------------------------------- the plain path


def test_calls_are_mined_in_order_and_once(service: Service) -> None:
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


def test_waiting_for_a_transaction_returns_its_hash(service: Service) -> None:
    service.enqueue("create", service.post())
    tx_hash = service.sender().wait_for("create", 10)
    assert service.market.job_created_by(tx_hash) >= 1
    with pytest.raises(NotFound, match="nothing"):
        service.sender().wait_for("nothing", 1)


def test_a_doomed_call_costs_nothing_and_names_the_contracts_error(service: Service) -> None:
    service.enqueue("doomed", service.market.calls.finalize(10**6, b"s" * 32))
    service.enqueue("create", service.post())
    with pytest.raises(TransactionFailed) as failure:
        service.sender().wait_for("doomed", 10)
    assert failure.value.fields["reason"] == "MarketplaceNoSuchJob"
    row = service.row("doomed")
    assert (row.state, row.reason, row.nonce, row.tx_hash) == (OutboxState.FAILED, "MarketplaceNoSuchJob", None, None)
    assert service.step_until("create", OutboxState.MINED).nonce == 0


def test_each_call_sees_what_the_one_before_did(service: Service) -> None:
    """Cancelling needs the job to exist: checked too early, the second call would be given up."""
    job_id = service.market.job_count() + 1
    service.enqueue("create", service.post())
    service.enqueue("cancel", service.market.calls.cancel_job(job_id))
    service.step_until("cancel", OutboxState.MINED)
    assert service.market.job(job_id).state is JobState.CANCELLED


def test_an_empty_account_is_told_to_be_funded_and_loses_nothing(service: Service) -> None:
    fund(rpc_url_of(service.market), service.account.address, 0)
    service.enqueue("create", service.post())
    status = service.sender().step()
    assert status.unfinished == 1
    assert status.waiting_for is not None
    assert "fund" in status.waiting_for.lower()
    fund(rpc_url_of(service.market), service.account.address, 100 * ETHER)
    service.step_until("create", OutboxState.MINED)


def test_what_is_only_too_early_stays_queued(service: Service) -> None:
    buyer = new_account(service.market)
    trainer, validator = new_account(service.market), new_account(service.market)
    job_id = running_job(service, buyer, trainer, validator)
    service.enqueue("expire", service.market.calls.expire_job(job_id))
    status = service.sender().step()
    assert (status.unfinished, service.row("expire").state) == (1, OutboxState.QUEUED)
    assert "MarketplaceTooEarly" in str(status.waiting_for)


def running_job(service: Service, buyer: LocalAccount, trainer: LocalAccount, validator: LocalAccount) -> int:
    """A running job whose aggregator is the service."""
    from eth_utils.crypto import keccak

    from commons.chain.signing import ROLE_EITHER, sign_acceptance

    market, now = service.market, int(time.time())
    terms = JobTerms(
        aggregator=service.account.address,
        spec_digest=b"s" * 32,
        key_digest=b"k" * 32,
        start_by=now + 9999,
        finish_by=now + 99999,
    )
    receipt = send_and_wait(market.connection, buyer, market.calls.create_job(terms, ETHER))
    job_id = market.job_created_by("0x" + bytes(receipt["transactionHash"]).hex())
    job = market.job(job_id)
    acceptances = [
        sign_acceptance(owner, market.domain, job.acceptance_terms(owner.address, ROLE_EITHER))
        for owner in (trainer, validator)
    ]
    call = market.calls.start_job(job_id, [trainer.address], [validator.address], acceptances, keccak(b"s" * 32))
    send_and_wait(market.connection, service.account, call)
    return job_id


# ------------------------------------------------------------------------------------------------------ crashes and faults


def test_the_bytes_are_stored_before_they_are_sent(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_crash_after_sending_sends_nothing_twice(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_unreachable_node_is_reported_and_not_raised(service: Service, anvil: ChainNode) -> None:
    service.enqueue("create", service.post())
    with start_anvil() as gone:
        pass
    status = service.sender(ChainConnection(gone.rpc_url)).step()
    assert status.unfinished == 1
    assert "no Ethereum node answers" in str(status.waiting_for)
    wrong_chain = service.sender(ChainConnection(rpc_url_of(service.market), chain_id=1))
    assert "not 1" in str(wrong_chain.step().waiting_for)
    with pytest.raises(ChainUnavailable, match="still waiting for"):
        service.sender(ChainConnection(gone.rpc_url)).wait_for("create", 0.01)
    service.step_until("create", OutboxState.MINED)


def test_a_node_killed_mid_job_gets_the_same_transaction_after_its_restart(tmp_path: Path) -> None:
    with start_ganache(db_path=tmp_path / "chain") as node:
        market = Marketplace(node.rpc_url, deploy(node.rpc_url, new_funded(node)))
        service = make_service(tmp_path, market, SendingPolicy(resend_after_s=0, replace_after_s=60))
        rpc(market, "miner_stop")
        service.enqueue("create", service.post())
        service.sender().step()
        waiting = service.row("create")
        assert waiting.state is OutboxState.BROADCAST
        node.kill()
        assert "no Ethereum node answers" in str(service.sender().step().waiting_for)
    with start_ganache(node.port, db_path=tmp_path / "chain"):
        mined = service.step_until("create", OutboxState.MINED)
        assert (mined.nonce, mined.tx_hash) == (waiting.nonce, waiting.tx_hash)
        assert market.job_count() == 1
    service.database.dispose()


def test_a_transaction_that_the_node_drops_is_sent_again(held: Service) -> None:
    held.enqueue("pay", pay())
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


def test_a_stuck_transaction_is_replaced_by_one_with_a_higher_fee(held: Service) -> None:
    held.enqueue("pay", pay())
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


def test_the_original_may_be_mined_after_all(held: Service) -> None:
    held.enqueue("pay", pay())
    held.sender().step()
    first = held.row("pay")
    held.clock.now += 61
    held.sender().step()
    second = held.row("pay")
    rpc(held.market, "anvil_dropTransaction", second.tx_hash)
    transactions.broadcast(held.market.connection, first.signed or b"")
    rpc(held.market, "evm_mine")
    assert held.step_until("pay", OutboxState.MINED).tx_hash == first.tx_hash


def test_fees_stop_rising_at_the_limit(held: Service) -> None:
    held.enqueue("pay", pay())
    held.sender().step()
    first = held.row("pay")
    held.policy = SendingPolicy(replace_after_s=60, max_fee_wei=first.max_fee_wei or 0)
    held.clock.now += 61
    status = held.sender().step()
    assert held.row("pay").tx_hash == first.tx_hash
    assert "higher fee" in str(status.waiting_for)
    rpc(held.market, "evm_mine")
    held.step_until("pay", OutboxState.MINED)


def test_gas_that_costs_more_than_the_limit_is_waited_out(held: Service) -> None:
    held.policy = SendingPolicy(max_fee_wei=1)
    held.enqueue("pay", pay())
    assert "over the limit of 1" in str(held.sender().step().waiting_for)
    assert held.row("pay").state is OutboxState.QUEUED


def test_a_nonce_taken_by_somebody_else_is_replaced_by_the_next(held: Service) -> None:
    """The operator uses the account by hand: the outbox's transaction can never be mined, its call still has to be."""
    held.enqueue("pay", pay(7))
    held.sender().step()
    first = held.row("pay")
    rpc(held.market, "anvil_dropTransaction", first.tx_hash)
    chain_id = held.market.connection.chain_id
    other = transactions.sign_transaction(
        held.account, pay(3), chain_id=chain_id, nonce=0, gas_limit=50_000, fees=Fees(10**11, 10**10)
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


def test_a_transaction_that_reverts_in_its_block_fails_with_the_reason(held: Service) -> None:
    """Between check and block the state changes: somebody else expires the offer first."""
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
    other = new_account(market)
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


def test_a_transaction_counts_as_mined_after_its_confirmations(held: Service) -> None:
    held.policy = SendingPolicy(confirmations=3)
    held.enqueue("pay", pay())
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


def test_two_senders_of_one_account_send_each_call_once(service: Service, tmp_path: Path) -> None:
    """A second replica steps at the worst moment: between the first one's signature and its storing."""
    before = service.market.job_count()
    for i in range(4):
        service.enqueue(f"create-{i}", service.post())
    rival = service.sender()
    steps = 0

    def step_rival(session: Session, flush_context: object, instances: object) -> None:
        nonlocal steps
        if steps == 0 and any(isinstance(row, OutboxTransaction) for row in session.dirty):
            steps += 1
            rival.step()

    event.listen(service.database.stepwise_sessions.class_, "before_flush", step_rival)
    try:
        service.sender().step()
    finally:
        event.remove(service.database.stepwise_sessions.class_, "before_flush", step_rival)
    assert steps == 1
    service.step_until("create-3", OutboxState.MINED)
    assert service.market.job_count() == before + 4
    assert sorted(service.row(f"create-{i}").nonce or 0 for i in range(4)) == [0, 1, 2, 3]
