"""The questions that were answered in a job, and the scores that were signed with the answers, as rows."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from commons.computations.parts import BuyerAnswer, OpenedScore, Question
from commons.computations.registry import RESULT, AnyResult, AnyTask
from commons.errors import Conflict, NotFound
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.tasks import task_digest
from model_buyer.services.participants import require_chain_job_id
from model_buyer.tables import AnsweredQuestion, Job, Score


def questions_of(session: Session, job: Job) -> list[Question]:
    """The questions that were answered, by round."""
    query = select(AnsweredQuestion).where(AnsweredQuestion.job_id == job.id).order_by(AnsweredQuestion.round)
    return [
        Question(row.kind, row.round, row.checkpoint, row.task_digest, row.outcome) for row in session.scalars(query)
    ]


def scores_of(session: Session, job: Job) -> list[Score]:
    """The scores that were signed, in order."""
    return list(session.scalars(select(Score).where(Score.job_id == job.id).order_by(Score.index)))


def opened(job: Job, score: Score) -> OpenedScore:
    """A score as the kind of computation knows it."""
    statement = CheckpointStatement(
        job_id=require_chain_job_id(job),
        index=score.index,
        round=score.round,
        mse_fixed=score.mse_fixed,
        leave_one_out_mses_fixed=score.leave_one_out_mses_fixed,
    )
    return OpenedScore(statement, score.loss, score.details)


def stored_answer(session: Session, job: Job, question: Question) -> AnyResult:
    """What was answered to a question; raises NotFound when that is not kept any more."""
    answer = session.get_one(AnsweredQuestion, (job.id, question.kind, question.round)).answer
    if answer is None:
        raise NotFound(f"job {job.id}: the answer to {question.kind} in round {question.round} is not kept any more")
    return RESULT.validate_json(answer)


def keep_answer(session: Session, job: Job, task: AnyTask, answer: BuyerAnswer, *, at: float) -> None:
    """Store a question with its answer and the scores that were signed with it.

    With a delivery all answers before it are forgotten, since nothing more is answered; that they were given stays known.

    Raises:
        Conflict: the question's place in the job is taken, or a score's.
    """
    if answer.delivery is not None:
        session.execute(update(AnsweredQuestion).where(AnsweredQuestion.job_id == job.id).values(answer=None))
    session.add(
        AnsweredQuestion(
            job_id=job.id,
            kind=task.kind,
            round=task.round,
            checkpoint=task.checkpoint,
            task_digest=task_digest(task),
            outcome=dict(answer.outcome),
            answer=answer.result.model_dump_json(),
        )
    )
    session.add_all(_score(job, one, at) for one in answer.scores)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"{task.kind} in round {task.round} of job {job.id} was answered already") from error


def _score(job: Job, score: OpenedScore, at: float) -> Score:
    statement = score.statement
    return Score(
        job_id=job.id,
        index=statement.index,
        round=statement.round,
        mse_fixed=statement.mse_fixed,
        leave_one_out_mses_fixed=statement.leave_one_out_mses_fixed,
        loss=score.loss,
        details=dict(score.details),
        opened_at=at,
    )
