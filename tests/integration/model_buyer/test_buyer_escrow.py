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
from commons.computations.linear_regression.spec import Feature, TrainingJobSpec
from commons.storage.database import create_database
from commons.storage.migrations import migrate
from deltaml.nodes import fund, start_anvil
from model_buyer import background
from model_buyer.config import BuyerConfig
from model_buyer.domain.posted_job import PostedJob, Stage
from model_buyer.serve import MIGRATIONS
from model_buyer.services.cancel_job import cancel_job
from model_buyer.services.carry_on import advance
from model_buyer.services.ports import JobOnRecord
from model_buyer.services.withdraw import PREFIX, request_withdrawal
from model_buyer.wiring import Assembly

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
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assembly]:
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
        database = create_database(config.database_url)
        migrate(database, MIGRATIONS)
        assembly = Assembly(config, database, account)
        assembly.client = Board  # type: ignore[method-assign,assignment]
        stop = threading.Event()
        keeper = threading.Thread(target=background.keep_jobs, args=(assembly, stop))
        keeper.start()
        yield assembly
        stop.set()
        keeper.join()
        database.dispose()


def wait_for(parts: Assembly, job_id: str, reached: Callable[[PostedJob], bool]) -> PostedJob:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with parts.snapshot() as repository:
            job = repository.get(job_id)
        if reached(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job.stage}: {job.note} {job.trouble}")


def post(parts: Assembly) -> PostedJob:
    now = int(time.time())
    spec = TrainingJobSpec(
        title="Yield",
        features=(Feature(name="rain", minimum=0, maximum=100),),
        target=Feature(name="yield", minimum=0, maximum=10),
        deposit_wei=ETHER,
        start_by=now + 1000,
        finish_by=now + 2000,
        role_seed=7,
    )
    job = PostedJob(id=secrets.token_hex(16), spec=spec, key_bits=512, created_at=time.time())
    with parts.unit_of_work() as repository:
        repository.add(job)
    return job


def test_a_deposit_is_escrowed_under_the_jobs_own_terms(parts: Assembly) -> None:
    job = wait_for(parts, post(parts).id, lambda job: job.stage is Stage.OFFERED)
    on_chain = parts.chain.job(job.require_chain_job_id())
    assert (on_chain.state, on_chain.deposit_wei, on_chain.buyer) == (JobState.POSTED, ETHER, parts.address)
    assert on_chain.terms.spec_digest == job.spec.digest()
    assert on_chain.terms.aggregator == AGGREGATOR
    with parts.snapshot() as repository:
        assert repository.on_record(job.require_chain_job_id()) == JobOnRecord(
            JobState.POSTED, None, None, last_recorded=False
        )


def test_a_cancelled_jobs_deposit_comes_back_to_the_wei(parts: Assembly) -> None:
    job = wait_for(parts, post(parts).id, lambda job: job.stage is Stage.OFFERED)
    owed_before = parts.chain.owed_wei(parts.address)
    cancel_job(job.id, unit_of_work=parts.unit_of_work, snapshot=parts.snapshot, chain=parts.chain, clock=time.time)
    cancelled = wait_for(parts, job.id, lambda job: job.stage is Stage.CANCELLED)
    assert cancelled.settlement is not None
    assert cancelled.settlement.refunded_wei == ETHER
    assert parts.chain.owed_wei(parts.address) - owed_before == ETHER
    request_withdrawal(None, unit_of_work=parts.unit_of_work, chain=parts.chain, address=parts.address)
    deadline = time.monotonic() + 30
    while parts.chain.owed_wei(parts.address) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert parts.chain.owed_wei(parts.address) == 0
    with parts.snapshot() as repository:
        assert repository.sent_with_prefix(PREFIX)


def test_a_job_whose_start_passed_is_cancelled_without_being_asked(parts: Assembly) -> None:
    job = wait_for(parts, post(parts).id, lambda job: job.stage is Stage.OFFERED)
    late = replace(parts.buyer(Board()), chain_clock=lambda: time.time() + 5000)  # type: ignore[arg-type]
    advance(late, job)
    wait_for(parts, job.id, lambda job: job.stage is Stage.CANCELLED)
