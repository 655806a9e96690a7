"""The contract through its client, on real nodes of both kinds: a job's whole life and every refusal by name."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from commons.chain.connection import ChainConnection
from commons.chain.jobs import FINALIZE_WINDOW_S, ContractCall, Credit, JobState, JobTerms, Participation, Quote, Role
from commons.chain.marketplace import Marketplace
from commons.chain.signing import ROLE_EITHER, ROLE_VALIDATOR, sign_acceptance, sign_checkpoint
from commons.chain.transactions import send_and_wait
from commons.errors import ChainUnavailable, NotFound, TransactionFailed
from commons.market.checkpoint_statement import CheckpointStatement
from deltaml.nodes import ChainNode

pytestmark = pytest.mark.integration

ETHER = 10**18
WAD = 10**18
DEPOSIT = 10 * ETHER
SEED = secrets.token_bytes(32)
DELIVERY = b"d" * 32


@dataclass
class Job:
    """A posted job and everybody in it."""

    market: Marketplace
    job_id: int
    buyer: LocalAccount
    aggregator: LocalAccount
    owners: list[LocalAccount]

    def send(self, account: LocalAccount, call: ContractCall) -> str:
        receipt = send_and_wait(self.market.connection, account, call)
        return "0x" + bytes(receipt["transactionHash"]).hex()

    def start(self) -> str:
        job = self.market.job(self.job_id)
        acceptances = [
            sign_acceptance(owner, self.market.domain, job.acceptance_terms(owner.address, ROLE_EITHER))
            for owner in self.owners
        ]
        addresses = [owner.address for owner in self.owners]
        call = self.market.calls.start_job(self.job_id, addresses[:2], addresses[2:], acceptances, keccak(SEED))
        return self.send(self.aggregator, call)

    def record(self, statement: CheckpointStatement) -> str:
        signature = sign_checkpoint(self.buyer, self.market.domain, statement)
        return self.send(self.aggregator, self.market.calls.record_checkpoint(statement, signature))

    def train(self) -> list[CheckpointStatement]:
        history = [
            CheckpointStatement(self.job_id, 0, 0, 10 * WAD),
            CheckpointStatement(self.job_id, 1, 10, 6 * WAD, (9 * WAD, 7 * WAD)),
            CheckpointStatement(self.job_id, 2, 20, 5 * WAD, (5 * WAD, 4 * WAD), True, DELIVERY),
        ]
        for statement in history:
            self.record(statement)
        return history


@pytest.fixture
def job(marketplace: Marketplace, funded: Callable[[], LocalAccount]) -> Job:
    buyer, aggregator, *owners = (funded() for _ in range(5))
    now = int(time.time())
    terms = JobTerms(
        aggregator=aggregator.address,
        spec_digest=b"s" * 32,
        key_digest=b"k" * 32,
        start_by=now + 3600,
        finish_by=now + 7200,
        max_participants=10,
    )
    receipt = send_and_wait(marketplace.connection, buyer, marketplace.calls.create_job(terms, DEPOSIT))
    tx_hash = "0x" + bytes(receipt["transactionHash"]).hex()
    posted = Job(marketplace, marketplace.job_created_by(tx_hash), buyer, aggregator, owners)
    on_chain = marketplace.job(posted.job_id)
    assert on_chain.terms == terms
    assert (on_chain.buyer, on_chain.deposit_wei, on_chain.state) == (buyer.address, DEPOSIT, JobState.POSTED)
    return posted


def test_a_job_from_post_to_payout(job: Job) -> None:
    market, job_id = job.market, job.job_id
    addresses = tuple(owner.address for owner in job.owners)
    job.start()
    assert market.job(job_id).state is JobState.RUNNING
    assert (market.trainers(job_id), market.validators(job_id)) == (addresses[:2], addresses[2:])
    assert market.participation(job_id, addresses[2]) is Participation.VALIDATOR
    assert market.escrowed_wei(job_id) == DEPOSIT

    history = job.train()
    assert [recorded.statement for recorded in market.checkpoints(job_id)] == history
    assert market.contributions(job_id) == (3 * WAD, WAD)
    expected = Quote((2625 * ETHER // 1000, 875 * ETHER // 1000), 2 * ETHER, ETHER, 3500 * ETHER // 1000)
    assert market.quote(job_id) == expected
    assert market.job_finalized(job_id) is None

    tx_hash = job.send(job.aggregator, market.calls.finalize(job_id, SEED))
    settled = market.job_finalized(job_id)
    assert settled is not None
    assert (settled.seed, settled.paid_wei, settled.refunded_wei) == (SEED, 6500 * ETHER // 1000, expected.refund)
    assert settled.tx_hash == tx_hash
    assert market.credited(job_id) == [
        Credit(addresses[0], Role.TRAINER, expected.trainers[0], tx_hash),
        Credit(addresses[1], Role.TRAINER, expected.trainers[1], tx_hash),
        Credit(addresses[2], Role.VALIDATOR, expected.validator_each, tx_hash),
        Credit(job.aggregator.address, Role.AGGREGATOR, expected.aggregator, tx_hash),
        Credit(job.buyer.address, Role.BUYER, expected.refund, tx_hash),
    ]
    after = market.job(job_id)
    assert (after.state, after.delivery_digest, after.seed_hash) == (JobState.FINISHED, DELIVERY, keccak(SEED))
    assert (after.initial_mse_fixed, after.latest_mse_fixed, after.checkpoint_count) == (10 * WAD, 5 * WAD, 3)
    assert market.escrowed_wei(job_id) == 0


def test_everybody_withdraws_what_is_owed(job: Job) -> None:
    job.start()
    job.train()
    job.send(job.aggregator, job.market.calls.finalize(job.job_id, SEED))
    trainer = job.owners[0]
    assert job.market.owed_wei(trainer.address) == 2625 * ETHER // 1000
    before = job.market.connection.web3.eth.get_balance(trainer.address)
    receipt = send_and_wait(job.market.connection, trainer, job.market.calls.withdraw())
    gained = job.market.connection.web3.eth.get_balance(trainer.address) - before
    assert gained == 2625 * ETHER // 1000 - receipt["gasUsed"] * receipt["effectiveGasPrice"]
    assert job.market.owed_wei(trainer.address) == 0
    assert receipt["gasUsed"] < 60_000


def test_the_contract_computes_the_digests_that_are_signed_here(job: Job) -> None:
    """Recovering from the contract's own digest gives the signer: both sides build the same EIP-712 message."""
    terms = job.market.job(job.job_id).acceptance_terms(job.owners[0].address, ROLE_VALIDATOR)
    signature = sign_acceptance(job.owners[0], job.market.domain, terms)
    digest = job.market._view("hashAcceptance", job.job_id, job.owners[0].address, ROLE_VALIDATOR)
    recovered = job.market.connection.web3.eth.account._recover_hash(digest, signature=signature)
    assert recovered == job.owners[0].address


