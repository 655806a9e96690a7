"""Turning answers into the next step: the only writer of running jobs.

An answer is checked, stored, and, if it was the last one that the step waits for, the step is finished and the next one begun,
all in one unit of work. A repeated post finds the stored outcome. Steps whose deadline has passed are closed with whoever
answered; where too few did, the deadline moves on and the job says whom it waits for, until `finish_by`.

What a step asks, and what is made of the answers, is for the job's computation (`commons.computations.base.AggregatorPart`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import bindparam, func, select, update

from commons.computations.parts import Answer, Score, Turn
from commons.computations.registry import RESULT
from commons.errors import InvalidInput, NotFound
from commons.market.state import ENDED, JobState
from commons.market.tasks import Step
from commons.storage.database import Database
from federated_aggregator.services.chain_port import ChainPort
from federated_aggregator.services.checked_answers import CheckedAnswers
from federated_aggregator.services.job_run import (
    CHECKPOINT,
    DELIVERY,
    DONE,
    FAILED,
    LATE,
    PENDING,
    Clock,
    JobRun,
    Means,
)
from federated_aggregator.services.job_values import JobValues
from federated_aggregator.services.step_tasks import ask, ask_of, has_pending, tasks_of
from federated_aggregator.tables import Checkpoint, Job, JobValue, Task

# A result of the largest job (100 trainers, 500 features, 3072 bits) is a refresh of 50,000 ciphertexts.
MOST_RESULT_BYTES = 128 * 2**20
PROOF_BYTES = 2**20
RESULT_TO_TASK = 4

_JOB_OF = select(Task.job_id).where(Task.task_id == bindparam("task_id"), Task.assignee == bindparam("address"))
_OVERDUE = select(Job.job_id).where(Job.state == JobState.RUNNING, Job.step_deadline < bindparam("now"))

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a posted result."""

    ACCEPTED = "accepted"
    LATE = "late"


