"""A job's way through its stages, with chain and aggregator coming and going."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from commons.chain.jobs import FINALIZE_WINDOW_S, JobSettled, JobState
from commons.chain.outbox import MONEY_PAUSES
from commons.chain.outbox_table import OutboxState
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, ModulusProof, PublicKey, SecretKey, verify_modulus
from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.numeric_plan import growth_of
from commons.computations.registry import JobSpec
from commons.errors import InvalidInput
from commons.messages import from_hex
from commons.storage.database import Database
from model_buyer.domain.participant_limits import most_owners
from model_buyer.domain.stages import Stage
from model_buyer.services import escrow
from model_buyer.services.buyer import Buyer
from model_buyer.services.carry_on import carry_on
from model_buyer.services.settle import FINISH_GRACE_S, START_GRACE_S
from model_buyer.tables import OUTBOX, Job, OutboxTransaction
from tests.doubles.around_buyer import change_job, events_of, job_row, put_job, stored_job
from tests.doubles.job_specs import changed

TX = "0x" + "ab" * 32


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch, secret_key: SecretKey) -> None:
    # Generating is tested with commons.ciphers.paillier; here it only takes time.
    monkeypatch.setattr(escrow, "generate_keypair", lambda *_, **__: secret_key)


def draft(buyer: Buyer, job: Job) -> str:
    return put_job(buyer.database, job).id


def now(buyer: Buyer, job_id: str) -> Job:
    return stored_job(buyer.database, job_id)


def queued(buyer: Buyer, key: str) -> bool:
    with buyer.database.snapshot() as session:
        return OUTBOX.latest(session, key) is not None


def events(buyer: Buyer, job_id: str) -> list[str]:
    return events_of(buyer.database, job_id)


def mine(database: Database, key: str, state: OutboxState = OutboxState.MINED, note: str | None = None) -> None:
    with database.session() as session:
        session.execute(
            update(OutboxTransaction).where(OutboxTransaction.key == key).values(state=state, tx_hash=TX, note=note)
        )


def escrowed(buyer: Buyer, chain: Any, database: Database, job: Job) -> str:
    job_id = draft(buyer, job)
    carry_on(buyer)
    mine(database, f"create-job-{job_id}")
    chain.put(job, JobState.POSTED)
    return job_id


def test_a_draft_gets_a_sealed_key_a_proof_and_a_queued_deposit(buyer: Buyer, chain: Any, job: Job) -> None:
    job_id = draft(buyer, job)
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert stored.stage is Stage.ESCROWING
    assert queued(buyer, f"create-job-{job_id}")
    assert stored.modulus is not None
    assert stored.sealed_secret is not None
    public_key = PublicKey(from_hex(stored.modulus), policy=UNSAFE_SMALL_KEYS)
    verify_modulus(public_key, ModulusProof.from_json(stored.modulus_proof or ()))
    assert buyer.vault.open(stored.sealed_secret, job_id).public_key == public_key
    assert chain.terms.key_digest == public_key.digest()
    assert chain.terms.spec_digest == job.spec.digest()
    assert (chain.terms.trainer_bps, chain.terms.validator_bps, chain.terms.aggregator_bps) == (7000, 2000, 1000)
    assert (chain.terms.start_by, chain.terms.finish_by) == (job.spec.start_by, job.spec.finish_by)
    assert (chain.terms.min_trainers, chain.terms.min_validators) == (1, 1)
    assert chain.terms.max_participants == most_owners(LinearRegression.roles)


def test_a_restarted_buyer_neither_makes_another_key_nor_sends_twice(buyer: Buyer, job: Job) -> None:
    job_id = draft(buyer, job)
    carry_on(buyer)
    first = now(buyer, job_id)
    for _ in range(3):
        carry_on(buyer)
    assert (now(buyer, job_id).modulus, now(buyer, job_id).sealed_secret) == (first.modulus, first.sealed_secret)
    with buyer.database.snapshot() as session:
        assert [one.key for one in session.scalars(select(OutboxTransaction))] == [f"create-job-{job_id}"]


def test_without_an_aggregator_the_job_waits_and_says_so(buyer: Buyer, aggregator: Any, job: Job) -> None:
    aggregator.available = False
    job_id = draft(buyer, job)
    carry_on(buyer)
    waiting = now(buyer, job_id)
    assert (waiting.stage, waiting.trouble) == (Stage.DRAFT, "the aggregator does not answer")
    assert waiting.modulus is not None
    aggregator.available = True
    carry_on(buyer)
    assert (now(buyer, job_id).stage, now(buyer, job_id).trouble) == (Stage.ESCROWING, "")


def test_a_mined_deposit_is_announced_with_the_number_on_chain(
    buyer: Buyer, chain: Any, aggregator: Any, database: Database, job: Job
) -> None:
    job_id = escrowed(buyer, chain, database, job)
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert (stored.stage, stored.chain_job_id) == (Stage.OFFERED, 1)
    [offer] = aggregator.offered
    assert offer["job_id"] == 1
    assert offer["spec"] == job.spec
    assert offer["modulus"] == from_hex(stored.modulus or "")
    assert all(root.startswith("0x") for root in offer["proof"])
    assert events(buyer, job_id)[-2:] == [
        "deposit escrowed; the job is number 1 on chain",
        "offered to data owners",
    ]


def test_a_deposit_counts_once_its_event_is_confirmed(buyer: Buyer, chain: Any, database: Database, job: Job) -> None:
    job_id = escrowed(buyer, chain, database, job)
    chain.drop()
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.ESCROWING
    chain.put(job, JobState.POSTED)
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.OFFERED


def test_a_deposit_that_reverts_ends_the_job_with_the_reason(buyer: Buyer, database: Database, job: Job) -> None:
    job_id = draft(buyer, job)
    carry_on(buyer)
    mine(database, f"create-job-{job_id}", OutboxState.FAILED, "MarketplaceDeadlinesInvalid")
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert stored.stage is Stage.FAILED
    assert "MarketplaceDeadlinesInvalid" in stored.note


def test_an_aggregator_that_refuses_leaves_the_job_where_it_can_be_cancelled(
    buyer: Buyer, chain: Any, database: Database, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = escrowed(buyer, chain, database, job)

    def refuse(*_: Any, **__: Any) -> None:
        raise InvalidInput("modulus: not the one on chain")

    monkeypatch.setattr(buyer.aggregator, "offer_job", refuse)
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.ESCROWED
    assert now(buyer, job_id).trouble == "modulus: not the one on chain"
    change_job(buyer.database, job_id, cancel_requested=True)
    carry_on(buyer)
    assert queued(buyer, f"cancel-job-{job_id}")


def test_a_draft_is_cancelled_without_a_transaction(buyer: Buyer, job: Job) -> None:
    job.cancel_requested = True
    job_id = draft(buyer, job)
    carry_on(buyer)
    assert now(buyer, job_id).stage is Stage.CANCELLED
    assert not queued(buyer, f"create-job-{job_id}")


def test_a_cancelled_job_shows_its_refund(buyer: Buyer, chain: Any, database: Database, job: Job) -> None:
    job_id = escrowed(buyer, chain, database, job)
    carry_on(buyer)
    chain.put(job, JobState.CANCELLED)
    carry_on(buyer)
    stored = now(buyer, job_id)
    assert stored.stage is Stage.CANCELLED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (0, job.spec.deposit_wei)


def test_an_expired_job_shows_what_was_paid_and_has_no_result(buyer: Buyer, chain: Any, running_job: Job) -> None:
    chain.put(running_job, JobState.EXPIRED, settled=JobSettled(1, None, 300_000, 700_000, TX))
    carry_on(buyer)
    stored = now(buyer, running_job.id)
    assert stored.stage is Stage.EXPIRED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (300_000, 700_000)
    assert stored.outcome_json is None
    assert events(buyer, running_job.id)[-1].endswith("paid 300000 wei, refunded 700000 wei")


def test_participants_are_taken_from_the_chain_once_it_runs(
    buyer: Buyer, chain: Any, aggregator: Any, running_job: Job, declared: Any
) -> None:
    aggregator.views[1]["owners"] = declared(1.25)
    carry_on(buyer)
    participants = now(buyer, running_job.id).participants
    assert participants is not None
    assert (participants.trainers, participants.validators) == (chain.trainers, chain.validators)
    owners = (*chain.trainers, *chain.validators)
    assert {owner: one.row_count for owner, one in participants.declarations.items()} == dict.fromkeys(owners, 10)
    assert {growth_of(one) for one in participants.declarations.values()} == {1.25}
    assert events(buyer, running_job.id) == ["started with 1 trainers and 2 validators"]


def test_a_job_started_with_too_few_owners_is_complained_about(buyer: Buyer, chain: Any, running_job: Job) -> None:
    chain.trainers, chain.validators = chain.trainers[:1], ("0x" + "99" * 20,)
    chain.put(running_job, JobState.RUNNING)
    change_job(buyer.database, running_job.id, spec=changed(running_job.spec, min_owners=5))
    carry_on(buyer)
    stored = now(buyer, running_job.id)
    assert stored.participants is None
    assert "started with 2 owners; 5 are the least" in stored.trouble


def test_a_cancellation_that_came_too_late_is_given_up(buyer: Buyer, running_job: Job) -> None:
    change_job(buyer.database, running_job.id, cancel_requested=True)
    carry_on(buyer)
    stored = now(buyer, running_job.id)
    assert not stored.cancel_requested
    assert "started before it could be cancelled" in stored.note
    assert not queued(buyer, f"cancel-job-{running_job.id}")


def test_the_deposit_of_a_job_that_never_started_is_fetched_back(
    buyer: Buyer, chain: Any, clock: Any, database: Database, job: Job
) -> None:
    job_id = escrowed(buyer, chain, database, job)
    carry_on(buyer)
    clock.now = job.spec.start_by + START_GRACE_S
    carry_on(buyer)
    assert not queued(buyer, f"cancel-job-{job_id}")
    clock.now += 1
    carry_on(buyer)
    assert queued(buyer, f"cancel-job-{job_id}")


def test_a_job_that_nobody_settles_is_expired_by_its_buyer(buyer: Buyer, clock: Any, running_job: Job) -> None:
    clock.now = running_job.spec.finish_by + FINISH_GRACE_S
    carry_on(buyer)
    assert not queued(buyer, f"expire-job-{running_job.id}")
    clock.now += 1
    carry_on(buyer)
    assert queued(buyer, f"expire-job-{running_job.id}")


def test_after_a_last_checkpoint_the_aggregator_has_its_time_to_finalize(
    buyer: Buyer, chain: Any, clock: Any, running_job: Job
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
    buyer: Buyer, chain: Any, spec: JobSpec, running_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = draft(buyer, job_row(spec, id="b" * 32))

    def defect(_: int) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(chain, "expire_job", defect)
    buyer.clock.now = running_job.spec.finish_by + FINISH_GRACE_S + 1  # type: ignore[attr-defined]
    carry_on(buyer)
    assert now(buyer, other).stage is Stage.ESCROWING
    assert now(buyer, running_job.id).trouble == "an unexpected error; the service's log has it"


def test_an_expiry_that_failed_is_tried_again_less_and_less_often(
    buyer: Buyer, clock: Any, database: Database, running_job: Job
) -> None:
    clock.now = running_job.spec.finish_by + FINISH_GRACE_S + 1
    carry_on(buyer)
    first = f"expire-job-{running_job.id}"
    for failures in (1, 2, 3):
        key = first if failures == 1 else f"{first}/{failures}"
        with database.session() as session:
            changed = update(OutboxTransaction).where(OutboxTransaction.key == key)
            session.execute(changed.values(state=OutboxState.FAILED, note="Reverted", finished_at=clock.now))
        clock.now += MONEY_PAUSES.after(failures) - 1
        carry_on(buyer)
        assert "failed: Reverted" in now(buyer, running_job.id).note
        assert not queued(buyer, f"{first}/{failures + 1}")
        clock.now += 1
        carry_on(buyer)
        assert queued(buyer, f"{first}/{failures + 1}")
