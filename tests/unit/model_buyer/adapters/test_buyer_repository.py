from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from commons.chain.jobs import ContractCall
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import OpenTask, TaskKind, ValidatorStatement
from commons.computations.linear_regression.question_ledger import OpenedRecord, Question, Squared
from commons.errors import Conflict, NotFound
from commons.storage.database import Database
from commons.storage.migrations import migrate, schema_differences
from model_buyer.adapters.tables import Base
from model_buyer.domain.posted_job import (
    DeliveryCheck,
    JobKey,
    Participants,
    PostedJob,
    Settlement,
    SignedDelivery,
    Stage,
    Submission,
)
from model_buyer.serve import MIGRATIONS
from model_buyer.services.ports import Buyer, SendState, TimelineEntry

VECTOR = CiphertextVector(count=1, fractional_bits=192, ciphertexts="AA==")
STATEMENT = ValidatorStatement(
    validator="0x" + "ab" * 20,
    candidates_digest="0x" + "00" * 32,
    sse=VECTOR,
    zero_check=VECTOR,
    signature="0x",
)
CALL = ContractCall("0x" + "C0" * 20, b"\x01", 5, "post a job")


def test_the_migrations_make_the_mapped_tables(database: Database) -> None:
    migrate(database, MIGRATIONS)
    assert schema_differences(database, Base.metadata) == []


def test_a_job_with_everything_comes_back_as_it_was(buyer: Buyer, job: PostedJob, tasks: Any) -> None:
    opened = OpenTask(job_id=1, round=4, checkpoint=2, statements=(STATEMENT,))
    deliver = tasks.deliver(opened, [0.5, -1.0])
    full = replace(
        job.at(Stage.FINISHED, "done"),
        trouble="none",
        cancel_requested=True,
        key=JobKey(2**1023 + 1, ("0xab", "0xcd"), b"\x00sealed"),
        chain_job_id=2**60,
        participants=Participants(("0x1",), ("0x2", "0x3"), 1.0625, {"0x1": 7, "0x2": 8, "0x3": 9}),
        refusal="a masked weight is larger than what the specification allows",
        delivery=SignedDelivery(deliver.delivered, b"d" * 32, b"c" * 32, 4, 2, b"s" * 65),
        seed=b"\x01" * 32,
        settlement=Settlement(2**90, 7, 12.5),
        model_json="{}",
        delivery_check=DeliveryCheck.DIFFERS,
        submission=Submission("k" * 64, b"r" * 32),
    )
    with buyer.unit_of_work() as repository:
        repository.add(job)
        repository.save(full)
    with buyer.snapshot() as repository:
        assert repository.get(job.id) == full
        assert repository.by_chain_id(2**60) == full
        assert repository.by_chain_id(1) is None
        assert repository.submitted("k" * 64) == full
        assert repository.submitted("another") is None
        assert repository.unfinished() == []
        assert repository.all() == [full]


def test_of_two_jobs_under_one_key_the_first_is_stored(buyer: Buyer, job: PostedJob) -> None:
    first = replace(job, submission=Submission("key", b"r" * 32))
    second = replace(first, id="b" * 32, submission=Submission("key", b"s" * 32))
    with buyer.unit_of_work() as repository:
        assert repository.add(first) == first
        assert repository.add(second) == first
        # What was refused leaves the unit of work usable.
        repository.record(first.id, TimelineEntry(1.0, "still here"))
    with buyer.snapshot() as repository:
        assert repository.all() == [first]
        assert len(repository.timeline(first.id)) == 1


def test_an_unknown_job_is_not_found(buyer: Buyer) -> None:
    with buyer.snapshot() as repository, pytest.raises(NotFound, match="there is no job 'x'"):
        repository.get("x")


def test_a_checkpoint_is_stored_once(buyer: Buyer, job: PostedJob) -> None:
    record = OpenedRecord(1, 2, b"d" * 32, 0.25, 2**127, (2**127, 3), 20, 5.0)
    with buyer.unit_of_work() as repository:
        repository.add(job)
        repository.add_opening(job.id, record)
    with pytest.raises(Conflict, match="checkpoint 1"), buyer.unit_of_work() as repository:
        repository.add_opening(job.id, replace(record, round=3))
    with buyer.snapshot() as repository:
        assert repository.openings(job.id) == [record]


def test_a_question_is_stored_once_and_comes_back_as_it_was(buyer: Buyer, job: PostedJob) -> None:
    squared = Squared("0x" + "00" * 32, {"0xab": "cd" * 32})
    questions = [
        Question(TaskKind.REFRESH, 2, 1, b"r" * 32),
        Question(TaskKind.SQUARE, 2, 1, b"s" * 32, ("0xab",), squared),
    ]
    with buyer.unit_of_work() as repository:
        repository.add(job)
        for question in questions:
            repository.keep_answer(job.id, question, f'{{"kind": "{question.kind}"}}')
    with pytest.raises(Conflict, match="square in round 2"), buyer.unit_of_work() as repository:
        repository.keep_answer(job.id, replace(questions[1], digest=b"x" * 32), "{}")
    with buyer.unit_of_work() as repository:
        assert sorted(repository.questions(job.id), key=lambda one: one.kind) == questions
        assert repository.answer(job.id, questions[1]) == '{"kind": "square"}'
        repository.forget_answers(job.id)
    with buyer.snapshot() as repository:
        assert len(repository.questions(job.id)) == 2
        with pytest.raises(NotFound, match="not kept any more"):
            repository.answer(job.id, questions[0])


def test_what_a_failed_unit_of_work_did_is_undone(buyer: Buyer, job: PostedJob) -> None:
    def fail_at_the_end() -> None:
        with buyer.unit_of_work() as repository:
            repository.add(job)
            repository.send("key", CALL)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    with buyer.snapshot() as repository:
        assert repository.all() == []
        assert repository.sent("key") is None


def test_a_transaction_is_queued_once_for_each_key(buyer: Buyer) -> None:
    for _ in range(2):
        with buyer.unit_of_work() as repository:
            repository.send("withdraw-1", CALL)
    with buyer.snapshot() as repository:
        [sent] = repository.sent_with_prefix("withdraw-")
        assert (sent.key, sent.state, sent.tx_hash) == ("withdraw-1", SendState.PENDING, None)
        assert repository.sent_with_prefix("withdraw%") == []


def test_the_timeline_keeps_its_order(buyer: Buyer, job: PostedJob) -> None:
    entries = [TimelineEntry(2.0, "second"), TimelineEntry(1.0, "first", "0x" + "a" * 64)]
    with buyer.unit_of_work() as repository:
        repository.add(job)
        for entry in entries:
            repository.record(job.id, entry)
    with buyer.snapshot() as repository:
        assert repository.timeline(job.id) == entries