@dataclass(frozen=True)
class Scheduler:
    """Advances running jobs.

    Attributes:
        database: the aggregator's database.
        chain: takes what is to be recorded into its outbox.
        means: what computations need from outside.
        clock: time in Unix seconds.
        notify: told who has got new tasks, once they are stored.
    """

    database: Database
    chain: ChainPort
    means: Means
    clock: Clock
    notify: Callable[[Iterable[str]], None] = lambda _: None
    _values: JobValues = field(default_factory=JobValues)
    _checked: CheckedAnswers = field(default_factory=CheckedAnswers)

    def lock(self, session: Any, job_id: int) -> JobRun:
        """The job, locked; raises NotFound."""
        return JobRun.lock(session, job_id, self.clock, self.means)

    def result_bytes(self, address: str, task_id: str) -> int | None:
        """How large a participant's result can be as JSON, in bytes; None when there is no such task for it.

        A result has about as much as its task, or less; there may be a proof besides, whose size depends on the key alone.
        """
        query = select(Task.job_id, func.length(Task.fields), Task.refers_to).where(
            Task.task_id == task_id, Task.assignee == address
        )
        with self.database.snapshot() as session:
            if (row := session.execute(query).first()) is None:
                return None
            job_id, asked, refers_to = row
            named = select(func.sum(func.length(JobValue.text))).where(
                JobValue.job_id == job_id, JobValue.name.in_(refers_to.values())
            )
            referred: int = (session.scalar(named) or 0) if refers_to else 0
        return min(MOST_RESULT_BYTES, PROOF_BYTES + RESULT_TO_TASK * int(asked + referred))

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
            parsed = _parse(task, result)
            step = run.step
            if step is None or task.kind != step.kind:
                # Nothing waits for it.
                task.status, task.result = DONE, parsed.model_dump_json()
                task.reason = run.part.remark(parsed)
                if task.reason is not None:
                    log.warning("remark", job_id=task.job_id, assignee=task.assignee, reason=task.reason)
                return Outcome.ACCEPTED
            checked = run.part.check(run.for_computation(self._values), step, ask_of(task), parsed)
            task.status, task.result = DONE, parsed.model_dump_json()
            self._checked.keep(task.task_id, task.result, Answer(ask_of(task), parsed, checked))
            run.session.flush()
            if not has_pending(run, step):
                self._finish_step(run, step)
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
            step = run.step
            if step is not None and task.kind == step.kind and not has_pending(run, step):
                self._finish_step(run, step)

    def start(self, run: JobRun) -> None:
        """Begin with what the contract has started."""
        run.enter(JobState.RUNNING)
        run.job.reason = None
        run.session.flush()
        self._take(run, None, run.part.start(run.for_computation(self._values)))

    def close_overdue_steps(self) -> int:
        """Close every step whose deadline has passed; returns how many were looked at."""
        now = self.clock()
        with self.database.snapshot() as session:
            overdue = list(session.scalars(_OVERDUE, {"now": now}))
        for job_id in overdue:
            with self.database.session() as session:
                run = self.lock(session, job_id)
                step = run.step
                if step is not None and (run.job.step_deadline or now) < now:
                    self._close_overdue(run, step)
        return len(overdue)

    def fail(self, run: JobRun, reason: str) -> None:
        """Stop a job; its money leaves the contract by cancellation or expiry."""
        if run.state in ENDED:
            return
        log.warning("job_failed", job_id=run.job.job_id, reason=reason)
        run.enter(JobState.FAILED)
        run.job.reason = reason[:1000]
        self.close_tasks(run)

    def close_tasks(self, run: JobRun) -> None:
        """Ask nobody for anything of this job any more."""
        pending = update(Task).where(Task.job_id == run.job.job_id, Task.status == PENDING)
        run.session.execute(pending.values(status=LATE))

    @contextmanager
    def _locked_task(self, address: str, task_id: str) -> Iterator[tuple[JobRun, Task]]:
        """A unit of work on a participant's task, its job locked; whoever got new tasks is told when it is stored."""
        with self.database.session() as session:
            job_id = session.scalar(_JOB_OF, {"task_id": task_id, "address": address})
            if job_id is None:
                raise NotFound(f"there is no task {task_id} for {address}", task_id=task_id)
            run = self.lock(session, job_id)
            yield run, session.get_one(Task, task_id)
        if run.asked:
            self.notify(run.asked)

    def _finish_step(self, run: JobRun, step: Step) -> None:
        tasks = tasks_of(run, step)
        done = [task for task in tasks if task.status == DONE]
        if not done:
            reasons = sorted({task.reason or "" for task in tasks if task.status == FAILED})
            self.fail(run, f"{step.kind} in round {step.round}: nobody could do it: {'; '.join(reasons)}")
            return
        job = run.for_computation(self._values)
        if len(done) < run.part.quorum(job, step):
            self._wait_for_more(run, tasks)
            return
        for task in tasks:
            if task.status == PENDING:
                task.status = LATE
        answers = {task.assignee: self._answer(run, step, task) for task in done}
        missing = {task.assignee: task.reason for task in tasks if task.status != DONE}
        self._take(run, step, run.part.aggregate(job, step, answers, missing))

    def _answer(self, run: JobRun, step: Step, task: Task) -> Answer:
        """An answer that was checked; once more, if another process did it."""
        text = task.result or ""
        kept = self._checked.take(task.task_id, text)
        if kept is not None:
            return kept
        parsed = RESULT.validate_json(text)
        checked = run.part.check(run.for_computation(self._values), step, ask_of(task), parsed)
        return Answer(ask_of(task), parsed, checked)

    def _take(self, run: JobRun, step: Step | None, turn: Turn) -> None:
        """Do what a turn says."""
        for owner, why in turn.out.items():
            run.take_out(owner, why)
        if turn.failure is not None:
            self.fail(run, turn.failure)
            return
        self._values.store(run.session, run.job.job_id, turn.values)
        if turn.forget:
            self._values.forget(run.session, run.job.job_id, turn.forget)
        for score in turn.scores:
            self._record(run, f"{CHECKPOINT}{score.statement.index}", score)
            run.session.add(_checkpoint(score, opened_at=run.clock()))
        if turn.delivery is not None:
            self._record(run, DELIVERY, turn.delivery)
        if step is not None:
            ask(run, step, turn.asks)
        run.job.reason = None
        if turn.step is None:
            run.enter(JobState.SETTLING)
        else:
            self._begin(run, turn.step)

    def _begin(self, run: JobRun, step: Step) -> None:
        run.job.step, run.job.round, run.job.checkpoint = step.kind, step.round, step.checkpoint
        run.job.step_deadline = self.clock() + run.spec.task_timeout_s
        run.session.flush()
        ask(run, step, run.part.configure(run.for_computation(self._values), step))
        run.session.flush()

    def _record(self, run: JobRun, name: str, score: Score) -> None:
        key = self.chain.enqueue_checkpoint(run.session, score.statement, score.signature)
        run.job.transactions = {**run.job.transactions, name: key}

    def _close_overdue(self, run: JobRun, step: Step) -> None:
        tasks = tasks_of(run, step)
        answered = sum(task.status == DONE for task in tasks)
        if answered >= run.part.quorum(run.for_computation(self._values), step):
            self._finish_step(run, step)
        else:
            self._wait_for_more(run, tasks)

    def _wait_for_more(self, run: JobRun, tasks: Sequence[Task]) -> None:
        """Ask those who have not answered once more, and say so."""
        missing = [task for task in tasks if task.status in (PENDING, FAILED)]
        waiting = ", ".join(f"{one.assignee} ({one.reason})" if one.reason else one.assignee for one in missing)
        if any(task.status == DONE for task in tasks):
            reason = f"too few answered in time; still waiting for {waiting}"
        else:
            reason = f"nobody answered in time; still waiting for {waiting}"
        run.job.reason = reason[:1000]
        deadline = self.clock() + run.spec.task_timeout_s
        run.job.step_deadline = deadline
        for task in missing:
            task.status, task.deadline = PENDING, deadline
            run.asked.add(task.assignee)


def _checkpoint(score: Score, *, opened_at: float) -> Checkpoint:
    statement = score.statement
    return Checkpoint(
        job_id=statement.job_id,
        index=statement.index,
        round=statement.round,
        mse_fixed=str(statement.mse_fixed),
        leave_one_out_mses_fixed=[str(value) for value in statement.leave_one_out_mses_fixed],
        mse=score.loss,
        buyer_signature="0x" + score.signature.hex(),
        opened_at=opened_at,
    )


def _parse(task: Task, result: Any) -> Any:
    try:
        parsed = RESULT.validate_python(result)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # Pydantic names the kind first, as if it were a member.
        where = ".".join(("result", *(str(part) for part in first["loc"][1:])))
        raise InvalidInput(f"{where}: {first['msg']}", field=where) from error
    if parsed.kind != task.kind:
        raise InvalidInput(f"result.kind: expected {task.kind!r}, got {parsed.kind!r}", field="result.kind")
    return parsed
