"""The questions that the buyer was asked, as rows."""

from __future__ import annotations

import json

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from commons.computations.linear_regression.messages import TaskKind
from commons.computations.linear_regression.question_ledger import Question, Squared
from commons.errors import Conflict, NotFound
from model_buyer.adapters.tables import QuestionRow


class QuestionRows:
    """The part of `model_buyer.services.ports.Repository` that is about questions, on one SQLAlchemy session."""

    _session: Session

    def questions(self, job_id: str) -> list[Question]:
        """The questions that were answered in a job."""
        query = select(QuestionRow).where(QuestionRow.job_id == job_id).order_by(QuestionRow.round)
        return [_read(row) for row in self._session.scalars(query)]

    def answer(self, job_id: str, question: Question) -> str:
        """The stored answer to a question, as JSON; raises NotFound."""
        answer = self._session.get_one(QuestionRow, (job_id, question.kind.value, question.round)).answer
        if answer is None:
            raise NotFound(
                f"job {job_id}: the answer to {question.kind} in round {question.round} is not kept any more"
            )
        return answer

    def keep_answer(self, job_id: str, question: Question, answer: str) -> None:
        """Store a question with its answer; raises Conflict if its place in the job is taken."""
        self._session.add(
            QuestionRow(
                job_id=job_id,
                kind=question.kind.value,
                round=question.round,
                checkpoint=question.checkpoint,
                task_digest=question.digest,
                outcome_json=_outcome_json(question),
                answer=answer,
            )
        )
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(f"{question.kind} in round {question.round} of job {job_id} was answered already") from error

    def forget_answers(self, job_id: str) -> None:
        """Drop the answers of a job in which nothing more is answered; that they were given stays known."""
        self._session.execute(update(QuestionRow).where(QuestionRow.job_id == job_id).values(answer=None))


def _outcome_json(question: Question) -> str:
    squared = question.squared
    document = {
        "validators": question.validators,
        "squared": None
        if squared is None
        else {"candidates_digest": squared.candidates_digest, "sse_digests": dict(squared.sse_digests)},
    }
    return json.dumps(document)


def _read(row: QuestionRow) -> Question:
    outcome = json.loads(row.outcome_json)
    return Question(
        kind=TaskKind(row.kind),
        round=row.round,
        checkpoint=row.checkpoint,
        digest=row.task_digest,
        validators=tuple(outcome["validators"]),
        squared=None if outcome["squared"] is None else Squared(**outcome["squared"]),
    )
