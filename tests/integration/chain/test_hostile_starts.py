"""Owners whose accounts take on code (EIP-7702) that burns all gas when the contract asks whether they signed.

Everything but the people is real: the contract on Anvil, and the aggregator's services with their database and outbox.
Hostile accounts take on their code by set-code transactions (type 4).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain import transactions
from commons.chain.blocks import latest_block
from commons.chain.connection import ChainConnection
from commons.chain.fees import Fees
from commons.chain.jobs import JobState, JobTerms
from commons.chain.marketplace import Marketplace
from commons.chain.signing import sign_acceptance, sign_declaration
from commons.chain.transactions import send_and_wait
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, SecretKey
from commons.computations.linear_regression.spec import Feature
from commons.market.declaration import Declaration
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from deltaml.nodes import fund
from federated_aggregator.adapters import contract as contract_adapter
from federated_aggregator.adapters.contract import Contract
from federated_aggregator.services.recruiting import AcceptanceOffer, Posting, acceptance_terms
from federated_aggregator.services.retries import PAUSES
from federated_aggregator.services.silent_starts import HAS_CODE, MAY_HAVE_HAD_CODE, MOST_SILENT_STARTS
from federated_aggregator.tables import OUTBOX, db
from federated_aggregator.wiring import MIGRATIONS, Parts, assemble
from tests.doubles.job_specs import job_spec

pytestmark = pytest.mark.integration

ETHER = 10**18
GWEI = 10**9
DEADLINE_S = 30.0
OWNERS = 8
TRAINER, VALIDATOR, EITHER = 1, 2, 3
INVALID = "0xfe"
INNOCENT_WITHOUT_A_PRICE = "0x3a600557005bfe"
"""GASPRICE PUSH1 5 JUMPI STOP JUMPDEST INVALID: burns all gas but in an estimate, for which gas costs nothing."""


@dataclass
class Clock:
    """The world's time, which a test turns ahead."""

    ahead_s: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@dataclass
