"""Turning results into the next step: the heart of the scheduler.

A result is checked, stored, and, if it was the last one that the step waits for, the step is finished and the next one
begun, all in one unit of work. A repeated post finds the stored outcome. Steps whose deadline has passed are closed with
whoever answered; where nobody did, the deadline moves on and the job says whom it waits for, until `finish_by`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import func, select

from commons.ciphers.paillier import EncryptedVector
from commons.computations.linear_regression.messages import RESULT, TASK, TaskKind, VerifyResult
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.schedule import Step, advance, move
from commons.errors import InvalidInput, NotFound
from commons.market.state import ENDED, JobState
from commons.storage.database import Database
from federated_aggregator.adapters.tables import Job, Task
from federated_aggregator.services.checkpoint_statements import Surroundings
from federated_aggregator.services.job_run import DONE, FAILED, LATE, PENDING, Clock, JobRun
from federated_aggregator.services.steps import GLOBAL, HANDLERS, StepHandler

# A result of the largest job (100 trainers, 500 features, 3072 bits) is a refresh of 50,000 ciphertexts.
MOST_RESULT_BYTES = 128 * 2**20
PROOF_BYTES = 2**20
RESULT_TO_TASK = 4

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a posted result."""

    ACCEPTED = "accepted"
    LATE = "late"


