"""What the buyer concluded from events is undone with them, and comes back under whatever number the chain gives."""

from __future__ import annotations

from typing import Any

import pytest

from commons.chain.jobs import JobSettled, JobState
from commons.chain.outbox_table import OutboxState
from commons.storage.database import Database
from model_buyer.domain.stages import Participants, Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.carry_on import carry_on
from model_buyer.services.outgoing import cancellation_key, creation_key
from model_buyer.tables import OUTBOX, ContractEvent, Job, OutboxTransaction
from tests.doubles.around_buyer import change_job, job_row, put_job, stored_job

TX = "0x" + "ab" * 32
END_TX = "0x" + "ef" * 32


def now(buyer: Buyer, job: Job) -> Job:
    return stored_job(buyer.database, job.id)


def sent(database: Database, key: str, tx_hash: str, state: OutboxState = OutboxState.MINED) -> None:
    with database.session() as session:
        row = session.query(OutboxTransaction).filter_by(key=key).one_or_none() or OutboxTransaction(key=key)
        row.description, row.to_address, row.data, row.value_wei = "post a job", "0x", b"", 1
        row.state, row.queued_at, row.tx_hash, row.tx_hashes = state, 0.0, tx_hash, [tx_hash]
        row.note = "MarketplaceDeadlinesInvalid" if state is OutboxState.FAILED else None
        session.add(row)


@pytest.fixture
def offered(running_job: Job, buyer: Buyer, chain: Any, database: Database) -> Job:
    """Job number 1, recruiting."""
    sent(database, creation_key(running_job.id), TX)
    chain.put(running_job, JobState.POSTED)
    return running_job


@pytest.mark.parametrize(("state", "stage"), [(JobState.EXPIRED, Stage.EXPIRED), (JobState.CANCELLED, Stage.CANCELLED)])
def test_an_end_that_is_undone_is_taken_back_and_counts_again_when_it_comes_back(
    buyer: Buyer, chain: Any, offered: Job, state: JobState, stage: Stage
) -> None:
    money = JobSettled(1, None, 300_000, 700_000, END_TX)
    chain.put(offered, state, settled=money)
    carry_on(buyer)
    assert now(buyer, offered).stage is stage
    chain.put(offered, JobState.RUNNING if state is JobState.EXPIRED else JobState.POSTED)
    carry_on(buyer)
    reopened = now(buyer, offered)
    assert (reopened.stage, reopened.settlement) == (Stage.OFFERED, None)
    chain.put(offered, state, settled=money)
    carry_on(buyer)
    again = now(buyer, offered)
    assert again.stage is stage
    assert again.settlement is not None


def test_a_settlement_in_another_way_replaces_the_former(buyer: Buyer, chain: Any, offered: Job) -> None:
    chain.put(offered, JobState.EXPIRED, settled=JobSettled(1, None, 300_000, 700_000, END_TX))
    carry_on(buyer)
    chain.put(offered, JobState.CANCELLED)
    carry_on(buyer)
    stored = now(buyer, offered)
    assert stored.stage is Stage.CANCELLED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (0, offered.spec.deposit_wei)


def test_while_a_deposit_is_sent_again_the_job_waits_and_says_so(buyer: Buyer, chain: Any, offered: Job) -> None:
    chain.drop()
    carry_on(buyer)
    waiting = now(buyer, offered)
    assert (waiting.stage, waiting.chain_job_id) == (Stage.OFFERED, 1)
    assert "sent again" in waiting.note
    chain.put(offered, JobState.POSTED)
    carry_on(buyer)
    assert now(buyer, offered).stage is Stage.OFFERED


def test_a_deposit_that_fails_after_a_reorganisation_ends_the_job(
    buyer: Buyer, chain: Any, database: Database, offered: Job
) -> None:
    chain.drop()
    sent(database, creation_key(offered.id), TX, OutboxState.FAILED)
    carry_on(buyer)
    stored = now(buyer, offered)
    assert stored.stage is Stage.FAILED
    assert "MarketplaceDeadlinesInvalid" in stored.note


def test_a_job_that_comes_back_under_another_number_is_announced_under_it(
    buyer: Buyer, chain: Any, aggregator: Any, offered: Job
) -> None:
    chain.drop()
    chain.put(offered, JobState.POSTED, number=2)
    carry_on(buyer)
    stored = now(buyer, offered)
    assert (stored.stage, stored.chain_job_id) == (Stage.OFFERED, 2)
    assert [one["job_id"] for one in aggregator.offered] == [2]
    assert not stored.cancel_requested


def test_a_key_that_owners_have_worked_under_is_not_used_for_a_job_of_another_number(
    buyer: Buyer, chain: Any, aggregator: Any, offered: Job
) -> None:
    change_job(buyer.database, offered.id, participants=Participants(chain.trainers, chain.validators))
    chain.drop()
    chain.put(offered, JobState.POSTED, number=2)
    carry_on(buyer)
    stored = now(buyer, offered)
    assert (stored.chain_job_id, stored.cancel_requested, stored.participants) == (2, True, None)
    assert aggregator.offered == []
    with buyer.database.snapshot() as session:
        cancellation = OUTBOX.latest(session, cancellation_key(offered.id))
    assert cancellation is not None
    assert cancellation.description == "cancel job 2"


def test_two_jobs_can_swap_their_numbers(
    buyer: Buyer, chain: Any, aggregator: Any, database: Database, offered: Job
) -> None:
    other = put_job(
        database,
        job_row(offered.spec, id="b" * 32, chain_job_id=2, stage=Stage.OFFERED, modulus=offered.modulus),
    )
    sent(database, creation_key(other.id), END_TX)
    for number, job in ((2, offered), (1, other)):
        chain.put(job, JobState.POSTED, number=number)
    with database.session() as session:
        session.query(ContractEvent).filter_by(job_id=1).one().tx_hash = END_TX
    carry_on(buyer)
    assert (now(buyer, offered).chain_job_id, now(buyer, other).chain_job_id) == (2, 1)
    assert sorted(one["job_id"] for one in aggregator.offered) == [1, 2]
