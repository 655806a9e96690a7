"""A job's way through its stages, with chain and aggregator coming and going."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from commons.chain.jobs import FINALIZE_WINDOW_S, JobSettled, JobState
from commons.chain.outbox_table import OutboxState
from commons.ciphers.paillier import ModulusProof, PublicKey, SecretKey, verify_modulus
from commons.errors import InvalidInput
from commons.storage.database import Database
from model_buyer.adapters.tables import OutboxTransaction
from model_buyer.domain.posted_job import PostedJob, Stage
from model_buyer.services import escrow
from model_buyer.services.carry_on import carry_on
from model_buyer.services.ports import Buyer
from model_buyer.services.settle import FINISH_GRACE_S, RETRY_INTERVAL_S, START_GRACE_S

TX = "0x" + "ab" * 32


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch, secret_key: SecretKey) -> None:
    # Generating is tested with commons.ciphers.paillier; here it only takes time.
    monkeypatch.setattr(escrow, "generate_keypair", lambda *_, **__: secret_key)


def draft(buyer: Buyer, job: PostedJob, **changes: Any) -> str:
    with buyer.unit_of_work() as repository:
        repository.add(replace(job, **changes))
    return job.id


def now(buyer: Buyer, job_id: str) -> PostedJob:
    with buyer.snapshot() as repository:
        return repository.get(job_id)


def queued(buyer: Buyer, key: str) -> bool:
    with buyer.snapshot() as repository:
        return repository.sent(key) is not None


def events(buyer: Buyer, job_id: str) -> list[str]:
    with buyer.snapshot() as repository:
        return [entry.event for entry in repository.timeline(job_id)]


def mine(database: Database, key: str, state: OutboxState = OutboxState.MINED, note: str | None = None) -> None:
    with database.session() as session:
        session.execute(
            update(OutboxTransaction).where(OutboxTransaction.key == key).values(state=state, tx_hash=TX, note=note)
        )


def escrowed(buyer: Buyer, chain: Any, database: Database, job: PostedJob) -> str:
    job_id = draft(buyer, job)
    carry_on(buyer)
    mine(database, f"create-job-{job_id}")
    chain.put(job, JobState.POSTED)
    return job_id


def test_a_draft_gets_a_sealed_key_a_proof_and_a_queued_deposit(buyer: Buyer, chain: Any, job: PostedJob) -> None:
    job_id = draft(buyer, job)
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert stored.stage is Stage.ESCROWING
    assert queued(buyer, f"create-job-{job_id}")
    key = stored.require_key()
    public_key = PublicKey(key.modulus, unsafe_small_key=True)
    verify_modulus(public_key, ModulusProof.from_json(key.modulus_proof))
    assert buyer.vault.open(key.sealed_secret, job_id).public_key == public_key
    assert chain.terms.key_digest == public_key.digest()
    assert chain.terms.spec_digest == job.spec.digest()
    assert (chain.terms.trainer_bps, chain.terms.validator_bps, chain.terms.aggregator_bps) == (7000, 2000, 1000)
    assert (chain.terms.start_by, chain.terms.finish_by) == (job.spec.start_by, job.spec.finish_by)


def test_a_restarted_buyer_neither_makes_another_key_nor_sends_twice(buyer: Buyer, job: PostedJob) -> None:
    job_id = draft(buyer, job)
    carry_on(buyer)
    first = now(buyer, job_id)
    for _ in range(3):
        carry_on(buyer)
    assert now(buyer, job_id).key == first.key
    with buyer.snapshot() as repository:
        assert len(repository.sent_with_prefix("create-job-")) == 1


def test_without_an_aggregator_the_job_waits_and_says_so(buyer: Buyer, aggregator: Any, job: PostedJob) -> None:
    aggregator.available = False
    job_id = draft(buyer, job)
    carry_on(buyer)
    waiting = now(buyer, job_id)
    assert (waiting.stage, waiting.trouble) == (Stage.DRAFT, "the aggregator does not answer")
    assert waiting.key is not None
    aggregator.available = True
    carry_on(buyer)
    assert (now(buyer, job_id).stage, now(buyer, job_id).trouble) == (Stage.ESCROWING, "")


def test_a_mined_deposit_is_announced_with_the_number_on_chain(
    buyer: Buyer, chain: Any, aggregator: Any, database: Database, job: PostedJob
) -> None:
    job_id = escrowed(buyer, chain, database, job)
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert (stored.stage, stored.chain_job_id) == (Stage.OFFERED, 1)
    [offer] = aggregator.offered
    assert offer["job_id"] == 1
    assert offer["spec"] == job.spec
    assert offer["modulus"] == stored.require_key().modulus
    assert all(root.startswith("0x") for root in offer["proof"])
    assert events(buyer, job_id)[-2:] == [
        "deposit escrowed; the job is number 1 on chain",
        "offered to data owners",
    ]


def test_a_deposit_counts_once_its_event_is_confirmed(
    buyer: Buyer, chain: Any, database: Database, job: PostedJob
) -> None:
    job_id = escrowed(buyer, chain, database, job)
    chain.drop()
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.ESCROWING
    chain.put(job, JobState.POSTED)
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.OFFERED


def test_a_deposit_that_reverts_ends_the_job_with_the_reason(buyer: Buyer, database: Database, job: PostedJob) -> None:
    job_id = draft(buyer, job)
    carry_on(buyer)
    mine(database, f"create-job-{job_id}", OutboxState.FAILED, "MarketplaceDeadlinesInvalid")
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert stored.stage is Stage.FAILED
    assert "MarketplaceDeadlinesInvalid" in stored.note


def test_an_aggregator_that_refuses_leaves_the_job_where_it_can_be_cancelled(
    buyer: Buyer, chain: Any, database: Database, job: PostedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = escrowed(buyer, chain, database, job)

    def refuse(*_: Any, **__: Any) -> None:
        raise InvalidInput("modulus: not the one on chain")

    monkeypatch.setattr(buyer.aggregator, "offer_job", refuse)
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.ESCROWED
    assert now(buyer, job_id).trouble == "modulus: not the one on chain"
    with buyer.unit_of_work() as repository:
        repository.save(replace(repository.get(job_id), cancel_requested=True))
    carry_on(buyer)
    assert queued(buyer, f"cancel-job-{job_id}")


def test_a_draft_is_cancelled_without_a_transaction(buyer: Buyer, job: PostedJob) -> None:
    job_id = draft(buyer, job, cancel_requested=True)
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.CANCELLED
    assert not queued(buyer, f"create-job-{job_id}")


def test_a_cancelled_job_shows_its_refund(buyer: Buyer, chain: Any, database: Database, job: PostedJob) -> None:
    job_id = escrowed(buyer, chain, database, job)
    carry_on(buyer)
    chain.put(job, JobState.CANCELLED)
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert stored.stage is Stage.CANCELLED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (0, job.spec.deposit_wei)


def test_an_expired_job_shows_what_was_paid_and_has_no_model(buyer: Buyer, chain: Any, running_job: PostedJob) -> None:
    chain.put(running_job, JobState.EXPIRED, settled=JobSettled(1, None, 300_000, 700_000, TX))
    carry_on(buyer)
    stored = now(buyer, running_job.id)
    assert stored.stage is Stage.EXPIRED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (300_000, 700_000)
    assert stored.model_json is None
    assert events(buyer, running_job.id)[-1].endswith("paid 300000 wei, refunded 700000 wei")


def test_participants_are_taken_from_the_chain_once_it_runs(
    buyer: Buyer, chain: Any, aggregator: Any, running_job: PostedJob, declared: Any
) -> None:
    aggregator.views[1]["owners"] = declared(1.25)
    carry_on(buyer)
    participants = now(buyer, running_job.id).participants
    assert participants is not None
    assert (participants.trainers, participants.validators) == (chain.trainers, chain.validators)
    assert participants.growth == 1.25
    assert participants.row_counts == dict.fromkeys((*chain.trainers, *chain.validators), 10)


def test_a_job_started_with_too_few_owners_is_complained_about(
    buyer: Buyer, chain: Any, running_job: PostedJob
) -> None:
    chain.trainers, chain.validators = chain.trainers[:1], ("0x" + "99" * 20,)
    chain.put(running_job, JobState.RUNNING)
    spec = running_job.spec.model_copy(update={"min_owners": 5})
    with buyer.unit_of_work() as repository:
        repository.save(replace(running_job, spec=spec))
    carry_on(buyer)
    stored = now(buyer, running_job.id)
    assert stored.participants is None
    assert "started with 2 owners; 5 are the least" in stored.trouble


def test_a_cancellation_that_came_too_late_is_given_up(buyer: Buyer, running_job: PostedJob) -> None:
    with buyer.unit_of_work() as repository:
        repository.save(replace(running_job, cancel_requested=True))
    carry_on(buyer)
    stored = now(buyer, running_job.id)
    assert not stored.cancel_requested
    assert "started before it could be cancelled" in stored.note
    assert not queued(buyer, f"cancel-job-{running_job.id}")


def test_the_deposit_of_a_job_that_never_started_is_fetched_back(
    buyer: Buyer, chain: Any, clock: Any, database: Database, job: PostedJob
) -> None:
    job_id = escrowed(buyer, chain, database, job)
    carry_on(buyer)
    clock.now = job.spec.start_by + START_GRACE_S
    carry_on(buyer)
    assert not queued(buyer, f"cancel-job-{job_id}")
    clock.now += 1
    carry_on(buyer)
    assert queued(buyer, f"cancel-job-{job_id}")


def test_a_job_that_nobody_settles_is_expired_by_its_buyer(buyer: Buyer, clock: Any, running_job: PostedJob) -> None:
    clock.now = running_job.spec.finish_by + FINISH_GRACE_S
    carry_on(buyer)
    assert not queued(buyer, f"expire-job-{running_job.id}")
    clock.now += 1
    carry_on(buyer)
    assert queued(buyer, f"expire-job-{running_job.id}")


def test_after_a_last_checkpoint_the_aggregator_has_its_time_to_finalize(
    buyer: Buyer, chain: Any, clock: Any, running_job: PostedJob
) -> None:
    checkpoint = {"index": "1", "round": "4", "mse": "0", "leaveOneOutMses": ["0", "0"]}
    chain.happen(1, "CheckpointRecorded", **checkpoint, last=True, deliveryDigest="0x" + "d1" * 32)
    clock.now = running_job.spec.finish_by + FINALIZE_WINDOW_S + FINISH_GRACE_S
    carry_on(buyer)
    assert not queued(buyer, f"expire-job-{running_job.id}")
    clock.now += 1
    carry_on(buyer)
    assert queued(buyer, f"expire-job-{running_job.id}")


def test_one_jobs_defect_does_not_keep_another_from_advancing(
    buyer: Buyer, chain: Any, job: PostedJob, running_job: PostedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = draft(buyer, replace(job, id="b" * 32))

    def defect(_: int) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(chain, "expire_job", defect)
    buyer.clock.now = running_job.spec.finish_by + FINISH_GRACE_S + 1  # type: ignore[attr-defined]
    carry_on(buyer)
    assert now(buyer, other).stage is Stage.ESCROWING
    assert now(buyer, running_job.id).trouble == "an unexpected error; the service's log has it"


def test_an_expiry_that_failed_is_tried_again_less_and_less_often(
    buyer: Buyer, clock: Any, database: Database, running_job: PostedJob
) -> None:
    clock.now = running_job.spec.finish_by + FINISH_GRACE_S + 1
    carry_on(buyer)
    first = f"expire-job-{running_job.id}"
    for failures, pause_s in enumerate((RETRY_INTERVAL_S, 2 * RETRY_INTERVAL_S, 4 * RETRY_INTERVAL_S), 1):
        key = first if failures == 1 else f"{first}/{failures}"
        with database.session() as session:
            changed = update(OutboxTransaction).where(OutboxTransaction.key == key)
            session.execute(changed.values(state=OutboxState.FAILED, note="Reverted", queued_at=clock.now))
        clock.now += pause_s
        carry_on(buyer)
        assert "failed: Reverted" in now(buyer, running_job.id).note
        assert not queued(buyer, f"{first}/{failures + 1}")
        clock.now += 1
        carry_on(buyer)
        assert queued(buyer, f"{first}/{failures + 1}")
