"""The payout rule in Solidity and in Python, compared to the wei: the formula by itself, and whole jobs."""

from __future__ import annotations

import importlib.util
import random
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import solcx
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_utils.crypto import keccak
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract

from commons.chain.jobs import ContractCall, JobTerms, Role
from commons.chain.marketplace import Marketplace
from commons.chain.signing import ROLE_EITHER, CheckpointStatement, sign_acceptance, sign_checkpoint
from commons.chain.transactions import deploy, send_and_wait
from commons.learning.payout import Payout, payout
from deltaml.nodes import ChainNode, fund

pytestmark = pytest.mark.integration

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
MAX_128 = 2**128 - 1
ETHER = 10**18
RANDOM_CASES = 400


def compiled_harness() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("contracts_compile", CONTRACTS / "compile.py")
    assert spec is not None
    assert spec.loader is not None
    compiler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compiler)
    name = "test/PayoutMathHarness.sol"
    source = compiler.standard_input()
    source["sources"] = {name: {"content": (CONTRACTS / name).read_text()}}
    output = solcx.compile_standard(source, base_path=CONTRACTS, solc_binary=compiler.COMPILER)
    contract: dict[str, Any] = output["contracts"][name]["PayoutMathHarness"]
    return contract


@pytest.fixture(scope="module")
def harness() -> Contract:
    compiled = compiled_harness()
    web3 = Web3(EthereumTesterProvider(EthereumTester(PyEVMBackend())))
    factory = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["evm"]["bytecode"]["object"])
    tx_hash = factory.constructor().transact({"from": web3.eth.accounts[0]})
    return web3.eth.contract(web3.eth.get_transaction_receipt(tx_hash)["contractAddress"], abi=compiled["abi"])


class Case(NamedTuple):
    """What a split depends on; `bps` are the trainers', the validators' and the aggregator's."""

    deposit: int
    initial: int
    final: int
    contributions: list[int]
    validators: int
    bps: tuple[int, int, int] = (7000, 2000, 1000)


def on_chain(harness: Contract, case: Case) -> Payout:
    parameters = (case.deposit, case.initial, case.final, *case.bps, case.validators)
    raw = harness.functions.payout(parameters, case.contributions).call()
    return Payout(tuple(raw[0]), raw[1], raw[2], raw[3])


def in_python(case: Case) -> Payout:
    shares = dict(zip(("trainer_bps", "validator_bps", "aggregator_bps"), case.bps, strict=True))
    return payout(case.deposit, case.initial, case.final, case.contributions, case.validators, **shares)


DEGENERATE = [
    Case(10 * ETHER, 0, 0, [0, 0], 2),
    Case(10 * ETHER, 0, 5, [1, 2], 2),
    Case(10 * ETHER, 5, 5, [0], 1),
    Case(10 * ETHER, 5, 9, [3, 4], 1),
    Case(10 * ETHER, 1, 0, [0, 0, 0], 3),
    Case(10 * ETHER, MAX_128, MAX_128 - 1, [1], 1),
    Case(MAX_128, MAX_128, 0, [2**160 - 1] * 100, 40),
    Case(MAX_128, MAX_128, 1, [2**160 - 1, 0], 7, (10_000, 0, 0)),
    Case(1, 10, 0, [1, 1], 1),
    Case(1, 1, 0, [1], 1, (10_000, 0, 0)),
    Case(10_001, 7, 3, [1] * 7, 3, (0, 0, 0)),
    Case(9_999, 3, 1, [5, 0, 5], 40, (0, 10_000, 0)),
    Case(12_345, 3, 1, [5, 0, 5], 40, (0, 0, 10_000)),
]


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_agree(harness: Contract, case: Case) -> None:
    assert on_chain(harness, case) == in_python(case)


def magnitude(source: random.Random, bits: int) -> int:
    """A number whose length is uniform, so that small, equal and huge values meet."""
    return source.getrandbits(source.randint(0, bits))


def test_random_cases_agree(harness: Contract) -> None:
    source = random.Random(20_240_607)
    for _ in range(RANDOM_CASES):
        trainer_bps = source.randint(0, 10_000)
        validator_bps = source.randint(0, 10_000 - trainer_bps)
        aggregator_bps = source.randint(0, 10_000 - trainer_bps - validator_bps)
        case = Case(
            magnitude(source, 128) or 1,
            magnitude(source, 128),
            magnitude(source, 128),
            [magnitude(source, 160) for _ in range(source.randint(1, 12))],
            source.randint(1, 40),
            (trainer_bps, validator_bps, aggregator_bps),
        )
        expected = in_python(case)
        assert on_chain(harness, case) == expected
        paid = sum(expected.trainers) + expected.validator_each * case.validators + expected.aggregator
        assert paid + expected.refund == case.deposit