def test_a_refusal_carries_the_contracts_own_error(job: Job) -> None:
    market = job.market
    cases = {
        "MarketplaceNotAggregator": (job.buyer, market.calls.finalize(job.job_id, SEED)),
        "MarketplaceWrongState": (job.aggregator, market.calls.finalize(job.job_id, SEED)),
        "MarketplaceNotBuyer": (job.owners[0], market.calls.cancel_job(job.job_id)),
        "MarketplaceNothingOwed": (job.owners[0], market.calls.withdraw()),
        "MarketplaceNoSuchJob": (job.owners[0], market.calls.expire_job(10**9)),
    }
    for name, (account, call) in cases.items():
        with pytest.raises(TransactionFailed, match=name) as refusal:
            job.send(account, call)
        assert refusal.value.fields["reason"] == name


def test_a_forged_acceptance_starts_nothing(job: Job) -> None:
    terms = job.market.job(job.job_id)
    honest = [
        sign_acceptance(owner, job.market.domain, terms.acceptance_terms(owner.address, ROLE_EITHER))
        for owner in job.owners
    ]
    addresses = [owner.address for owner in job.owners]
    forged = [honest[0], honest[0], honest[2]]
    call = job.market.calls.start_job(job.job_id, addresses[:2], addresses[2:], forged, keccak(SEED))
    with pytest.raises(TransactionFailed) as refusal:
        job.send(job.aggregator, call)
    assert refusal.value.fields["reason"] == "MarketplaceAcceptanceInvalid"
    assert refusal.value.fields["arguments"]["owner"] == addresses[1]


