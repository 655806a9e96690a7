"""An owner's memory of the tasks that it answered: the same task gets the same answer, another one in its place none.

An answer is stored before it is sent. So nobody gets a second one by killing this service or by asking two of its processes
at once. The latest task of each kind is kept; those before it are not answered again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from commons.computations.parts import AskedBefore, OwnerPart
from commons.computations.registry import RESULT, AnyResult, AnyTask
from commons.market.tasks import task_digest
from commons.storage.database import Database
from data_owner.services.ledger import Disclosure, record
from data_owner.services.ports import Clock
from data_owner.tables import Acceptance, AnsweredTask

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AnsweredTasks:
    """What this owner answered in all its jobs.

    Attributes:
        database: of the service.
        clock: Unix seconds.
    """

    database: Database
    clock: Clock = time.time

    def answer(self, task: AnyTask, part: OwnerPart, disclosure: Disclosure | None = None) -> AnyResult:
        """The answer to a task: the one that is stored, or a new one if it is this task's turn.

        Args:
            task: what is asked.
            part: makes the answer.
            disclosure: what the job's answers tell about the rows, for the ledger.

        Raises:
            ProtocolViolation: the task is out of order; or whatever the part raises.
        """
        digest = task_digest(task)
        with self.database.snapshot() as session:
            rows = _rows(session, task.job_id)
            if (stored := _stored(rows, task, digest, part)) is not None:
                return stored
        result: AnyResult = part.answer(task, _earlier(rows))
        with self.database.session() as session:
            rows = _rows(session, task.job_id)
            # Another process of this service may have been faster.
            if (stored := _stored(rows, task, digest, part)) is not None:
                return stored
            if disclosure is not None and not rows:
                record(session, task.job_id, disclosure, self.clock())
            _keep(session, rows.get(task.kind), task, digest, result)
            _show(session, task, part.notice(task))
        return result


def forget_tasks(session: Session, job_id: int) -> None:
    """Forget what was asked under a job's number, which a new acceptance is for another job or another start of."""
    session.execute(delete(AnsweredTask).where(AnsweredTask.job_id == job_id))


def _rows(session: Session, job_id: int) -> dict[str, AnsweredTask]:
    found = session.scalars(select(AnsweredTask).where(AnsweredTask.job_id == job_id))
    return {row.kind: row for row in found}


def _earlier(rows: Mapping[str, AnsweredTask]) -> Callable[[str], AnyResult | None]:
    return lambda kind: RESULT.validate_json(rows[kind].answer) if kind in rows else None


def _stored(rows: Mapping[str, AnsweredTask], task: AnyTask, digest: bytes, part: OwnerPart) -> AnyResult | None:
    """The answer that a task has already, or None if it is its turn; raises ProtocolViolation if it is not."""
    known = rows.get(task.kind)
    if known is not None and known.task_digest == digest:
        return RESULT.validate_json(known.answer)
    part.require_next(
        task, {kind: AskedBefore(row.round, row.checkpoint, row.task_digest) for kind, row in rows.items()}
    )
    return None


def _keep(session: Session, known: AnsweredTask | None, task: AnyTask, digest: bytes, result: AnyResult) -> None:
    row = known or AnsweredTask(job_id=task.job_id, kind=task.kind)
    row.round, row.checkpoint, row.task_digest = task.round, task.checkpoint, digest
    row.answer = result.model_dump_json()
    session.add(row)


def _show(session: Session, task: AnyTask, notice: str) -> None:
    """Show the owner, at its acceptance, what is worth saying about a task."""
    if not notice:
        return
    log.warning("task_noticed", job_id=task.job_id, kind=task.kind, round=task.round)
    acceptance = session.get(Acceptance, task.job_id)
    if acceptance is not None:
        acceptance.note = notice
