"""Answering the aggregator's tasks: which job, is it this question's turn, compute, remember.

What is answered is for the kind of computation to say; here stands that it is answered once. An answer, or the refusal over
what was decrypted, is stored before it is sent: neither killing the service nor asking two of its processes at once gets
anybody a second one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.chain.signing import recover_message, sign_checkpoint
from commons.computations.job_facts import ParallelMap, SignCheckpoint
from commons.computations.parts import BuyerAnswer, BuyerPart, OpenedScore, Question
from commons.computations.registry import AnyResult, AnyTask, computation_of, kind_of_task
from commons.errors import Conflict, ContentRefused, NotFound, ProtocolViolation
from commons.market.tasks import task_digest
from model_buyer.domain.questions import repeated
from model_buyer.domain.stages import ANSWERS_TASKS
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import changing, find_job, tell
from model_buyer.services.participants import ensure_participants, secret_key, started_job
from model_buyer.services.questions import keep_answer, opened, questions_of, scores_of, stored_answer
from model_buyer.tables import EVENTS, Job


@dataclass(frozen=True)
class _Loaded:
    """This buyer's part of one job, for as long as the chain has it started with these trainers and validators."""

    local_id: str
    members: tuple[tuple[str, ...], tuple[str, ...]]
    part: BuyerPart


@dataclass(frozen=True)
class _Asked:
    """What was asked and signed before a task."""

    questions: list[Question]
    scores: list[OpenedScore]


class TaskAnswerer:
    """Answers the tasks of one buyer; use it from one thread. The keys of jobs that were asked for stay in memory."""

    def __init__(self, buyer: Buyer, *, parallel_map: ParallelMap = map) -> None:
        self._buyer = buyer
        self._parallel_map = parallel_map
        self._loaded: dict[int, _Loaded] = {}

    def answer(self, task: AnyTask) -> AnyResult:
        """Return the result of a task; of a question that was answered before, the same one.

        Raises:
            ProtocolViolation: a task that the protocol does not allow here and now.
            ContentRefused: what was decrypted is not what the protocol produces; nothing more is answered in this job.
            Conflict: the job has not started, or is over.
            ServiceUnavailable: chain or aggregator is needed and does not answer.
        """
        loaded = self._load(task)
        with self._buyer.database.snapshot() as session:
            found = self._look(session, find_job(session, loaded.local_id), loaded, task)
        if not isinstance(found, _Asked):
            return found
        try:
            answer = loaded.part.answer(task, found.questions, found.scores)
        except ContentRefused as error:
            with changing(self._buyer, loaded.local_id) as (session, job):
                self._end_part(session, job, error.message)
            raise
        with changing(self._buyer, loaded.local_id) as (session, job):
            # Another process of this service may have been faster.
            found = self._look(session, job, loaded, task)
            if not isinstance(found, _Asked):
                return found
            self._keep(session, job, task, answer)
        result: AnyResult = answer.result
        return result

    def prepare(self) -> bool:
        """Do a little of what the next tasks will need; returns whether there was anything to do."""
        return any(loaded.part.prepare() for loaded in list(self._loaded.values()))

    def _look(self, session: Session, job: Job, loaded: _Loaded, task: AnyTask) -> _Asked | AnyResult:
        """The answer that a task has already, or if it is its turn what was asked before; raises if it is not."""
        questions = questions_of(session, job)
        if job.delivery is not None:
            return self._delivered(session, job, questions, task)
        _require_running(job)
        _require_same_members(session, loaded, task.job_id)
        if (known := repeated(questions, task)) is not None:
            return stored_answer(session, job, known)
        if job.refusal is not None:
            raise ContentRefused(f"this buyer answers nothing more in job {task.job_id}: {job.refusal}")
        scores = [opened(job, score) for score in scores_of(session, job)]
        loaded.part.require_next(task, questions, scores)
        return _Asked(questions, scores)

    def _delivered(self, session: Session, job: Job, questions: list[Question], task: AnyTask) -> AnyResult:
        """The answer to the task whose delivery was signed for; no other is answered after that."""
        same = next((one for one in questions if (one.kind, one.digest) == (task.kind, task_digest(task))), None)
        if same is not None:
            with suppress(NotFound):
                return stored_answer(session, job, same)
        raise ProtocolViolation(f"job {task.job_id}: a delivery was signed for, so nothing else is answered any more")

    def _keep(self, session: Session, job: Job, task: AnyTask, answer: BuyerAnswer) -> None:
        keep_answer(session, job, task, answer, at=self._buyer.clock())
        if answer.delivery is not None:
            job.delivery, job.note = answer.delivery, "the result is delivered; everybody is being paid"
            tell(session, job, self._buyer.clock(), "signed for the masked result that was delivered")
        if answer.end is not None:
            self._end_part(session, job, answer.end)

    def _end_part(self, session: Session, job: Job, reason: str) -> None:
        """Answer nothing more in this job, for good."""
        if job.refusal is None:
            job.refusal, job.note = reason, f"this buyer answers nothing more in this job: {reason}"
            tell(session, job, self._buyer.clock(), job.note)

    def _load(self, task: AnyTask) -> _Loaded:
        with self._buyer.database.snapshot() as session:
            job = session.scalar(select(Job).where(Job.chain_job_id == task.job_id))
        if job is None:
            raise ProtocolViolation(f"job {task.job_id} is not a job of this buyer")
        kind = computation_of(job.spec)
        if kind_of_task(task.kind) is not kind:
            raise ProtocolViolation(f"job {task.job_id} is of the kind {kind.kind}; it has no {task.kind} tasks")
        loaded = self._loaded.get(task.job_id)
        # A reorganisation can give a number to another job.
        if loaded is None or loaded.local_id != job.id:
            started = started_job(self._buyer, ensure_participants(self._buyer, job))
            key = secret_key(self._buyer, job)
            part = kind.buyer(started, key, self._signer(), recover_message, self._parallel_map)
            loaded = _Loaded(job.id, (started.trainers, started.validators), part)
            self._loaded[task.job_id] = loaded
        return loaded

    def _signer(self) -> SignCheckpoint:
        account, domain = self._buyer.account, self._buyer.chain.domain()
        return lambda statement: sign_checkpoint(account, domain, statement)


def _require_running(job: Job) -> None:
    if job.stage not in ANSWERS_TASKS or job.cancel_requested:
        raise Conflict(f"job {job.chain_job_id} is not running any more", stage=job.stage)


def _require_same_members(session: Session, loaded: _Loaded, chain_job_id: int) -> None:
    started = EVENTS.started(session, chain_job_id)
    if started is not None and started.members != loaded.members:
        raise ProtocolViolation(f"job {chain_job_id}: a reorganisation of the chain changed who takes part")