@dataclass(frozen=True)
class Training:
    """Advances running jobs.

    Attributes:
        database: the aggregator's database.
        around: signatures and the outbox.
        clock: time in Unix seconds.
        unsafe_small_key: whether keys under the minimum size are taken.
        notify: told who has got new tasks, once they are stored.
    """

    database: Database
    around: Surroundings
    clock: Clock
    unsafe_small_key: bool = False
    notify: Callable[[Iterable[str]], None] = lambda _: None

    def result_bytes(self, address: str, task_id: str) -> int | None:
        """How large a participant's result can be as JSON, in bytes; None when there is no such task for it.

        A result has about as much as its task, or less; a refresh has a proof besides, whose size depends on the key alone.
        """
        query = select(func.length(Task.body)).where(Task.task_id == task_id, Task.assignee == address)
        with self.database.snapshot() as session:
            asked = session.scalar(query)
        return None if asked is None else min(MOST_RESULT_BYTES, PROOF_BYTES + RESULT_TO_TASK * asked)

    def submit_result(self, address: str, task_id: str, result: Any) -> Outcome:
        """Take a participant's result.

        Raises:
            NotFound: there is no such task for this participant.
            InvalidInput: the result has not the form that the task asks for; the task stays open.
            InvalidCiphertext, ProtocolViolation: the result does not check; the task stays open.
        """
        with self._locked_task(address, task_id) as (run, task):
            if task.status != PENDING:
                return Outcome.ACCEPTED if task.status == DONE else Outcome.LATE
            if task.kind == TaskKind.VERIFY:
                _take_verification(task, result)
                return Outcome.ACCEPTED
            parsed = _parse(task, result)
            handler = self._handler(run)
            handler.check(run, TASK.validate_json(task.body), parsed, address)
            task.status, task.result = DONE, parsed.model_dump_json()
            run.session.flush()
            if not run.tasks(handler.kind, PENDING):
                self._finish_step(run)
            return Outcome.ACCEPTED

    def submit_failure(self, address: str, task_id: str, reason: str) -> None:
        """Take a participant's word that it cannot do a task; repeating it changes nothing.

        Raises:
            NotFound: there is no such task for this participant.
        """
        with self._locked_task(address, task_id) as (run, task):
            if task.status != PENDING:
                return
            task.status, task.reason = FAILED, reason[:500]
            run.session.flush()
            running = run.progress.state is JobState.RUNNING
            if running and task.kind == run.job.step and not run.tasks(TaskKind(task.kind), PENDING):
                self._finish_step(run)

    @contextmanager
    def _locked_task(self, address: str, task_id: str) -> Iterator[tuple[JobRun, Task]]:
        """A unit of work on a participant's task, its job locked; whoever got new tasks is told when it is stored."""
        with self.database.session() as session:
            task = session.get(Task, task_id)
            if task is None or task.assignee != address:
                raise NotFound(f"there is no task {task_id} for {address}", task_id=task_id)
            run = JobRun.lock(session, task.job_id, self.clock, unsafe_small_key=self.unsafe_small_key)
            session.refresh(task)
            yield run, task
        if run.asked:
            self.notify(run.asked)

    def start(self, run: JobRun) -> None:
        """Begin training: the start model is zero and public; checkpoint 0 evaluates it."""
        run.store_progress(move(run.progress, JobState.RUNNING))
        run.job.reason = None
        start_model = EncryptedVector.encrypt(
            run.randomizer,
            [0] * run.spec.n_weights,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=run.plan.weight_bound(0, WEIGHT_FRACTIONAL_BITS),
        )
        run.store_vector(GLOBAL, start_model)
        self._begin_step(run)

    def close_overdue_steps(self) -> int:
        """Close every step whose deadline has passed; returns how many were looked at."""
        now = self.clock()
        with self.database.snapshot() as session:
            query = select(Job.job_id).where(Job.state == JobState.RUNNING, Job.step_deadline < now)
            overdue = list(session.scalars(query))
        for job_id in overdue:
            with self.database.session() as session:
                run = JobRun.lock(session, job_id, self.clock, unsafe_small_key=self.unsafe_small_key)
                if run.progress.state is JobState.RUNNING and (run.job.step_deadline or now) < now:
                    self._close_overdue(run)
        return len(overdue)

    def fail(self, run: JobRun, reason: str) -> None:
        """Stop a job; its money leaves the contract by cancellation or expiry."""
        if run.progress.state in ENDED:
            return
        log.warning("job_failed", job_id=run.job.job_id, reason=reason)
        run.store_progress(move(run.progress, JobState.FAILED))
        run.job.reason = reason[:1000]
        run.job.step_deadline = None
        self.close_tasks(run)

    def close_tasks(self, run: JobRun) -> None:
        """Ask nobody for anything of this job any more."""
        for task in run.session.scalars(select(Task).where(Task.job_id == run.job.job_id, Task.status == PENDING)):
            task.status = LATE

    def _handler(self, run: JobRun) -> StepHandler:
        return HANDLERS[Step(run.job.step or "")](self.around)

    def _begin_step(self, run: JobRun) -> None:
        run.job.step_deadline = self.clock() + run.spec.round_timeout_s
        self._handler(run).begin(run)
        run.session.flush()

    def _finish_step(self, run: JobRun) -> None:
        handler = self._handler(run)
        tasks = run.tasks(handler.kind)
        if not any(task.status == DONE for task in tasks):
            reasons = sorted({task.reason or "" for task in tasks if task.status == FAILED})
            self.fail(run, f"{handler.kind} in round {run.job.round}: nobody could do it: {'; '.join(reasons)}")
            return
        if not handler.is_enough(run):
            self._wait_for_more(run, handler)
            return
        for task in tasks:
            if task.status == PENDING:
                task.status = LATE
        finished = handler.finish(run)
        run.session.flush()
        if finished.failure is not None:
            self.fail(run, finished.failure)
            return
        scale = run.vector(GLOBAL).fractional_bits
        plan = run.plan
        run.store_progress(
            advance(run.progress, run.spec, can_train=lambda k: plan.can_train(k, scale), stop=finished.stop)
        )
        run.job.reason, run.job.step_deadline = None, None
        if run.progress.state is JobState.RUNNING:
            self._begin_step(run)

    def _close_overdue(self, run: JobRun) -> None:
        handler = self._handler(run)
        if handler.is_enough(run):
            self._finish_step(run)
            return
        self._wait_for_more(run, handler)

    def _wait_for_more(self, run: JobRun, handler: StepHandler) -> None:
        """Ask those who have not answered once more, and say so."""
        missing = run.tasks(handler.kind, PENDING, FAILED)
        waiting = ", ".join(f"{one.assignee} ({one.reason})" if one.reason else one.assignee for one in missing)
        if run.tasks(handler.kind, DONE):
            reason = f"too few answered in time; still waiting for {waiting}"
        else:
            reason = f"nobody answered in time; still waiting for {waiting}"
        run.job.reason = reason[:1000]
        deadline = self.clock() + run.spec.round_timeout_s
        run.job.step_deadline = deadline
        for task in missing:
            task.status, task.deadline = PENDING, deadline
            run.asked.add(task.assignee)


def _parse(task: Task, result: Any) -> Any:
    try:
        parsed = RESULT.validate_python(result)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"result.{where}: {first['msg']}", field=f"result.{where}") from error
    if parsed.kind != task.kind:
        raise InvalidInput(f"result.kind: expected {task.kind!r}, got {parsed.kind!r}", field="result.kind")
    return parsed


def _take_verification(task: Task, result: Any) -> None:
    parsed = _parse(task, result)
    task.status, task.result = DONE, parsed.model_dump_json()
    if isinstance(parsed, VerifyResult) and not parsed.accepted:
        # Shown to everybody. It does not stop the job: these very openings were verified here before they were used,
        # and one owner's word must not cost all others their pay.
        task.reason = (parsed.reason or "no reason given")[:500]
        log.warning("objection", job_id=task.job_id, checkpoint=task.checkpoint, validator=task.assignee)
