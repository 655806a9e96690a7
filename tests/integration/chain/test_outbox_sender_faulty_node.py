"""A whole job through a node that fails at random, and through nodes that are killed: every call is mined once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commons.chain.blocks import latest_block
from commons.chain.connection import ChainConnection
from commons.chain.event_follower import SHORT_CHAIN_PATIENCE_S
from commons.chain.jobs import JobState
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState
from deltaml.nodes import ChainNode, start_anvil, start_ganache

pytestmark = pytest.mark.integration

STAGES = ["create", "start", "checkpoint-0", "checkpoint-1", "checkpoint-2", "finalize"]
EVENTS = Counter(JobCreated=1, JobStarted=1, CheckpointRecorded=3, Credited=5, JobFinalized=1)
DEADLINE_S = 120.0
REQUEST_TIMEOUT_S = 0.5


def assert_paid_once(job: Any) -> None:
    """Contract, outboxes and logs agree on a finished job, and each account used one nonce a call."""
    market = job.market
    assert market.job(job.job_id).state is JobState.FINISHED
    assert market.job_count() == 1
    assert (market.total_escrowed_wei(), market.total_owed_wei()) == (0, job.deposit_wei)
    credits_of_job = market.credited(job.job_id)
    assert len({(credit.role, credit.payee) for credit in credits_of_job}) == len(credits_of_job) == 5
    assert sum(credit.amount_wei for credit in credits_of_job) == job.deposit_wei
    for party in (job.buyer, job.aggregator):
        party.assert_log_is_the_chain()
        assert Counter(row.name for row in party.read(party.log.history, job.job_id)) == EVENTS


@pytest.fixture
def faulty_node(node: ChainNode, marketplace: Marketplace, start_proxy: Any, refuse: Any) -> tuple[str, Counter[str]]:
    """The URL of a proxy that lets a fifth of all requests go wrong, and what it did."""
    dice = random.Random(20)
    faults: Counter[str] = Counter()
    kinds = ["refuse", "status", "garbage", "lose request", "lose answer"] * 3 + ["delay"]
    # Ganache mines the same bytes twice when it is given them again while it mines them.
    if "anvil" in marketplace.connection.web3.client_version.lower():
        kinds += ["twice"] * 3

    def behave(request: dict[str, Any], forward: Callable[[], bytes]) -> bytes | int | None:
        if dice.random() > 0.2:
            return forward()
        fault = dice.choice(kinds)
        faults[fault] += 1
        if fault == "refuse":
            return refuse(request, "internal error, try again")
        if fault == "status":
            return 503
        if fault == "lose request":
            return None
        answer = forward()
        if fault == "twice":
            return forward()
        if fault == "delay":
            time.sleep(REQUEST_TIMEOUT_S + 0.2)
        return {"lose answer": None, "garbage": b"<html>"}.get(fault, answer)

    return start_proxy(node.rpc_url, behave), faults


def test_a_job_is_sent_through_a_node_that_fails_at_random(
    node: ChainNode, faulty_node: Any, new_market: Any, make_job: Any
) -> None:
    """Requests and answers are lost, delayed, doubled, refused and garbled."""
    url, faults = faulty_node
    job = make_job(new_market(node.rpc_url), SendingPolicy(resend_after_s=0))
    connection = ChainConnection(url, request_timeout_s=REQUEST_TIMEOUT_S)
    faulty = Marketplace(url, job.market.contract_address, request_timeout_s=REQUEST_TIMEOUT_S)
    for key, prepare in job.stages():
        party, call = prepare()
        party.enqueue(key, call)
        sender, follower = party.sender(connection), party.follower(faulty)
        deadline = time.monotonic() + DEADLINE_S
        while party.row(key).state is not OutboxState.MINED:
            assert time.monotonic() < deadline, (key, party.row(key).note)
            assert party.row(key).state is not OutboxState.FAILED, party.row(key).note
            sender.step()
            follower.step()
        if key == "create":
            job.job_id = 1
    for party in (job.buyer, job.aggregator):
        follower = party.follower(faulty)
        deadline = time.monotonic() + DEADLINE_S
        while follower.step().followed != latest_block(job.market.connection).number:
            assert time.monotonic() < deadline
    assert_paid_once(job)
    nonces = job.market.connection.web3.eth.get_transaction_count
    assert (nonces(job.buyer.address), nonces(job.aggregator.address)) == (1, 5)
    assert len(faults) >= 4, faults


def test_a_node_killed_mid_job_gets_the_same_transaction_after_its_restart(
    make_service: Any, new_market: Any, rpc: Any, tmp_path: Path
) -> None:
    with start_ganache(db_path=tmp_path / "chain") as node:
        market = new_market(node.rpc_url)
        service = make_service(market, SendingPolicy(resend_after_s=0, replace_after_s=60))
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


@pytest.mark.soak
def test_a_job_goes_on_over_a_node_that_is_killed_at_each_stage(make_job: Any, new_market: Any, tmp_path: Path) -> None:
    """Anvil writes its state every two seconds: what it mined after that is lost with it, and has to be mined again."""
    state = tmp_path / "state.json"
    node = start_anvil(state_path=state)
    try:
        job = make_job(new_market(node.rpc_url), SendingPolicy(resend_after_s=0))
        lost = 0
        for stage in STAGES:
            wait_for_state(state)
            job.run_stage(stage)
            job.step()
            mined = latest_block(job.market.connection).number
            node.kill()
            for party in (job.buyer, job.aggregator):
                assert "no Ethereum node answers" in str(party.follower().step().unavailable)
            node = start_anvil(node.port, state_path=state)
            lost += mined - latest_block(job.market.connection).number
            while any(party.sender().step().unfinished for party in job.parties):
                pass
        for party in (job.buyer, job.aggregator):
            follower = party.follower()
            follower.step()
            party.clock.now += SHORT_CHAIN_PATIENCE_S
            assert follower.step().unavailable is None
        assert_paid_once(job)
        assert lost > 0, "no block was lost, so nothing was shown"
    finally:
        node.kill()


def wait_for_state(state: Path) -> None:
    """Return right after the state has been written, so that what comes now is not in it."""
    before, deadline = state.stat().st_mtime_ns if state.exists() else 0, time.monotonic() + 60
    while not state.exists() or state.stat().st_mtime_ns == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
