"""Weights for money: a buyer with all that its service has, and willing to cheat, against the mask of the delivery."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from commons.chain.calls import MarketplaceCalls
from commons.chain.jobs import FINALIZE_WINDOW_S, JobState
from commons.chain.keystore import load_account
from commons.chain.marketplace import Marketplace
from commons.chain.transactions import send_and_wait
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from commons.computations.job_facts import StartedJob
from commons.computations.linear_regression.job_context import context_of
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.outcome import unmask
from commons.errors import Conflict
from commons.storage.database import create_database
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.linear_regression import LinearRegressionJob, RegressionTable
from deltaml.demo.kinds.linear_regression.in_the_clear import train_in_the_clear
from deltaml.demo.kinds.linear_regression.job import delivered_weights
from deltaml.demo.options import DemoOptions
from deltaml.demo.processes import Services
from deltaml.demo.scenario import FINISH_WITHIN_S, bring_datasets, job_request, run_job
from deltaml.demo.world import World, running_world
from model_buyer.config import BuyerConfig
from model_buyer.domain.stages import Stage
from model_buyer.services.job_rows import find_job
from model_buyer.services.outcomes import outcome_json
from model_buyer.services.participants import secret_key, started_job
from model_buyer.services.settle import receive_outcome
from model_buyer.tables import Job, db
from model_buyer.wiring import assemble

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

OPTIONS = DemoOptions(owners=3, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS, headless=True, chain="anvil")
TRAINING = {"scaling": "none", "rounds": 3, "evaluate_every": 2, "learning_rate": 0.5}
TIMEOUT_S = 90
# What `finalize` is called with begins with this, whether it is tried out, estimated or sent.
FINALIZE = MarketplaceCalls("0x" + "11" * 20).finalize(1, b"s" * 32).data[:4].hex().encode()


class HostileBuyer:
    """Reads its service's database with the service's own password, opens its keys and asks the aggregator as itself."""

    def __init__(self, environment: dict[str, str], world: World, job_id: str) -> None:
        config = BuyerConfig.read({}, environment)
        self.own = assemble(config, account_of(environment), create_database(config.database_url, db)).buyer
        self.aggregator = self.own.aggregator
        self.market = Marketplace(world.rpc_url, world.contract_address)
        self.job_id = job_id

    def job(self) -> Job:
        with self.own.database.snapshot() as session:
            return find_job(session, self.job_id)

    def started(self) -> StartedJob:
        return started_job(self.own, self.job())

    def decrypted(self) -> list[int]:
        """What stands in the delivered ciphertexts: encoded weights plus mask."""
        job, context = self.job(), context_of(self.started())
        delivered = job.delivery.delivered.to_vector(
            context.key,
            count=context.plan.spec.n_weights,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=context.plan.masked_bound(job.delivery.statement.round, WEIGHT_FRACTIONAL_BITS),
        )
        key = secret_key(self.own, job)
        return [key.decrypt(one) for one in delivered.ciphertexts]

    def unmasked(self, *seeds: bytes) -> Iterator[np.ndarray]:
        """The weights in original units, bias last, as they would be if each were the seed."""
        job, started = self.job(), self.started()
        key, scaling = secret_key(self.own, job), started.spec.range_scaling()
        for seed in seeds:
            yield scaling.weights_to_original(unmask(started, key, job.delivery, seed))

    def guesses(self) -> set[bytes]:
        """Every 32 bytes that could be taken for the seed: what the job is made of, and all words that are on chain."""
        job, on_chain = self.job(), self.market.job(self.job().chain_job_id)
        known = {bytes(32), b"\xff" * 32, on_chain.seed_hash, keccak(on_chain.seed_hash), on_chain.delivery_digest}
        known |= {
            on_chain.terms.spec_digest,
            on_chain.terms.key_digest,
            job.delivery.statement.delivery_digest,
            bytes.fromhex(job.delivery.details["candidates_digest"][2:]),
        }
        known |= {number.to_bytes(32, "big") for number in (job.chain_job_id, job.spec.role_seed)}
        known |= {keccak(number.to_bytes(32, "big")) for number in (job.chain_job_id, job.spec.role_seed)}
        return known | set(self._words_on_chain())

    def _words_on_chain(self) -> Iterator[bytes]:
        eth = self.market.connection.web3.eth
        for number in range(eth.block_number + 1):
            block = eth.get_block(number, full_transactions=True)
            yield bytes(block["hash"])
            for transaction in block["transactions"]:
                yield bytes(transaction["hash"])
                # The contract's own code says nothing about a job.
                if transaction["to"] is not None:
                    yield from words(bytes(transaction["input"])[4:])
                for log in eth.get_transaction_receipt(transaction["hash"])["logs"]:
                    yield from words(bytes(log["data"]))

    def everything_stored(self, folder: Path) -> bytes:
        """Database and log of its service, and what the aggregator tells about the job."""
        files = [*sorted((folder / "buyer").glob("*.sqlite3*")), folder / "buyer.log"]
        shown = (self.aggregator.job(self.job().chain_job_id), self.aggregator.delivery(self.job().chain_job_id))
        return b"".join(path.read_bytes() for path in files) + repr(shown).encode()


def account_of(environment: dict[str, str]) -> LocalAccount:
    return load_account(Path(environment["DELTAML_KEYSTORE"]), environment["DELTAML_KEYSTORE_PASSWORD"])


def words(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data) - 31, 32):
        yield data[at : at + 32]


def wait_until(condition, what):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.1)


@pytest.fixture
def environments(monkeypatch):
    """The settings with which each service was started, its passwords among them."""
    seen = {}
    start = Services.start

    def noting(self, name, arguments, environment):
        seen[name] = dict(environment)
        return start(self, name, arguments, environment)

    monkeypatch.setattr(Services, "start", noting)
    return seen


@pytest.fixture
def regression(terraces: RegressionTable) -> LinearRegressionJob:
    return LinearRegressionJob(terraces, TRAINING)


def true_weights(setting: Setting, buyer: HostileBuyer) -> np.ndarray:
    """The same training on the same rows in the clear: weights in original units, bias last."""
    job = buyer.job()
    owned = list(zip(setting.world.owners, setting.parts, strict=True))
    trainers, validators = (
        [part for owner, part in owned if owner.address in accounts]
        for accounts in (buyer.market.trainers(job.chain_job_id), buyer.market.validators(job.chain_job_id))
    )
    return train_in_the_clear(job.spec.computation, trainers, validators, rounds=TRAINING["rounds"]).weights


def assert_masked(buyer: HostileBuyer, truth: np.ndarray) -> None:
    """What the buyer has fits every model that the job could have, and nothing that it knows takes the mask off."""
    context = context_of(buyer.started())
    place = (buyer.job().delivery.statement.round, WEIGHT_FRACTIONAL_BITS)
    bound, masks = context.plan.weight_bound(*place), 1 << context.plan.mask_bits(*place)
    for value in buyer.decrypted():
        # For the largest and the smallest weight alike there is a mask that gives this very value.
        assert all(0 <= value - weight < masks for weight in (-bound, 0, bound))
    guesses = buyer.guesses()
    assert len(guesses) > 50
    for weights in buyer.unmasked(*guesses):
        assert np.abs(weights - truth).min() > 1e6


def assert_its_own_service_has_no_model(buyer: HostileBuyer, world: World) -> None:
    job = buyer.job()
    assert job.seed is None
    with pytest.raises(Conflict):
        outcome_json(buyer.own, job.id)
    with pytest.raises(Conflict):
        world.buyer.session.get(f"/v1/jobs/{job.id}/result")
    with pytest.raises(Conflict):
        receive_outcome(buyer.own, job)
    assert buyer.aggregator.delivery(job.chain_job_id)["evidence"] is None
    assert buyer.market.job_finalized(job.chain_job_id) is None


class Setting(NamedTuple):
    """What the tests of one world share; `chain` is the proxy between the services and the node."""

    world: World
    chain: Any
    environments: dict[str, dict[str, str]]
    parts: list[tuple[np.ndarray, np.ndarray]]


def attacked_before_finalize(setting: Setting, then) -> tuple[list[HostileBuyer], Any]:
    """For `run_job`: once only `finalize` is missing, the buyer attacks, and `then` is called with it."""
    attacked: list[HostileBuyer] = []

    def follow(job) -> None:
        if attacked or (job["live"] or {}).get("state") != "settling":
            return
        buyer = HostileBuyer(setting.environments["buyer"], setting.world, job["id"])
        attacked.append(buyer)
        held_back = setting.chain.held_back
        wait_until(lambda: buyer.job().delivery is not None, "the delivery")
        wait_until(lambda: buyer.market.job(buyer.job().chain_job_id).last_recorded, "the last checkpoint")
        wait_until(lambda: setting.chain.held_back > held_back, "the aggregator's finalize")
        assert_masked(buyer, true_weights(setting, buyer))
        assert_its_own_service_has_no_model(buyer, setting.world)
        assert buyer.job().stage is Stage.OFFERED
        then(buyer)

    return attacked, follow


def test_the_weights_come_with_the_pay_and_not_before(tmp_path, recording_proxy, environments, regression):
    proxies = []

    def front(url: Callable[[], str]) -> str:
        proxies.append(recording_proxy(url))
        return proxies[-1].url

    with running_world(OPTIONS, tmp_path, front=front) as world, Acceptors(world) as acceptors:
        dealt = regression.deal(OPTIONS.seed, OPTIONS.owners)
        setting = Setting(world, proxies[0], environments, [regression.table.part(rows) for rows in dealt])
        bring_datasets(world, regression, dealt, tmp_path)
        request = job_request(OPTIONS, regression)
        paid(setting, request, acceptors, tmp_path)
        expired(setting, request, acceptors)


def paid(setting: Setting, request, acceptors: Acceptors, folder: Path) -> None:
    stored = []

    def let_finalize(buyer: HostileBuyer) -> None:
        stored.append(buyer.everything_stored(folder))
        setting.chain.held = None

    setting.chain.held = FINALIZE
    attacked, follow = attacked_before_finalize(setting, let_finalize)
    finished = run_job(setting.world, request, follow, acceptors)
    (buyer,) = attacked
    truth = true_weights(setting, buyer)
    assert np.array(delivered_weights(finished.result)) == pytest.approx(truth, rel=1e-6)
    # The same attack works with the seed, which is on chain now, and was in nothing that the buyer had before.
    seed = buyer.market.job_finalized(buyer.job().chain_job_id).seed
    assert next(buyer.unmasked(seed)) == pytest.approx(truth, rel=1e-6)
    assert seed in buyer.guesses()
    assert seed not in stored[0]
    assert seed.hex().encode() not in stored[0]


def expired(setting: Setting, request, acceptors: Acceptors) -> None:
    """The job's time runs out between the delivery and `finalize`."""

    def let_time_run_out(buyer: HostileBuyer) -> None:
        rpc = buyer.market.connection.web3.provider.make_request
        rpc("evm_increaseTime", [FINISH_WITHIN_S + FINALIZE_WINDOW_S + 60])
        rpc("evm_mine", [])
        settle = buyer.market.calls.expire_job(buyer.job().chain_job_id)
        send_and_wait(buyer.market.connection, account_of(setting.environments["owner-0"]), settle)

    setting.chain.held = FINALIZE
    attacked, follow = attacked_before_finalize(setting, let_time_run_out)
    with pytest.raises(Conflict, match="expired"):
        run_job(setting.world, request, follow, acceptors)
    (buyer,) = attacked
    # Now the aggregator may finalize as much as it likes: it finds the job expired, and keeps its seed.
    setting.chain.held = None
    wait_until(lambda: buyer.aggregator.job(buyer.job().chain_job_id)["state"] == "expired", "the aggregator")
    assert buyer.market.job(buyer.job().chain_job_id).state is JobState.EXPIRED
    assert buyer.job().stage is Stage.EXPIRED
    assert_masked(buyer, true_weights(setting, buyer))
    assert_its_own_service_has_no_model(buyer, setting.world)
