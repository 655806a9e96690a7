"""One job inside one unit of work: its row, its public context, its tasks and vectors.

Contexts are expensive (a randomiser's table) and never change once a job runs, so a process keeps them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from commons.ciphers.paillier import EncryptedVector, PublicKey, Randomizer
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import RESULT, TASK, TaskKind
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.computations.linear_regression.schedule import Progress, Step
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import NotFound
from commons.market.state import JobState
from commons.market.tasks import TaskBody
from commons.messages import from_hex
from federated_aggregator.adapters.tables import Enrolment, Job, JobVector, Task

log = structlog.get_logger(__name__)

Clock = Callable[[], float]

PENDING, DONE, FAILED, LATE = "pending", "done", "failed", "late"
TRAINER, VALIDATOR = "trainer", "validator"
START, CHECKPOINT, DELIVERY, FINALIZE, CANCEL, EXPIRE = (
    "start",
    "checkpoint/",
    "delivery",
    "finalize",
    "cancel",
    "expire",
)
"""Names of a job's transactions; that of a checkpoint ends with its index."""


@lru_cache(maxsize=64)
def _public_key(modulus: str, unsafe_small_key: bool) -> PublicKey:
    return PublicKey(from_hex(modulus), unsafe_small_key=unsafe_small_key)


@lru_cache(maxsize=16)
def _randomizer(key: PublicKey) -> Randomizer:
    return Randomizer(key)


@lru_cache(maxsize=64)
def parse_spec(text: str) -> TrainingJobSpec:
    """The specification as it is stored with a job."""
    return TrainingJobSpec.model_validate_json(text)