# ----------------------------------------------------------------------------------------------------------- whole jobs


@pytest.fixture(scope="module")
def party(anvil: ChainNode) -> tuple[Marketplace, Callable[[], LocalAccount]]:
    from eth_account import Account

    def draw() -> LocalAccount:
        account: LocalAccount = Account.from_key(secrets.token_bytes(32))
        fund(anvil.rpc_url, account.address, 1000 * ETHER)
        return account

    return Marketplace(anvil.rpc_url, deploy(anvil.rpc_url, draw())), draw


HISTORIES: dict[str, list[tuple[int, list[int]]]] = {
    "falling": [(9 * ETHER, []), (5 * ETHER, [8 * ETHER, 4 * ETHER, 5 * ETHER]), (3 * ETHER, [3 * ETHER + 1, 7, 0])],
    "rising": [(2 * ETHER, []), (5 * ETHER, [6 * ETHER, 6 * ETHER, 5 * ETHER])],
    "equal leave-one-out": [(2 * ETHER, []), (ETHER, [ETHER] * 3)],
    "perfect from the start": [(0, []), (0, [0, 5, 1])],
    "nothing but the start": [(7, [])],
    "huge": [(MAX_128, []), (MAX_128 // 3, [MAX_128] * 3), (1, [MAX_128, 0, MAX_128 - 1])],
}


@pytest.mark.parametrize("name", list(HISTORIES))
def test_whole_jobs_agree(party: tuple[Marketplace, Callable[[], LocalAccount]], name: str) -> None:
    market, draw = party
    buyer, aggregator, *owners = (draw() for _ in range(7))
    deposit, seed, history = 10 * ETHER + 7, secrets.token_bytes(32), HISTORIES[name]
    connection, addresses = market.connection, [owner.address for owner in owners]

    def send(account: LocalAccount, call: ContractCall) -> str:
        return "0x" + bytes(send_and_wait(connection, account, call)["transactionHash"]).hex()

    now = int(time.time())
    terms = JobTerms(
        aggregator=aggregator.address,
        spec_digest=b"s" * 32,
        key_digest=b"k" * 32,
        start_by=now + 999,
        finish_by=now + 9999,
    )
    job_id = market.job_created_by(send(buyer, market.calls.create_job(terms, deposit)))
    job = market.job(job_id)
    acceptances = [
        sign_acceptance(owner, market.domain, job.acceptance_terms(owner.address, ROLE_EITHER)) for owner in owners
    ]
    send(aggregator, market.calls.start_job(job_id, addresses[:3], addresses[3:], acceptances, keccak(seed)))
    for index, (mse, leave_one_out) in enumerate(history):
        last = index == len(history) - 1
        digest = b"d" * 32 if last else bytes(32)
        statement = CheckpointStatement(job_id, index, index, mse, tuple(leave_one_out), last, digest)
        send(aggregator, market.calls.record_checkpoint(statement, sign_checkpoint(buyer, market.domain, statement)))

    contributions = [sum(max(0, row[t] - mse) for mse, row in history[1:]) for t in range(3)]
    assert market.contributions(job_id) == tuple(contributions)
    expected = payout(deposit, history[0][0], history[-1][0], contributions, 2)
    quote = market.quote(job_id)
    assert Payout(quote.trainers, quote.validator_each, quote.aggregator, quote.refund) == expected

    send(aggregator, market.calls.finalize(job_id, seed))
    credited = {(credit.role, credit.payee): credit.amount_wei for credit in market.credited(job_id)}
    for address, amount in zip(addresses[:3], expected.trainers, strict=True):
        assert credited.pop((Role.TRAINER, address), 0) == amount
    for address in addresses[3:]:
        assert credited.pop((Role.VALIDATOR, address), 0) == expected.validator_each
    assert credited.pop((Role.AGGREGATOR, aggregator.address), 0) == expected.aggregator
    assert credited.pop((Role.BUYER, buyer.address), 0) == expected.refund
    assert credited == {}
