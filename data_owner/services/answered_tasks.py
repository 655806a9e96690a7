"""An owner's memory of the tasks that it answered: the same task gets the same answer, another one in its place none.

An answer is stored before it is sent. So nobody gets a second one by killing this service or by asking two of its processes
at once. The latest task of each kind is kept; those before it are not answered again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from commons.computations.linear_regression.messages import RESULT, AnyResult, EvaluateResult, TaskKind, TrainTask
from commons.computations.linear_regression.task_order import Asked, OwnerTask, require_next
from commons.errors import ProtocolViolation
from commons.market.tasks import task_digest
from commons.storage.database import Database
from data_owner.adapters.tables import Acceptance, AnsweredTask

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AnsweredTasks:
    """What this owner answered in all its jobs."""

    database: Database

    def answer(self, task: OwnerTask, compute: Callable[[], AnyResult]) -> AnyResult:
        """The answer to a task: the one that is stored, or a new one if it is this task's turn.

        Args:
            task: what is asked.
            compute: makes the answer; has no effect by itself.

        Raises:
            ProtocolViolation: the task is out of order; or whatever `compute` raises.
        """
        digest = task_digest(task)
        with self.database.snapshot() as session:
            if (stored := _stored(_rows(session, task.job_id), task, digest)) is not None:
                return stored
        result = compute()
        with self.database.session() as session:
            rows = _rows(session, task.job_id)
            # Another process of this service may have been faster.
            if (stored := _stored(rows, task, digest)) is not None:
                return stored
            _keep(session, rows.get(TaskKind(task.kind)), task, digest, result)
        return result

    def evaluation(self, job_id: int) -> EvaluateResult:
        """What was answered when models were evaluated last; raises ProtocolViolation when that has not happened."""
        with self.database.snapshot() as session:
            row = session.get(AnsweredTask, (job_id, TaskKind.EVALUATE.value))
        if row is None:
            raise ProtocolViolation(f"job {job_id}: nothing was evaluated yet")
        return EvaluateResult.model_validate_json(row.answer)


def forget_tasks(session: Session, job_id: int) -> None:
    """Forget what was asked under a job's number, which a new acceptance is for another job or another start of."""
    session.execute(delete(AnsweredTask).where(AnsweredTask.job_id == job_id))


def _rows(session: Session, job_id: int) -> dict[TaskKind, AnsweredTask]:
    found = session.scalars(select(AnsweredTask).where(AnsweredTask.job_id == job_id))
    return {TaskKind(row.kind): row for row in found}


def _stored(rows: Mapping[TaskKind, AnsweredTask], task: OwnerTask, digest: bytes) -> AnyResult | None:
    """The answer that a task has already, or None if it is its turn; raises ProtocolViolation if it is not."""
    known = rows.get(TaskKind(task.kind))
    if known is not None and known.task_digest == digest:
        return RESULT.validate_json(known.answer)
    require_next(task, {kind: Asked(row.round, row.checkpoint, row.task_digest) for kind, row in rows.items()})
    return None


def _keep(session: Session, known: AnsweredTask | None, task: OwnerTask, digest: bytes, result: AnyResult) -> None:
    row = known or AnsweredTask(job_id=task.job_id, kind=task.kind)
    if isinstance(task, TrainTask) and task.missed_since is not None:
        _note_missed(session, task, task.missed_since)
    row.round, row.checkpoint, row.task_digest = task.round, task.checkpoint, digest
    row.answer = result.model_dump_json()
    session.add(row)


def _note_missed(session: Session, task: TrainTask, missed_since: int) -> None:
    """Show the owner which rounds are said to have been closed without it; only the aggregator can know that."""
    log.warning("rounds_missed", job_id=task.job_id, first=missed_since, last=task.round - 1)
    acceptance = session.get(Acceptance, task.job_id)
    if acceptance is not None:
        acceptance.note = (
            f"the aggregator says that no answer came in time in rounds {missed_since} to {task.round - 1}; "
            "training went on without this owner"
        )
