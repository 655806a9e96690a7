"""The payout rule in Solidity against the shared vectors: the formula by itself, and whole jobs on the deployed contract."""

from __future__ import annotations

import importlib.util
import itertools
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import solcx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3.contract import Contract

from commons.chain.deployment import deploy
from commons.chain.jobs import ContractCall, JobOnChain, JobState, JobTerms, Role
from commons.chain.marketplace import Marketplace
from commons.chain.signing import ROLE_EITHER, sign_acceptance, sign_checkpoint
from commons.chain.transactions import send_and_wait
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.payout import Payout
from deltaml import nodejs
from deltaml.nodes import ChainNode, fund

pytestmark = pytest.mark.integration

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
Vector = dict[str, Any]
VECTORS: dict[str, list[Vector]] = {
    name: json.loads((CONTRACTS / "test" / "vectors" / f"{name}.json").read_text())
    for name in ("histories", "contributions")
}
BATCH = 250
DRAWN_JOBS = 12
# Every named history, and some of those that were drawn, evenly over the file. Anvil adds value and fees in 128 bits.
SENDABLE = [vector for vector in VECTORS["histories"] if int(vector["deposit"]) <= 2**128 - 10**20]
NAMED = [vector for vector in SENDABLE if "case" in vector]
DRAWN = SENDABLE[len(NAMED) :: (len(SENDABLE) - len(NAMED)) // DRAWN_JOBS]


def compiled_harness() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("contracts_compile", CONTRACTS / "compile.py")
    assert spec is not None
    assert spec.loader is not None
    compiler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compiler)
    name = "test/PayoutMathHarness.sol"
    source = compiler.standard_input()
    source["sources"] = {name: {"content": (CONTRACTS / name).read_text()}}
    with pytest.MonkeyPatch.context() as patch:
        # The compiler is a program for Node.js, which the PATH may have none of, or one too old.
        patch.setenv("PATH", nodejs.environment()["PATH"])
        output = solcx.compile_standard(source, base_path=CONTRACTS, solc_binary=compiler.COMPILER)
    contract: dict[str, Any] = output["contracts"][name]["PayoutMathHarness"]
    return contract


@pytest.fixture(scope="module")
def market(anvil: ChainNode) -> Marketplace:
    return Marketplace(anvil.rpc_url, deploy(anvil.rpc_url, funded(anvil, 10**20)).address)


@pytest.fixture(scope="module")
def harness(anvil: ChainNode, market: Marketplace) -> Contract:
    compiled = compiled_harness()
    creation = ContractCall(None, bytes.fromhex(compiled["evm"]["bytecode"]["object"]), 0, "deploy the harness")
    receipt = send_and_wait(market.connection, funded(anvil, 10**20), creation)
    return market.connection.web3.eth.contract(receipt["contractAddress"], abi=compiled["abi"])


def funded(node: ChainNode, amount_wei: int) -> LocalAccount:
    account: LocalAccount = Account.from_key(secrets.token_bytes(32))
    fund(node.rpc_url, account.address, amount_wei)
    return account


def numbers(values: list[str]) -> list[int]:
    return [int(value) for value in values]


def expected(vector: Vector) -> Payout:
    pays = vector["pays"]
    amounts = (int(pays[name]) for name in ("validator", "aggregator", "refund"))
    return Payout(tuple(numbers(pays["trainers"])), *amounts)


# ------------------------------------------------------------------------------------------------ the formula by itself


def split_input(vector: Vector) -> tuple[int, ...]:
    """What `PayoutMath.Input` is for the vector; what an end makes of the shares is the contract's part, tested below."""
    trainer_bps, validator_bps, aggregator_bps = vector["bps"]
    if "checkpoints" in vector:
        course = vector["checkpoints"]
        initial, final = (course[0][0], course[-1][0]) if course else ("0", "0")
        validator_bps *= bool(course)
        aggregator_bps *= bool(course) and vector["delivered"]
    else:
        initial, final = vector["initial"], vector["final"]
    amounts = (int(vector["deposit"]), int(initial), int(final))
    return (*amounts, trainer_bps, validator_bps, aggregator_bps, vector["validators"])


def batches(name: str) -> Iterator[tuple[int, list[Vector]]]:
    """Batches of vectors, with the line on which each starts."""
    for start in range(0, len(VECTORS[name]), BATCH):
        yield start + 2, VECTORS[name][start : start + BATCH]


@pytest.mark.parametrize("name", list(VECTORS))
def test_every_split_agrees_to_the_wei(harness: Contract, name: str) -> None:
    compared = 0
    for line, batch in batches(name):
        contributions = [numbers(vector["contributions"]) for vector in batch]
        results = harness.functions.payouts([split_input(vector) for vector in batch], contributions).call()
        for offset, (vector, raw) in enumerate(zip(batch, results, strict=True)):
            assert Payout(tuple(raw[0]), *raw[1:]) == expected(vector), f"{name}.json:{line + offset}"
            compared += 1
    assert compared == len(VECTORS[name]) > 4000


