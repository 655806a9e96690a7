"""Answered questions and signed scores as rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import DeliverResult, DeliverTask, RefreshTask, SquareTask
from commons.computations.parts import BuyerAnswer, OpenedScore, Question, SignedDelivery
from commons.computations.registry import AnyTask
from commons.errors import Conflict, NotFound
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.tasks import task_digest
from commons.storage.database import Database
from model_buyer.services.questions import keep_answer, opened, questions_of, scores_of, stored_answer
from model_buyer.tables import Job
from tests.doubles.around_buyer import put_job

VECTOR = CiphertextVector(count=1, fractional_bits=192, ciphertexts="AA==")
STATEMENT = CheckpointStatement(1, 1, 2, 2**127, (2**127, 3))
RESULT = DeliverResult(checkpoint_signature="0x00")


@pytest.fixture
def job(job: Job, database: Database) -> Job:
    job.chain_job_id = 1
    return put_job(database, job)


def refresh(number: int = 2) -> RefreshTask:
    return RefreshTask(job_id=1, round=number, checkpoint=1, masked=VECTOR, shift_bits=48)


def deliver() -> DeliverTask:
    return DeliverTask.model_construct(job_id=1, round=4, checkpoint=2, delivered=VECTOR, statements=())


def keep(database: Database, job: Job, task: AnyTask, answer: BuyerAnswer) -> None:
    with database.session() as session:
        keep_answer(session, job, task, answer, at=5.0)


def test_a_question_is_stored_once_and_comes_back_as_it_was(database: Database, job: Job) -> None:
    outcome = {"validators": ["0xab"], "squared": {"sse_digests": {"0xab": "cd" * 32}}}
    asked = [refresh(), SquareTask.model_construct(job_id=1, round=2, checkpoint=1, validators=())]
    keep(database, job, asked[0], BuyerAnswer(RESULT))
    keep(database, job, asked[1], BuyerAnswer(RESULT, outcome=outcome))
    with pytest.raises(Conflict, match="square in round 2"):
        keep(database, job, asked[1], BuyerAnswer(RESULT, outcome={}))
    with database.snapshot() as session:
        found = sorted(questions_of(session, job), key=lambda one: one.kind)
        assert found == [
            Question(asked[0].kind, 2, 1, task_digest(asked[0])),
            Question(asked[1].kind, 2, 1, task_digest(asked[1]), outcome),
        ]
        assert stored_answer(session, job, found[1]) == RESULT


def test_a_score_is_stored_once_and_comes_back_as_it_was(database: Database, job: Job) -> None:
    score = OpenedScore(STATEMENT, 0.25, {"statements_digest": "d1", "row_count": 20})
    keep(database, job, refresh(), BuyerAnswer(RESULT, scores=[score]))
    other = replace(score, statement=replace(STATEMENT, round=3))
    with pytest.raises(Conflict, match="was answered already"):
        keep(database, job, refresh(3), BuyerAnswer(RESULT, scores=[other]))
    with database.snapshot() as session:
        [row] = scores_of(session, job)
        assert opened(job, row) == score
        assert row.opened_at == 5.0


def test_a_score_may_have_no_loss_for_people(database: Database, job: Job) -> None:
    scores = [OpenedScore(replace(STATEMENT, index=0, round=0), None), OpenedScore(STATEMENT, None)]
    keep(database, job, refresh(), BuyerAnswer(RESULT, scores=scores))
    with database.snapshot() as session:
        assert [opened(job, row) for row in scores_of(session, job)] == scores


def test_with_a_delivery_the_answers_before_it_are_forgotten(database: Database, job: Job) -> None:
    closing = replace(STATEMENT, index=2, last=True, delivery_digest=b"d" * 32)
    keep(database, job, refresh(), BuyerAnswer(RESULT))
    keep(database, job, deliver(), BuyerAnswer(RESULT, delivery=SignedDelivery(VECTOR, closing, b"s" * 65)))
    with database.snapshot() as session:
        first, last = questions_of(session, job)
        with pytest.raises(NotFound, match="not kept any more"):
            stored_answer(session, job, first)
        assert stored_answer(session, job, last) == RESULT
