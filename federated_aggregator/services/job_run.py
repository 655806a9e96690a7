"""One job inside one unit of work: its row, its members, and what its computation works with.

What never changes once a job runs is kept by the process, since it is expensive to make: a randomiser's table, who takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy, PublicKey, Randomizer
from commons.computations.job_facts import ParallelMap, RecoverCheckpoint, RecoverSigner, StartedJob
from commons.computations.parts import AggregatorJob, AggregatorPart
from commons.computations.registry import AnyComputation, JobSpec, computation_of
from commons.errors import NotFound
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.declaration import Declaration
from commons.market.state import JobState, require_move
from commons.market.tasks import Step
from commons.messages import from_hex
from federated_aggregator.services.job_values import JobValues
from federated_aggregator.tables import Checkpoint, Enrolment, Job, Task

log = structlog.get_logger(__name__)

Clock = Callable[[], float]

MOST_STARTED = 64
"""Running jobs whose members a process keeps in memory."""

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

_LOCKED = select(Job).where(Job.job_id == bindparam("job_id")).with_for_update()
_OUT = select(Enrolment.owner).where(Enrolment.job_id == bindparam("job_id"), Enrolment.out.is_not(None))
_SCORES = (
    select(Checkpoint.index, Checkpoint.round, Checkpoint.mse_fixed, Checkpoint.leave_one_out_mses_fixed)
    .where(Checkpoint.job_id == bindparam("job_id"))
    .order_by(Checkpoint.index)
)
_LAST_ANSWERED = (
    select(Task.assignee, func.max(Task.round))
    .where(Task.job_id == bindparam("job_id"), Task.kind == bindparam("kind"), Task.status == DONE)
    .group_by(Task.assignee)
)


@dataclass(frozen=True)
class Means:
    """What the aggregator's part of a computation needs from outside, without reaching it.

    Attributes:
        chain_id, contract: where the jobs are.
        recover_message, recover_checkpoint: who signed something.
        parallel_map: like `map`; may use several cores.
        key_policy: which keys are taken.
    """

    chain_id: int
    contract: str
    recover_message: RecoverSigner
    recover_checkpoint: RecoverCheckpoint
    parallel_map: ParallelMap = map
    key_policy: KeyPolicy = STANDARD_KEYS
    _started: dict[tuple[object, ...], StartedJob[Any]] = field(default_factory=dict, repr=False)
    """Running jobs whose members were read already."""


@lru_cache(maxsize=64)
def _public_key(modulus: str, policy: KeyPolicy) -> PublicKey:
    return PublicKey(from_hex(modulus), policy=policy)


@lru_cache(maxsize=16)
def _randomizer(key: PublicKey) -> Randomizer:
    return Randomizer(key)


@lru_cache(maxsize=64)
def parse_spec(text: str) -> JobSpec:
    """The specification as it is stored with a job."""
    return JobSpec.model_validate_json(text)


@dataclass
class JobRun:
    """A job that one unit of work has locked.

    Attributes:
        session: the unit of work.
        job: the locked row.
        clock: time in Unix seconds.
        means: of this aggregator.
        asked: who got a new task in this unit of work.
    """

    session: Session
    job: Job
    clock: Clock
    means: Means
    asked: set[str] = field(default_factory=set)

    @classmethod
    def lock(cls, session: Session, job_id: int, clock: Clock, means: Means) -> JobRun:
        """The job, locked against other replicas until the unit of work ends.

        Raises:
            NotFound: there is no such job.
        """
        job = session.scalar(_LOCKED, {"job_id": job_id})
        if job is None:
            raise NotFound(f"job {job_id} is not known here", job_id=job_id)
        return cls(session, job, clock, means)

    @property
    def spec(self) -> JobSpec:
        """The job's specification."""
        return parse_spec(self.job.spec)

    @property
    def computation(self) -> AnyComputation:
        """What kind of job it is."""
        return computation_of(self.spec)

    @property
    def part(self) -> AggregatorPart[Any]:
        """The aggregator's part of its computation."""
        return self.computation.aggregator()

    @property
    def key(self) -> PublicKey:
        """The buyer's public key."""
        return _public_key(self.job.modulus, self.means.key_policy)

    # -- where it stands

    @property
    def state(self) -> JobState:
        """The state of the job."""
        return JobState(self.job.state)

    @property
    def step(self) -> Step | None:
        """What a running job does now."""
        return Step(self.job.step, self.job.round, self.job.checkpoint) if self.job.step else None

    def enter(self, state: JobState) -> None:
        """Move to another state; raises Conflict if a job in this one cannot get there."""
        require_move(self.state, state)
        self.put_into(state)

    def put_into(self, state: JobState) -> None:
        """Store a state, whatever it was before, and when the job entered it; it has no step then."""
        if self.job.state != state:
            self.job.entered = {**self.job.entered, state.value: self.clock()}
        self.job.state, self.job.step, self.job.step_deadline = state.value, None, None

    # -- members

    def enrolments(self) -> list[Enrolment]:
        """All acceptances, in the order in which they came."""
        query = select(Enrolment).where(Enrolment.job_id == self.job.job_id).order_by(Enrolment.accepted_at)
        return list(self.session.scalars(query))

    def members(self, role: str) -> list[Enrolment]:
        """Trainers or validators, in the order of the contract."""
        query = select(Enrolment).where(Enrolment.job_id == self.job.job_id, Enrolment.role == role)
        return list(self.session.scalars(query.order_by(Enrolment.position)))

    def take_out(self, owner: str, reason: str) -> None:
        """Go on without a member, for good; everybody is told why."""
        log.warning("member_out", job_id=self.job.job_id, owner=owner, reason=reason)
        self.session.get_one(Enrolment, (self.job.job_id, owner)).out = reason
        self.session.flush()

    # -- what the computation works with

    def for_computation(self, values: JobValues) -> AggregatorJob[Any]:
        """The job as its computation's part sees it."""
        return AggregatorJob(
            started=self._started(),
            buyer=self.job.buyer,
            values=values.of(self.session, self.job.job_id),
            scores=self._scores,
            out=self._out,
            randomizer=_randomizer(self.key),
            delivery_seed=self.job.delivery_seed or b"",
            last_answered=self._last_answered,
            recover_message=self.means.recover_message,
            recover_checkpoint=self.means.recover_checkpoint,
            parallel_map=self.means.parallel_map,
        )

    def _started(self) -> StartedJob[Any]:
        # A reorganisation can change who takes part before a job runs, and give its number to another job; never while it runs.
        place = (self.job.job_id, self.job.modulus, self.job.entered.get(JobState.RUNNING))
        kept = self.means._started
        started = kept.get(place)
        if started is None:
            started = kept[place] = self._read_started()
            if len(kept) > MOST_STARTED:
                kept.pop(next(iter(kept)), None)
        return started

    def _read_started(self) -> StartedJob[Any]:
        trainers, validators = self.members(TRAINER), self.members(VALIDATOR)
        spec = self.spec
        return StartedJob(
            chain_id=self.means.chain_id,
            contract=self.means.contract,
            job_id=self.job.job_id,
            terms=spec,
            spec=spec.computation,
            key=self.key,
            trainers=tuple(member.owner for member in trainers),
            validators=tuple(member.owner for member in validators),
            declarations={member.owner: declaration_of(member) for member in (*trainers, *validators)},
        )

    def _out(self) -> frozenset[str]:
        return frozenset(self.session.scalars(_OUT, {"job_id": self.job.job_id}))

    def _scores(self) -> list[CheckpointStatement]:
        return [
            CheckpointStatement(self.job.job_id, index, number, int(mse), tuple(map(int, leave_one_out)))
            for index, number, mse, leave_one_out in self.session.execute(_SCORES, {"job_id": self.job.job_id})
        ]

    def _last_answered(self, kind: str) -> Mapping[str, int]:
        return dict(self.session.execute(_LAST_ANSWERED, {"job_id": self.job.job_id, "kind": kind}).all())


def declaration_of(enrolment: Enrolment) -> Declaration:
    """What an owner declared."""
    return Declaration(row_count=enrolment.row_count, roles=enrolment.roles, facts=enrolment.facts)