@dataclass
class JobRun:
    """A job that one unit of work has locked.

    Attributes:
        session: the unit of work.
        job: the locked row.
        clock: time in Unix seconds.
        unsafe_small_key: whether keys under the minimum size are taken (tests).
        asked: who got a new task in this unit of work.
    """

    session: Session
    job: Job
    clock: Clock
    unsafe_small_key: bool = False
    asked: set[str] = field(default_factory=set)

    @classmethod
    def lock(cls, session: Session, job_id: int, clock: Clock, *, unsafe_small_key: bool = False) -> JobRun:
        """The job, locked against other replicas until the unit of work ends.

        Raises:
            NotFound: there is no such job.
        """
        job = session.scalar(select(Job).where(Job.job_id == job_id).with_for_update())
        if job is None:
            raise NotFound(f"job {job_id} is not known here", job_id=job_id)
        return cls(session, job, clock, unsafe_small_key)

    @property
    def spec(self) -> TrainingJobSpec:
        """The job's specification."""
        return parse_spec(self.job.spec)

    @property
    def key(self) -> PublicKey:
        """The buyer's public key."""
        return _public_key(self.job.modulus, self.unsafe_small_key)

    @property
    def randomizer(self) -> Randomizer:
        """This process's own randomiser under the buyer's key."""
        return _randomizer(self.key)

    @property
    def plan(self) -> NumericPlan:
        """Scales and bounds of the job."""
        return NumericPlan(self.spec, self.key.bits, self.job.growth)

    @property
    def progress(self) -> Progress:
        """Where the job is."""
        job = self.job
        step = Step(job.step) if job.step else None
        return Progress(JobState(job.state), step, job.round, job.checkpoint, job.last)

    def store_progress(self, progress: Progress) -> None:
        """Store where the job is, and when it entered a new state."""
        job = self.job
        if job.state != progress.state:
            job.entered = {**job.entered, progress.state.value: self.clock()}
        job.state, job.step = progress.state.value, progress.step.value if progress.step else None
        job.round, job.checkpoint, job.last = progress.round, progress.checkpoint, progress.last

    # -- participants

    def enrolments(self) -> list[Enrolment]:
        """All acceptances, in the order in which they came."""
        query = select(Enrolment).where(Enrolment.job_id == self.job.job_id).order_by(Enrolment.accepted_at)
        return list(self.session.scalars(query))

    def members(self, role: str) -> list[Enrolment]:
        """Trainers or validators, in the order of the contract."""
        query = select(Enrolment).where(Enrolment.job_id == self.job.job_id, Enrolment.role == role)
        return list(self.session.scalars(query.order_by(Enrolment.position)))

    def validators(self) -> list[Enrolment]:
        """The validators that still take part, in the order of the contract."""
        return [member for member in self.members(VALIDATOR) if member.out is None]

    def leave_validator_out(self, owner: str, reason: str) -> None:
        """Go on without a validator, for good; everybody is told why."""
        log.warning("validator_out", job_id=self.job.job_id, owner=owner, reason=reason)
        self.session.get_one(Enrolment, (self.job.job_id, owner)).out = reason
        self.session.flush()

    def context(self, chain_id: int, contract: str) -> JobContext:
        """Public facts for the protocol's steps; the job is on this chain, in this contract."""
        trainers, validators = self.members(TRAINER), self.members(VALIDATOR)
        return JobContext(
            chain_id=chain_id,
            contract=contract,
            job_id=self.job.job_id,
            key=self.key,
            plan=self.plan,
            trainers=tuple(member.owner for member in trainers),
            validators=tuple(member.owner for member in validators),
            row_counts={member.owner: member.row_count for member in (*trainers, *validators)},
        )

    # -- vectors

    def vector(self, name: str) -> EncryptedVector:
        """A stored vector of weights; its bound is the plan's for the present round."""
        row = self.session.get_one(JobVector, (self.job.job_id, name))
        wire = CiphertextVector.model_validate_json(row.vector)
        bound = self.plan.weight_bound(self.job.round, wire.fractional_bits)
        return wire.to_vector(self.key, count=wire.count, fractional_bits=wire.fractional_bits, bound=bound)

    def store_vector(self, name: str, vector: EncryptedVector) -> None:
        """Store or replace a vector."""
        text = CiphertextVector.of(vector).model_dump_json()
        self.session.merge(JobVector(job_id=self.job.job_id, name=name, vector=text))

    def candidates(self) -> list[EncryptedVector]:
        """The candidates of the present checkpoint."""
        count = 1 if self.job.checkpoint == 0 else 1 + len(self.members(TRAINER))
        return [self.vector(f"candidate/{index}") for index in range(count)]

    def store_candidates(self, models: list[EncryptedVector]) -> None:
        """Store the candidates of the present checkpoint."""
        for index, model in enumerate(models):
            self.store_vector(f"candidate/{index}", model)

    # -- tasks

    def head(self) -> dict[str, Any]:
        """What every task of the present step says of itself."""
        return {"job_id": self.job.job_id, "round": self.job.round, "checkpoint": self.job.checkpoint}

    def ask(self, assignee: str, body: TaskBody, *, secret_seed: bytes | None = None) -> None:
        """Create a task."""
        now = self.clock()
        self.asked.add(assignee)
        self.session.add(
            Task(
                task_id=secrets.token_hex(16),
                job_id=self.job.job_id,
                assignee=assignee,
                kind=body.kind,  # type: ignore[attr-defined]
                round=body.round,
                checkpoint=body.checkpoint,
                body=body.model_dump_json(),
                status=PENDING,
                created_at=now,
                deadline=now + self.spec.round_timeout_s,
                secret_seed=secret_seed,
            )
        )

    def tasks(self, kind: TaskKind, *statuses: str) -> list[Task]:
        """Tasks of the present round and checkpoint, in the order of creation."""
        query = select(Task).where(
            Task.job_id == self.job.job_id,
            Task.kind == kind,
            Task.round == self.job.round,
            Task.checkpoint == self.job.checkpoint,
        )
        if statuses:
            query = query.where(Task.status.in_(statuses))
        return list(self.session.scalars(query.order_by(Task.created_at, Task.task_id)))

    def missed_rounds(self) -> dict[str, int]:
        """For each trainer whose last answer is not of the round before, the first round since then."""
        trained = (Task.job_id == self.job.job_id, Task.kind == TaskKind.TRAIN, Task.status == DONE)
        before = self.job.round - 1
        in_time = set(self.session.scalars(select(Task.assignee).where(*trained, Task.round == before)))
        missed: dict[str, int] = {}
        for trainer in self.members(TRAINER):
            if before >= 1 and trainer.owner not in in_time:
                last = select(func.max(Task.round)).where(*trained, Task.assignee == trainer.owner)
                missed[trainer.owner] = (self.session.scalar(last) or 0) + 1
        return missed

    def answered(self, kind: TaskKind) -> dict[str, tuple[Any, Any]]:
        """Tasks of one kind of the present round with their results, by assignee; their types follow from the kind."""
        return {
            task.assignee: (TASK.validate_json(task.body), RESULT.validate_json(task.result or ""))
            for task in self.tasks(kind, DONE)
        }
