"""A job's money against a real chain: escrowed, refunded, withdrawn, through the buyer's own background work."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from commons.agent.aggregator_client import AggregatorStatus
from commons.chain.deployment import deploy
from commons.chain.jobs import JobState
from commons.computations.linear_regression.spec import Feature
from deltaml.nodes import fund, start_anvil
from model_buyer import background
from model_buyer.config import BuyerConfig
from model_buyer.domain.stages import Stage
from model_buyer.services.cancel_job import cancel_job
from model_buyer.services.carry_on import advance
from model_buyer.services.job_rows import new_job
from model_buyer.services.withdraw import list_withdrawals, request_withdrawal
from model_buyer.tables import EVENTS, Job
from model_buyer.wiring import Parts, assemble, prepare
from tests.doubles.around_buyer import put_job, stored_job
from tests.doubles.job_specs import job_spec

pytestmark = pytest.mark.integration
ETHER = 10**18
AGGREGATOR = Account.from_key(secrets.token_bytes(32)).address


class Board:
    """An aggregator that takes every job and never starts one."""

    def status(self) -> AggregatorStatus:
        return AggregatorStatus(1337, "", AGGREGATOR, "1")

    def offer_job(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    folder: Path = tmp_path_factory.mktemp("buyer")
    with start_anvil() as node:
        deployer, account = (Account.from_key(secrets.token_bytes(32)) for _ in range(2))
        for one in (deployer, account):
            fund(node.rpc_url, one.address, 10 * ETHER)
        config = BuyerConfig.read(
            {
                "state_dir": folder,
                "eth_rpc_url": node.rpc_url,
                "contract_address": deploy(node.rpc_url, deployer).address,
                "unsafe_small_key": True,
                "poll_interval_s": 0.05,
                "vault_cost": 2**10,
            },
            {"DELTAML_KEYSTORE_PASSWORD": "a password"},
        )
        made = assemble(config, account, prepare(config))
        parts = replace(made, buyer=replace(made.buyer, aggregator=Board()))  # type: ignore[arg-type]
        stop = threading.Event()
        keeper = threading.Thread(target=background.keep_jobs, args=(parts, stop))
        keeper.start()
        yield parts
        stop.set()
        keeper.join()
        parts.buyer.database.dispose()


def wait_for(parts: Parts, job_id: str, reached: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = stored_job(parts.buyer.database, job_id)
        if reached(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job.stage}: {job.note} {job.trouble}")


def post(parts: Parts) -> Job:
    now = int(time.time())
    spec = job_spec(
        title="Yield",
        features=(Feature(name="rain", minimum=0, maximum=100),),
        target=Feature(name="yield", minimum=0, maximum=10),
        deposit_wei=ETHER,
        start_by=now + 1000,
        finish_by=now + 2000,
        role_seed=7,
    )
    return put_job(parts.buyer.database, new_job(spec, key_bits=512, at=time.time()))


def test_a_deposit_is_escrowed_under_the_jobs_own_terms(parts: Parts) -> None:
    job = wait_for(parts, post(parts).id, lambda job: job.stage is Stage.OFFERED)
    assert job.chain_job_id is not None
    on_chain = parts.buyer.chain.job(job.chain_job_id)
    assert (on_chain.state, on_chain.deposit_wei, on_chain.buyer) == (JobState.POSTED, ETHER, parts.address)
    assert on_chain.terms.spec_digest == job.spec.digest()
    assert on_chain.terms.aggregator == AGGREGATOR
    with parts.buyer.database.snapshot() as session:
        assert EVENTS.job_state(session, job.chain_job_id) is JobState.POSTED
        assert EVENTS.started(session, job.chain_job_id) is None
        assert EVENTS.settled(session, job.chain_job_id) is None
        assert not EVENTS.is_last_recorded(session, job.chain_job_id)


def test_a_cancelled_jobs_deposit_comes_back_to_the_wei(parts: Parts) -> None:
    job = wait_for(parts, post(parts).id, lambda job: job.stage is Stage.OFFERED)
    owed_before = parts.buyer.chain.owed_wei(parts.address)
    cancel_job(parts.buyer, job.id)
    cancelled = wait_for(parts, job.id, lambda job: job.stage is Stage.CANCELLED)
    assert cancelled.settlement is not None
    assert cancelled.settlement.refunded_wei == ETHER
    assert parts.buyer.chain.owed_wei(parts.address) - owed_before == ETHER
    request_withdrawal(parts.buyer, None)
    deadline = time.monotonic() + 30
    while parts.buyer.chain.owed_wei(parts.address) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert parts.buyer.chain.owed_wei(parts.address) == 0
    assert list_withdrawals(parts.buyer)


def test_a_job_whose_start_passed_is_cancelled_without_being_asked(parts: Parts) -> None:
    job = wait_for(parts, post(parts).id, lambda job: job.stage is Stage.OFFERED)
    late = replace(parts.buyer, chain_clock=lambda: time.time() + 5000)
    advance(late, job)
    wait_for(parts, job.id, lambda job: job.stage is Stage.CANCELLED)
