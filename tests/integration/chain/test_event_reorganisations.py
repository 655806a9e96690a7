"""A whole job over outboxes and event logs while the chain is reorganised under it: all agree, and nobody is paid twice."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from commons.chain.blocks import BlockId, is_on_chain, latest_block
from commons.chain.jobs import JobState
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState

pytestmark = pytest.mark.integration

STAGES = ["create", "start", "checkpoint-0", "checkpoint-1", "checkpoint-2", "finalize"]
EVENTS = Counter(JobCreated=1, JobStarted=1, CheckpointRecorded=3, Credited=5, JobFinalized=1)


def settle(job: Any) -> None:
    """Let every party's loop turn until nothing is under way, as it does in the services after a reorganisation.

    The buyer, on whom all others depend, comes last.
    """
    deadline = time.monotonic() + 60
    loops = [(party.sender(), party.follower()) for party in reversed(job.parties)]
    quiet = 0
    while quiet < 2:
        waits = [status.waiting_for for sender, _ in loops if (status := sender.step()).unfinished]
        waits += [status.unavailable for _, follower in loops if (status := follower.step()).unavailable]
        quiet = 0 if waits else quiet + 1
        job.buyer.meanwhile()
        assert time.monotonic() < deadline, waits


def assert_all_agree(job: Any, stages: list[str]) -> None:
    """What the outboxes hold for mined is on the chain, and so is what the logs have, once each."""
    market, log = job.market, job.buyer.log
    senders = dict.fromkeys(stages, job.aggregator) | {"create": job.buyer}
    for stage in stages:
        row = senders[stage].row(stage)
        assert row.state is OutboxState.MINED, (stage, row.note)
        assert is_on_chain(market.connection, BlockId(row.block_number, row.block_hash))
    latest = latest_block(market.connection).number
    for party in job.parties:
        party.follower().step()
        confirmed = latest - party.policy.confirmations + 1
        party.assert_log_is_the_chain(confirmed)
        assert party.read(log.job_state, job.job_id) is market.job(job.job_id).state
    assert len(job.buyer.read(log.jobs_created)) == market.job_count() == 1
    held = market.connection.web3.eth.get_balance(market.contract_address)
    assert held == market.total_escrowed_wei() + market.total_owed_wei()


def drop_what_is_new(job: Any, stage: str, rpc: Any) -> None:
    """Reorganise a stage's blocks away: the log says again of the job what it said before, and nothing else."""
    watcher = job.owners[0]
    before = watcher.read(watcher.log.history, job.job_id), watcher.read(watcher.log.job_state, job.job_id)
    job.run_stage(stage)
    assert watcher.follower().step().unavailable is None
    assert len(watcher.read(watcher.log.history, job.job_id)) > len(before[0])
    rpc(job.market, "anvil_reorg", 3, [])
    assert watcher.follower().step().unavailable is None
    after = watcher.read(watcher.log.history, job.job_id), watcher.read(watcher.log.job_state, job.job_id)
    assert [row.id for row in after[0]] == [row.id for row in before[0]]
    assert after[1] is before[1]
    assert watcher.read(watcher.log.credited, job.job_id) == []


def drop_several(job: Any, stage: str, rpc: Any) -> None:
    """Reorganise a stage away together with the two before it."""
    job.run_stage(stage)
    for party in job.parties:
        party.follower().step()
    rpc(job.market, "anvil_reorg", 3, [])


@pytest.mark.parametrize("confirmations", [1, 2])
def test_a_job_survives_a_reorganisation_at_each_stage(
    forked: Marketplace, make_job: Any, rpc: Any, confirmations: int
) -> None:
    """Three blocks are dropped after each transaction: with it alone, or with the two before it that had come again."""
    job = make_job(forked, SendingPolicy(confirmations=confirmations, resend_after_s=0))
    market, log = job.market, job.buyer.log
    rpc(forked, "anvil_mine", hex(4))
    if confirmations > 1:
        for party in job.parties:
            party.meanwhile = lambda: rpc(forked, "evm_mine")
    for done, stage in enumerate(STAGES, start=1):
        if confirmations > 1:
            rpc(forked, "anvil_mine", hex(4))
            settle(job)
            drop_what_is_new(job, stage, rpc)
        else:
            drop_several(job, stage, rpc)
        settle(job)
        assert_all_agree(job, STAGES[:done])

    assert market.job(job.job_id).state is JobState.FINISHED
    for party in job.parties:
        party.send("withdraw", market.calls.withdraw())
    rpc(forked, "anvil_reorg", 3, [])
    settle(job)
    assert_all_agree(job, STAGES)
    assert market.total_owed_wei() == market.total_escrowed_wei() == 0
    names = Counter(row.name for row in job.owners[0].read(log.history, job.job_id))
    assert names == EVENTS
    credits_of_job = job.owners[0].read(log.credited, job.job_id)
    assert len({(credit.role, credit.payee) for credit in credits_of_job}) == len(credits_of_job) == 5
    assert sum(credit.amount_wei for credit in credits_of_job) == job.deposit_wei
    taken = [w for party in job.parties for w in job.buyer.read(log.withdrawals, party.address)]
    assert sorted((w.payee, w.amount_wei) for w in taken) == sorted((c.payee, c.amount_wei) for c in credits_of_job)
