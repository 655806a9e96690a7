"""The tasks of a job's steps, as rows."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, exists, select

from commons.computations.parts import Ask
from commons.market.tasks import Step
from federated_aggregator.services.job_run import PENDING, JobRun
from federated_aggregator.tables import Task

_OF_STEP = (
    Task.job_id == bindparam("job_id"),
    Task.kind == bindparam("kind"),
    Task.round == bindparam("round"),
    Task.checkpoint == bindparam("checkpoint"),
)
_TASKS = select(Task).where(*_OF_STEP).order_by(Task.position)
_HAS_PENDING = select(exists().where(*_OF_STEP, Task.status == PENDING))


def ask(run: JobRun, step: Step, asks: Sequence[Ask]) -> None:
    """Create tasks at the place of a step."""
    now = run.clock()
    deadline = now + run.spec.task_timeout_s
    for position, one in enumerate(asks):
        run.asked.add(one.assignee)
        head = {"job_id": run.job.job_id, "round": step.round, "checkpoint": step.checkpoint, "kind": one.kind}
        run.session.add(
            Task(
                task_id=secrets.token_hex(16),
                job_id=run.job.job_id,
                assignee=one.assignee,
                kind=one.kind,
                round=step.round,
                checkpoint=step.checkpoint,
                position=position,
                fields=json.dumps({**head, **one.fields}),
                refers_to=dict(one.refers_to),
                status=PENDING,
                created_at=now,
                deadline=deadline,
                secret=one.secret,
            )
        )


def ask_of(task: Task) -> Ask:
    """What was asked with a task."""
    return Ask(task.assignee, task.kind, json.loads(task.fields), task.refers_to, task.secret)


def tasks_of(run: JobRun, step: Step) -> list[Task]:
    """The tasks whose answers a step waits for, in the order of asking."""
    return list(run.session.scalars(_TASKS, _place(run, step)))


def has_pending(run: JobRun, step: Step) -> bool:
    """Whether somebody has not answered yet."""
    return bool(run.session.scalar(_HAS_PENDING, _place(run, step)))


def _place(run: JobRun, step: Step) -> dict[str, Any]:
    return {"job_id": run.job.job_id, "kind": step.kind, "round": step.round, "checkpoint": step.checkpoint}