def test_a_revoked_acceptance_starts_nothing(job: Job) -> None:
    job.send(job.owners[1], job.market.calls.revoke_acceptance(job.job_id))
    assert job.market.participation(job.job_id, job.owners[1].address) is Participation.REVOKED
    with pytest.raises(TransactionFailed, match="MarketplaceAcceptanceRevoked"):
        job.start()


def test_a_cancelled_job_refunds_the_buyer(job: Job) -> None:
    job.send(job.buyer, job.market.calls.cancel_job(job.job_id))
    assert job.market.job(job.job_id).state is JobState.CANCELLED
    assert job.market.owed_wei(job.buyer.address) == DEPOSIT
    assert job.market.quote(job.job_id) == Quote((), 0, 0, DEPOSIT)


def test_an_expired_job_pays_the_owners_and_not_the_aggregator(
    job: Job, node: ChainNode, marketplace: Marketplace
) -> None:
    job.start()
    job.train()
    web3 = marketplace.connection.web3
    snapshot = web3.provider.make_request("evm_snapshot", [])["result"]
    try:
        # Its last checkpoint is recorded, so the aggregator has an hour more.
        web3.provider.make_request("evm_increaseTime", [7300])
        web3.provider.make_request("evm_mine", [])
        with pytest.raises(TransactionFailed, match="MarketplaceTooEarly"):
            job.send(job.owners[2], marketplace.calls.expire_job(job.job_id))
        web3.provider.make_request("evm_increaseTime", [3600])
        web3.provider.make_request("evm_mine", [])
        tx_hash = job.send(job.owners[2], marketplace.calls.expire_job(job.job_id))
        expired = marketplace.job_expired(job.job_id)
        assert expired is not None
        assert (expired.seed, expired.paid_wei, expired.refunded_wei) == (
            None,
            5500 * ETHER // 1000,
            4500 * ETHER // 1000,
        )
        assert expired.tx_hash == tx_hash
        assert marketplace.owed_wei(job.aggregator.address) == 0
        assert marketplace.owed_wei(job.owners[2].address) == 2 * ETHER
    finally:
        web3.provider.make_request("evm_revert", [snapshot])


def test_money_is_conserved_over_all_jobs(job: Job) -> None:
    market = job.market
    held = market.connection.web3.eth.get_balance(market._contract.address)
    assert held == market.total_escrowed_wei() + market.total_owed_wei()
    assert market.job_count() >= job.job_id


def test_what_is_not_there_is_not_found(marketplace: Marketplace, node: ChainNode) -> None:
    with pytest.raises(NotFound, match="no job 999999"):
        marketplace.job(999_999)
    with pytest.raises(NotFound, match="no mined transaction"):
        marketplace.job_created_by("0x" + "12" * 32)
    empty = Marketplace(node.rpc_url, "0x" + "ab" * 20)
    with pytest.raises(NotFound, match="no contract at"):
        empty.wait_until_ready(1)
    with pytest.raises(ChainUnavailable, match="no such contract"):
        empty.job_count()


def test_another_chain_is_refused(node: ChainNode) -> None:
    connection = ChainConnection(node.rpc_url, chain_id=1)
    with pytest.raises(ChainUnavailable, match="serves chain 1337, not 1"):
        connection.check()
    with pytest.raises(ChainUnavailable, match="not 1"):
        connection.wait_until_ready(0.01)


def test_a_node_with_the_contract_is_ready_at_once(marketplace: Marketplace) -> None:
    waits: list[str] = []
    marketplace.wait_until_ready(5, waits.append)
    assert waits == []


def test_the_services_know_the_contracts_window_to_finalize(marketplace: Marketplace) -> None:
    assert marketplace._contract.functions["FINALIZE_WINDOW"]().call() == FINALIZE_WINDOW_S
