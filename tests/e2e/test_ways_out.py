"""Who works is paid, and who pays gets the rest back, although the buyer is silent and the aggregator gone for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commons.chain.jobs import JobState, Role
from commons.chain.keystore import load_account
from commons.chain.transactions import send_and_wait
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.linear_regression import LinearRegressionJob
from deltaml.demo.options import DemoOptions
from deltaml.demo.processes import Services
from deltaml.demo.scenario import FINISH_WITHIN_S, bring_datasets, job_request
from deltaml.demo.world import running_world
from deltaml.nodes import start_anvil
from tests.support.rpc import pass_time

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

OPTIONS = DemoOptions(owners=4, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS, headless=True)
TRAINING = {"scaling": "none", "learning_rate": 0.1}
SETTINGS = {"DELTAML_POLL_INTERVAL_S": "0.2"}
SETTLED_WITHIN_S = FINISH_WITHIN_S + 10_000
DELIVERY_RESULT = b'"linear_regression/deliver"'


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


def posted(world: Any, request: dict[str, Any], **training: Any) -> str:
    changed = {**request, "min_owners": 3, "computation": {**request["computation"], **training}}
    return str(world.buyer.session.post("/v1/jobs", changed)["id"])


def revoke(environment: dict[str, str], market: Any, job_id: int) -> None:
    """Take an acceptance back on chain, behind the aggregator's back."""
    account = load_account(Path(environment["DELTAML_KEYSTORE"]), environment["DELTAML_KEYSTORE_PASSWORD"])
    send_and_wait(market.connection, account, market.calls.revoke_acceptance(job_id))


def members(market: Any, job_id: int) -> set[str]:
    return {*market.trainers(job_id), *market.validators(job_id)}


def test_a_silent_buyer_and_an_aggregator_that_is_gone_cost_nobody_what_was_earned(
    tmp_path, terraces, money_of, recording_proxy, environments
):
    proxies = []

    def front(url: Callable[[], str]) -> str:
        proxies.append(recording_proxy(url))
        return url() if len(proxies) == 1 else proxies[1].url

    with start_anvil() as node, running_world(OPTIONS, tmp_path, front=front, node=node, settings=SETTINGS) as world:
        job = LinearRegressionJob(terraces, TRAINING)
        bring_datasets(world, job, job.deal(OPTIONS.seed, OPTIONS.owners), tmp_path)
        money, request = money_of(world), job_request(OPTIONS, job)
        market, revoker = money.market, world.owners[0]

        # One owner accepts, and takes it back where only the contract hears of it: the others train without it.
        long = posted(world, request, rounds=5000, evaluate_every=10)
        money.wait_until(lambda: revoker.session.get("/v1/offers/1")["status"] == "READY", "the offer")
        revoker.session.post("/v1/offers/1/accept", {})
        revoke(environments["owner-0"], market, 1)
        with Acceptors(world):
            money.wait_until(lambda: market.job(1).checkpoint_count >= 2, "the first job to train")
            offer = revoker.session.get("/v1/offers/1")
            assert revoker.address not in members(market, 1)
            assert (offer["status"], offer["reason"]) == ("MISSED", "it took back its acceptance on chain")

            # The buyer answers everything about its second job but the delivery.
            proxies[1].held = DELIVERY_RESULT
            short = posted(world, request, rounds=2, evaluate_every=2)
            money.wait_until(lambda: proxies[1].held_back, "the buyer to be asked for its signature")
            money.wait_until(lambda: market.job(2).checkpoint_count == 2, "the last checkpoint to be recorded")
        assert not market.job(2).last_recorded
        world.services.kill("aggregator")
        pass_time(node.rpc_url, SETTLED_WITHIN_S)

        for job_id in (1, 2):
            money.wait_until(
                lambda job_id=job_id: market.job(job_id).state is JobState.EXPIRED, f"job {job_id}'s expiry"
            )
            credited = money.assert_paid_once(job_id)
            paid = {one.payee for one in credited if one.role in (Role.TRAINER, Role.VALIDATOR)}
            assert paid <= members(market, job_id)
            assert set(market.validators(job_id)) <= paid
            assert Role.AGGREGATOR not in {one.role for one in credited}
            money.wait_until_services_agree(job_id)
        improved = market.job(2)
        assert improved.latest_mse_fixed < improved.initial_mse_fixed
        trainers_pay = sum(one.amount_wei for one in market.credited(2) if one.role is Role.TRAINER)
        assert trainers_pay == sum(market.quote(2).trainers) > 0
        for job in (long, short):
            money.wait_until(
                lambda job=job: world.buyer.session.get(f"/v1/jobs/{job}")["stage"] == "expired", "the buyer to see it"
            )
        money.withdraw_everything()
        assert market.total_owed_wei() == 0
