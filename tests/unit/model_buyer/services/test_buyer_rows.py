"""Jobs as rows: that everything comes back as it was stored, and what a unit of work may do with it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from commons.chain.jobs import ContractCall
from commons.ciphers.wire import CiphertextVector
from commons.computations.parts import SignedDelivery
from commons.computations.registry import JobSpec
from commons.errors import NotFound
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.declaration import Declaration
from commons.storage.database import Database
from commons.storage.migrations import migrate, schema_differences
from model_buyer.domain.stages import ENDED, DeliveryCheck, Participants, Settlement, Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import add_job, changing, find_job, find_under_key, move, tell, unfinished
from model_buyer.services.outgoing import SendState, send_state
from model_buyer.services.withdraw import list_withdrawals
from model_buyer.tables import OUTBOX, Base, Job
from model_buyer.wiring import MIGRATIONS
from tests.doubles.around_buyer import events_of, job_row, put_job, stored_job, stored_jobs

VECTOR = CiphertextVector(count=1, fractional_bits=192, ciphertexts="AA==")
CALL = ContractCall("0x" + "C0" * 20, b"\x01", 5, "post a job")


def columns(job: Job) -> dict[str, Any]:
    return {column.key: getattr(job, column.key) for column in Job.__mapper__.column_attrs}


def test_the_migrations_make_the_mapped_tables(database: Database) -> None:
    migrate(database, MIGRATIONS)
    assert schema_differences(database, Base.metadata) == []


def test_a_job_with_everything_comes_back_as_it_was(database: Database, spec: JobSpec) -> None:
    owners = {name: Declaration(row_count=7, roles=1, facts={"growth": 1.0625}) for name in ("0x1", "0x2", "0x3")}
    statement = CheckpointStatement(1, 3, 4, 2**127, (5, 2**127), last=True, delivery_digest=b"\xfd" * 32)
    everything: dict[str, Any] = {
        "stage": Stage.FINISHED,
        "note": "done",
        "trouble": "none",
        "cancel_requested": True,
        "modulus": hex(2**1023 + 1),
        "modulus_proof": ["0xab", "0xcd"],
        "sealed_secret": b"\x00sealed",
        "chain_job_id": 2**60,
        "participants": Participants(("0x1",), ("0x2", "0x3"), owners),
        "refusal": "a masked weight is larger than what the specification allows",
        "delivery": SignedDelivery(VECTOR, statement, b"\xff" * 65, {"candidates_digest": "0x00"}),
        "seed": b"\x01" * 32,
        "settlement": Settlement(2**90, 7, 12.5),
        "outcome_json": "{}",
        "delivery_check": DeliveryCheck.DIFFERS,
        "idempotency_key": "k" * 64,
        "request_digest": b"\xfer" * 16,
    }
    full = put_job(database, job_row(spec, **everything))
    again = columns(stored_job(database, full.id))
    assert {name: again[name] for name in everything} == everything
    assert again == columns(full)
    assert again["spec"] == spec
    assert (again["title"], again["kind"]) == (spec.title, spec.computation.kind)
    assert (again["rounds"], again["deposit_wei"]) == (spec.computation.rounds, spec.deposit_wei)


def test_what_is_large_or_secret_is_read_by_name_only(database: Database, running_job: Job) -> None:
    with database.snapshot() as session:
        job = find_job(session, running_job.id)
        assert {"sealed_secret", "modulus_proof", "outcome_json"} & job.__dict__.keys() == set()


def test_no_sealed_key_stands_in_a_representation(running_job: Job) -> None:
    assert running_job.sealed_secret is not None
    assert str(running_job.sealed_secret)[2:-1] not in repr(running_job)
    assert running_job.sealed_secret.hex() not in repr(running_job)


def test_of_two_jobs_under_one_key_the_first_is_stored(database: Database, spec: JobSpec) -> None:
    first = job_row(spec, idempotency_key="key", request_digest=b"r" * 32)
    second = job_row(spec, id="b" * 32, idempotency_key="key", request_digest=b"s" * 32)
    with database.session() as session:
        assert add_job(session, first) is first
        assert add_job(session, second) is first
        # What was refused leaves the unit of work usable.
        tell(session, first, 1.0, "still here")
    assert [job.id for job in stored_jobs(database)] == [first.id]
    assert events_of(database, first.id) == ["still here"]
    with database.snapshot() as session:
        assert find_under_key(session, "key") is not None
        assert find_under_key(session, "another") is None


def test_an_unknown_job_is_not_found(buyer: Buyer) -> None:
    with buyer.database.snapshot() as session, pytest.raises(NotFound, match="there is no job 'x'"):
        find_job(session, "x")


def test_a_job_needs_attention_until_it_has_ended_and_was_compared(database: Database, spec: JobSpec) -> None:
    for number, stage in enumerate(Stage):
        put_job(database, job_row(spec, id=str(number), stage=stage))
    put_job(database, job_row(spec, id="compared", stage=Stage.FINISHED, delivery_check=DeliveryCheck.MATCHES))
    with database.snapshot() as session:
        found = [job.stage for job in session.scalars(select(Job).where(unfinished()))]
    assert sorted(found) == sorted({*Stage} - ENDED | {Stage.FINISHED})


def test_moving_on_clears_the_trouble_of_the_stage_before(job: Job) -> None:
    job.trouble, job.note = "the node does not answer", "on its way"
    move(job, Stage.ESCROWED)
    assert (job.stage, job.note, job.trouble) == (Stage.ESCROWED, "", "")


def test_what_a_failed_unit_of_work_did_is_undone(buyer: Buyer, job: Job) -> None:
    def fail_at_the_end() -> None:
        with buyer.database.session() as session:
            session.add(job)
            OUTBOX.enqueue(session, key="key", call=CALL)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    assert stored_jobs(buyer.database) == []
    with buyer.database.snapshot() as session:
        assert OUTBOX.latest(session, "key") is None


def test_withdrawals_are_found_by_their_keys(buyer: Buyer) -> None:
    with buyer.database.session() as session:
        OUTBOX.enqueue(session, key="withdraw-1", call=CALL)
        OUTBOX.enqueue(session, key="withdraw%", call=CALL)
    [(sent, amount_wei)] = list_withdrawals(buyer)
    assert (sent.key, send_state(sent), sent.tx_hash) == ("withdraw-1", SendState.PENDING, None)
    assert amount_wei is None


def test_the_timeline_keeps_its_order(buyer: Buyer, job: Job) -> None:
    put_job(buyer.database, job)
    with changing(buyer, job.id) as (session, stored):
        tell(session, stored, 2.0, "second")
        tell(session, stored, 1.0, "first", "0x" + "a" * 64)
    assert events_of(buyer.database, job.id) == ["second", "first"]