# ----------------------------------------------------------------------------------------------------------- whole jobs


class Parties(NamedTuple):
    """Who takes part in all jobs; a job of few owners has the first of them."""

    buyer: LocalAccount
    aggregator: LocalAccount
    stranger: LocalAccount
    owners: list[LocalAccount]


@pytest.fixture(scope="module")
def parties(anvil: ChainNode) -> Parties:
    owners: list[LocalAccount] = [Account.from_key(secrets.token_bytes(32)) for _ in range(140)]
    return Parties(funded(anvil, 2**140), funded(anvil, 10**24), funded(anvil, 10**24), owners)


@pytest.fixture(scope="module")
def rpc(market: Marketplace) -> Callable[..., Any]:
    """One call of the node's own methods, for its clock."""

    def call(method: str, *parameters: Any) -> Any:
        answer = market.connection.web3.provider.make_request(method, list(parameters))
        assert "error" not in answer, answer
        return answer["result"]

    return call


def send(market: Marketplace, account: LocalAccount, call: ContractCall) -> str:
    return "0x" + bytes(send_and_wait(market.connection, account, call)["transactionHash"]).hex()


def started(market: Marketplace, parties: Parties, vector: Vector, seed: bytes) -> JobOnChain:
    """Post the job of a vector and start it."""
    trainers, validators = len(vector["contributions"]), vector["validators"]
    now = market.connection.web3.eth.get_block("latest")["timestamp"]
    terms = JobTerms(
        aggregator=parties.aggregator.address,
        spec_digest=b"s" * 32,
        key_digest=b"k" * 32,
        start_by=now + 999,
        finish_by=now + 9999,
        **dict(zip(("trainer_bps", "validator_bps", "aggregator_bps"), vector["bps"], strict=True)),
    )
    posting = market.calls.create_job(terms, int(vector["deposit"]))
    job = market.job(market.job_created_by(send(market, parties.buyer, posting)))
    owners = parties.owners[: trainers + validators]
    acceptances = [
        sign_acceptance(owner, market.domain, job.acceptance_terms(owner.address, ROLE_EITHER)) for owner in owners
    ]
    addresses = [owner.address for owner in owners]
    start = market.calls.start_job(job.job_id, addresses[:trainers], addresses[trainers:], acceptances, keccak(seed))
    send(market, parties.aggregator, start)
    return job


def recorded(market: Marketplace, parties: Parties, vector: Vector, job_id: int) -> None:
    """Record the checkpoints of a vector; only a job that is delivered gets a last one."""
    for index, (mse, *without) in enumerate(map(numbers, vector["checkpoints"])):
        last = vector["delivered"] and index == len(vector["checkpoints"]) - 1
        digest = b"d" * 32 if last else bytes(32)
        statement = CheckpointStatement(job_id, index, index, mse, tuple(without), last, digest)
        signature = sign_checkpoint(parties.buyer, market.domain, statement)
        send(market, parties.aggregator, market.calls.record_checkpoint(statement, signature))


def quoted(market: Marketplace, job_id: int) -> Payout:
    quote = market.quote(job_id)
    return Payout(quote.trainers, quote.validator_each, quote.aggregator, quote.refund)


@pytest.mark.parametrize("vector", [*NAMED, *DRAWN], ids=lambda vector: vector.get("case", "drawn"))
def test_whole_jobs_agree_to_the_wei(
    market: Marketplace, parties: Parties, rpc: Callable[..., Any], vector: Vector
) -> None:
    seed, split = secrets.token_bytes(32), expected(vector)
    job = started(market, parties, vector, seed)
    recorded(market, parties, vector, job.job_id)
    assert market.contributions(job.job_id) == tuple(numbers(vector["contributions"]))
    if vector["delivered"]:
        assert quoted(market, job.job_id) == split
        send(market, parties.aggregator, market.calls.finalize(job.job_id, seed))
    else:
        rpc("evm_setNextBlockTimestamp", job.terms.finish_by + 1)
        rpc("evm_mine")
        send(market, parties.stranger, market.calls.expire_job(job.job_id))
    assert market.job(job.job_id).state is (JobState.FINISHED if vector["delivered"] else JobState.EXPIRED)
    assert quoted(market, job.job_id) == split

    addresses = [owner.address for owner in parties.owners]
    trainers = len(split.trainers)
    due = dict(zip(itertools.product([Role.TRAINER], addresses[:trainers]), split.trainers, strict=True))
    due |= {
        (Role.VALIDATOR, owner): split.validator_each for owner in addresses[trainers : trainers + vector["validators"]]
    }
    due |= {(Role.AGGREGATOR, parties.aggregator.address): split.aggregator}
    due |= {(Role.BUYER, parties.buyer.address): split.refund}
    credited = market.credited(job.job_id)
    assert {(credit.role, credit.payee): credit.amount_wei for credit in credited} == {
        payee: amount for payee, amount in due.items() if amount
    }
    assert sum(credit.amount_wei for credit in credited) == int(vector["deposit"])
    assert market.escrowed_wei(job.job_id) == 0