class Stage:
    """One job, whose aggregator and contract are real."""

    market: Marketplace
    rpc: Callable[..., Any]
    key: SecretKey
    proof: list[str]
    database: Database
    account: LocalAccount = field(default_factory=lambda: Account.from_key(secrets.token_bytes(32)))
    buyer: LocalAccount = field(default_factory=lambda: Account.from_key(secrets.token_bytes(32)))
    owners: list[LocalAccount] = field(
        default_factory=lambda: [Account.from_key(secrets.token_bytes(32)) for _ in range(OWNERS + 1)]
    )
    job_id: int = 0

    def __post_init__(self) -> None:
        self.connection: ChainConnection = self.market.connection
        self.clock = Clock()
        self.rpc_url = str(self.connection.web3.provider.endpoint_uri)  # type: ignore[attr-defined]
        for account in (self.account, self.buyer):
            fund(self.rpc_url, account.address, 100 * ETHER)
        self.restart()
        now = latest_block(self.connection).time
        self.spec = job_spec(
            title="Yield",
            features=(Feature(name="rain", minimum=0, maximum=100),),
            target=Feature(name="yield", minimum=0, maximum=10),
            deposit_wei=ETHER,
            start_by=now + 10_000,
            finish_by=now + 20_000,
            role_seed=7,
            min_owners=OWNERS,
        )

    def restart(self) -> None:
        """A fresh process of the aggregator."""
        self.contract = Contract(self.market, self.account, self.database)
        self.aggregator: Parts = assemble(self.database, self.contract, key_policy=UNSAFE_SMALL_KEYS, clock=self.clock)

    def post(self) -> None:
        spec = self.spec
        terms = JobTerms(
            aggregator=self.account.address,
            spec_digest=spec.digest(),
            key_digest=self.key.public_key.digest(),
            start_by=spec.start_by,
            finish_by=spec.finish_by,
            trainer_bps=spec.pay.trainer_bps,
            validator_bps=spec.pay.validator_bps,
            aggregator_bps=spec.pay.aggregator_bps,
        )
        call = self.market.calls.create_job(terms, spec.deposit_wei)
        receipt = send_and_wait(self.connection, self.buyer, call)
        self.job_id = self.market.job_created_by("0x" + bytes(receipt["transactionHash"]).hex())
        self.contract.follow_events()
        posting = Posting(self.job_id, spec, hex(self.key.public_key.n), self.proof)
        self.aggregator.recruiting.post(self.buyer.address, posting)

    def accept(self, owner: LocalAccount, roles: int = EITHER) -> None:
        terms = acceptance_terms(self.spec, self.key.public_key, job_id=self.job_id, owner=owner.address, roles=roles)
        declared = Declaration(row_count=100, facts={"growth": 1.0}, roles=roles)
        offer = AcceptanceOffer(
            declaration=declared,
            deadline=terms.deadline,
            signature=sign_acceptance(owner, self.market.domain, terms),
            declaration_signature=sign_declaration(owner, self.market.domain, self.job_id, declared.digest()),
        )
        self.aggregator.recruiting.accept(owner.address, self.job_id, offer)

    def accept_all(self, roles: int) -> LocalAccount:
        """As many as are needed accept, the first of them in these roles only; returns it."""
        for owner in self.owners[1:OWNERS]:
            self.accept(owner)
        self.accept(self.owners[0], roles)
        return self.owners[0]

    def turn(self) -> None:
        """One turn of the aggregator's worker."""
        self.contract.send_queued()
        self.contract.follow_events()
        self.aggregator.settlement.step()

    def view(self) -> dict[str, Any]:
        return self.aggregator.views.view(self.job_id)

    def turn_until(self, done: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while not done(view := self.view()):
            assert time.monotonic() < deadline, f"{view['state']}: {view['reason']}"
            self.turn()
            time.sleep(0.02)
        return view

    def starts(self) -> list[Any]:
        """The rows of all starts that were tried, the first one first."""
        with self.database.snapshot() as session:
            return OUTBOX.tries(session, f"job/{self.job_id}/start")[::-1]

    def code(self, instructions: str) -> str:
        """The address of a contract that has this code."""
        address = "0x" + secrets.token_hex(20)
        self.rpc(self.market, "anvil_setCode", address, instructions)
        return address

    def delegate(
        self, owner: LocalAccount, implementation: str | None, *, max_fee_wei: int = 100 * GWEI, after: int = 0
    ) -> None:
        """Have an account take on code, or lay it down, by a set-code transaction that somebody else sends for it.

        Anvil orders a block by what is offered at most; `after` is how many such transactions of the account wait before.
        """
        chain_id = self.connection.chain_id
        authorization = owner.sign_authorization(
            {
                "chainId": chain_id,
                "address": implementation or "0x" + "00" * 20,
                "nonce": transactions.mined_nonce(self.connection, owner.address) + after,
            }
        )
        sender = Account.from_key(secrets.token_bytes(32))
        fund(self.rpc_url, sender.address, ETHER)
        signed = sender.sign_transaction(
            {
                "type": 4,
                "chainId": chain_id,
                "nonce": 0,
                "to": "0x" + "11" * 20,
                "value": 0,
                "data": b"",
                "gas": 100_000,
                "maxFeePerGas": max_fee_wei,
                "maxPriorityFeePerGas": 1,
                "authorizationList": [authorization],
            }
        )
        transactions.broadcast(self.connection, bytes(signed.raw_transaction))


@pytest.fixture(scope="module")
def proof(job_secret_key: SecretKey) -> list[str]:
    return job_secret_key.prove_modulus().to_json()


@pytest.fixture
def stage(
    forked: Marketplace,
    rpc: Callable[..., Any],
    job_secret_key: SecretKey,
    proof: list[str],
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    # Of the chain; nobody here waits for nothing in particular.
    monkeypatch.setattr(contract_adapter, "IDLE_INTERVAL_S", 0.02)
    database = create_database(f"sqlite:///{tmp_path}/aggregator.sqlite3", db)
    migrate(database, MIGRATIONS)
    yield Stage(forked, rpc, job_secret_key, proof, database)
    rpc(forked, "anvil_dropAllTransactions")
    rpc(forked, "evm_setAutomine", True)
    database.dispose()


@pytest.mark.parametrize("roles", [TRAINER, VALIDATOR])
@pytest.mark.parametrize(
    ("instructions", "reason", "is_mined"),
    [(INVALID, "GasLimitExceeded", False), (INNOCENT_WITHOUT_A_PRICE, "Reverted", True)],
    ids=["always", "innocent in the estimate"],
)
def test_an_owner_whose_code_burns_the_gas_of_the_start_is_named_and_left_out_and_the_job_starts(
    stage: Stage, *, instructions: str, reason: str, is_mined: bool, roles: int
) -> None:
    stage.post()
    hostile = stage.accept_all(roles)
    stage.delegate(hostile, stage.code(instructions))
    assert transactions.code_at(stage.connection, hostile.address).hex().startswith("ef0100")

    view = stage.turn_until(lambda view: view["left_out"])
    (start,) = stage.starts()
    assert (start.reason, start.gas_used is not None) == (reason, is_mined)
    assert view["state"] == "recruiting"
    assert view["left_out"] == [{"address": hostile.address, "reason": HAS_CODE}]
    assert f"{hostile.address} is left out: its account has code" in view["reason"]

    stage.accept(stage.owners[OWNERS])
    view = stage.turn_until(lambda view: view["state"] == "running")
    assert stage.market.job(stage.job_id).state is JobState.RUNNING
    members = {*stage.market.trainers(stage.job_id), *stage.market.validators(stage.job_id)}
    assert members == {owner.address for owner in stage.owners[1:]}
    assert view["reason"] is None


def test_code_of_an_owner_that_accepted_either_role_is_never_called(stage: Stage) -> None:
    stage.post()
    stage.delegate(stage.owners[0], stage.code(INVALID))
    stage.accept_all(EITHER)
    view = stage.turn_until(lambda view: view["state"] == "running")
    assert view["left_out"] == []
    assert len(stage.starts()) == 1


def test_code_that_is_laid_down_after_the_start_is_found_where_it_was(stage: Stage) -> None:
    stage.post()
    hostile = stage.accept_all(TRAINER)
    stage.delegate(hostile, stage.code(INNOCENT_WITHOUT_A_PRICE))
    stage.contract.send_queued()
    assert [row.reason for row in stage.starts()] == ["Reverted"]
    stage.delegate(hostile, None)
    assert transactions.code_at(stage.connection, hostile.address) == b""
    view = stage.turn_until(lambda view: view["left_out"])
    assert [one["address"] for one in view["left_out"]] == [hostile.address]


def test_code_that_is_there_within_the_block_of_the_start_only_is_found_too(stage: Stage) -> None:
    """Taken on right before the start and laid down right after it: no estimate and no look at any block shows it."""
    stage.post()
    hostile = stage.accept_all(TRAINER)
    stage.rpc(stage.market, "evm_setAutomine", False)
    stage.contract.send_queued()
    (start,) = stage.starts()
    stage.delegate(hostile, stage.code(INVALID), max_fee_wei=start.max_fee_wei + 1)
    stage.delegate(hostile, None, max_fee_wei=start.max_fee_wei - 1, after=1)
    stage.rpc(stage.market, "evm_mine")
    stage.rpc(stage.market, "evm_setAutomine", True)
    view = stage.turn_until(lambda view: view["left_out"])
    (start,) = stage.starts()
    assert (start.reason, start.gas_used is not None) == ("Reverted", True)
    assert not transactions.had_code(stage.connection, hostile.address, start.block_number)
    assert view["left_out"] == [{"address": hostile.address, "reason": MAY_HAVE_HAD_CODE}]
    stage.accept(stage.owners[OWNERS])
    stage.turn_until(lambda view: view["state"] == "running")


@pytest.mark.parametrize("raced", [False, True], ids=["before the start", "in its block"])
def test_an_owner_that_takes_back_its_acceptance_on_chain_is_named_and_left_out(stage: Stage, raced: bool) -> None:
    stage.post()
    owner = stage.accept_all(EITHER)
    fund(stage.rpc_url, owner.address, ETHER)
    revocation = transactions.sign_transaction(
        owner,
        stage.market.calls.revoke_acceptance(stage.job_id),
        chain_id=stage.connection.chain_id,
        nonce=0,
        gas_limit=100_000,
        fees=Fees(100 * GWEI, GWEI),
    )
    if raced:
        stage.rpc(stage.market, "evm_setAutomine", False)
        stage.contract.send_queued()
    transactions.broadcast(stage.connection, revocation.raw)
    if raced:
        stage.rpc(stage.market, "evm_mine")
        stage.rpc(stage.market, "evm_setAutomine", True)
    stage.contract.send_queued()
    (start,) = stage.starts()
    assert start.reason == ("Reverted" if raced else "MarketplaceAcceptanceRevoked")
    with stage.database.snapshot() as session:
        sent = stage.contract.sent(session, start.key)
    assert sent is not None
    assert sent.refused_account == (None if raced else owner.address)
    view = stage.turn_until(lambda view: view["left_out"])
    assert view["left_out"] == [{"address": owner.address, "reason": "it took back its acceptance on chain"}]
    stage.accept(stage.owners[OWNERS])
    stage.turn_until(lambda view: view["state"] == "running")


@pytest.mark.parametrize("cancelled_by", ["the buyer", "the aggregator"])
def test_a_start_that_keeps_failing_is_given_up_and_the_deposit_can_be_had_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, cancelled_by: str
) -> None:
    """For want of gas, which no owner has used up."""
    stage.post()
    estimate = transactions.estimate_gas
    monkeypatch.setattr(transactions, "estimate_gas", lambda *arguments: estimate(*arguments) // 2)
    stage.accept_all(TRAINER)
    before_wei = transactions.balance_wei(stage.connection, stage.account.address)
    for tries in range(1, MOST_SILENT_STARTS + 1):
        stage.turn()
        stage.turn()
        assert [(row.reason, row.gas_used is not None) for row in stage.starts()] == [("Reverted", True)] * tries
        assert stage.view()["left_out"] == []
        stage.restart()
        stage.turn()
        assert len(stage.starts()) == tries, "not before its time"
        stage.clock.ahead_s = PAUSES.first_s * 2 ** (tries - 1)
        stage.turn()
        stage.clock.ahead_s = 0
    view = stage.view()
    assert view["state"] == "failed"
    assert "failed 5 times without a reason" in view["reason"]
    for _ in range(5):
        stage.clock.ahead_s += 300
        stage.turn()
    assert len(stage.starts()) == MOST_SILENT_STARTS
    spent_wei = before_wei - transactions.balance_wei(stage.connection, stage.account.address)
    assert spent_wei == sum(_paid_wei(stage, row) for row in stage.starts())

    monkeypatch.undo()
    if cancelled_by == "the buyer":
        send_and_wait(stage.connection, stage.buyer, stage.market.calls.cancel_job(stage.job_id))
    else:
        stage.clock.ahead_s = stage.spec.start_by + 1 - time.time()
        stage.rpc(stage.market, "evm_setNextBlockTimestamp", stage.spec.start_by + 1)
        stage.rpc(stage.market, "evm_mine")
    stage.turn_until(lambda view: view["state"] == "cancelled")
    assert stage.market.owed_wei(stage.buyer.address) == ETHER
    send_and_wait(stage.connection, stage.buyer, stage.market.calls.withdraw())
    assert stage.market.total_owed_wei() == stage.market.total_escrowed_wei() == 0


def _paid_wei(stage: Stage, row: Any) -> int:
    receipt = transactions.find_receipt(stage.connection, row.tx_hash)
    assert receipt is not None
    return receipt["gasUsed"] * receipt["effectiveGasPrice"]
