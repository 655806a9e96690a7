"""Taking part in a running job: what is needed to answer its tasks, built from the stored acceptance and the chain.

Before the first task of a job its start must be a confirmed event, with this owner in the role that the task is for, and the
contract have it with the key and the terms that were signed. The rows are read again after a restart; they must be as many as
were declared, and inside the declared ranges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from commons.chain.jobs import JobStarted, JobState
from commons.errors import Conflict, DatasetInvalid, InvalidInput, NotFound, ProtocolViolation, ServiceUnavailable
from commons.paillier import PublicKey, Randomizer
from commons.protocol.checkpoint import JobContext
from commons.protocol.numeric_plan import NumericPlan
from commons.protocol.roles import Role, Roles, draw_roles
from commons.protocol.tasks import from_hex
from commons.protocol.training_job import TrainingJobSpec
from commons.storage.database import Database
from data_owner.adapters.tables import EVENTS, Acceptance, AcceptanceState, Dataset
from data_owner.domain.local_training import LocalTrainer
from data_owner.domain.validation import Validator
from data_owner.services.job_terms import require_same_terms
from data_owner.services.job_view import TRAINER, VALIDATOR, JobView, parse_job_view
from data_owner.services.own_statistics import OwnStatistics, read_statistics
from data_owner.services.ports import Chain, JobBoard, OpenDataFile


@dataclass(frozen=True)
class Participant:
    """This owner in one running job: a trainer or a validator, never both; `members` are all trainers and validators."""

    members: tuple[tuple[str, ...], tuple[str, ...]]
    trainer: LocalTrainer | None
    validator: Validator | None
    randomizer: Randomizer


@dataclass(frozen=True)
class Enrolment:
    """Who takes part in a job, as the contract has it, and the growth that all agreed to."""

    role: str
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    growth: float


@dataclass(frozen=True)
class Participation:
    """Builds participants.

    Attributes:
        database: of the service.
        chain: the contract.
        board: the aggregator's public side, for the owners' declared growth.
        address: this owner's account.
        open_file: reads data files.
        follow: looks at the chain for new events at once.
        unsafe_small_key: works with keys under the minimum size (tests).
    """

    database: Database
    chain: Chain
    board: JobBoard
    address: str
    open_file: OpenDataFile
    follow: Callable[[], object] = lambda: None
    unsafe_small_key: bool = False

    def is_current(self, job_id: int, participant: Participant) -> bool:
        """Whether the chain (still) has the job started with the owners that this participant was made for."""
        with self.database.snapshot() as session:
            started = EVENTS.started(session, job_id)
        return started is not None and (started.trainers, started.validators) == participant.members

    def participant(self, job_id: int) -> Participant:
        """Get ready for a job's tasks.

        Raises:
            ProtocolViolation: this owner did not accept the job, or is not in it.
            Conflict: the contract has the job with other terms, or not running; or the rows have changed.
            DatasetInvalid: the data file; why stands in the acceptance's note only.
            ServiceUnavailable: chain or aggregator do not answer and were not asked before.
        """
        acceptance, path = self._accepted(job_id)
        spec = TrainingJobSpec.model_validate_json(acceptance.spec)
        key = PublicKey(from_hex(acceptance.modulus), unsafe_small_key=self.unsafe_small_key)
        enrolment = self._enrolment(acceptance, spec, key)
        plan = NumericPlan(spec, key.bits, enrolment.growth)
        plan.require_headroom((acceptance.row_count,))
        context = JobContext(
            job_id=job_id, key=key, plan=plan, trainers=enrolment.trainers, validators=enrolment.validators
        )
        statistics = self._statistics(acceptance, spec, path)
        randomizer = Randomizer(key)
        members = (enrolment.trainers, enrolment.validators)
        if enrolment.role == TRAINER:
            return Participant(members, LocalTrainer(context, statistics.step), None, randomizer)
        validator = Validator(context, statistics.metric, address=self.address, mask_secret=acceptance.mask_secret)
        return Participant(members, None, validator, randomizer)

    def _accepted(self, job_id: int) -> tuple[Acceptance, Path]:
        with self.database.snapshot() as session:
            acceptance = session.get(Acceptance, job_id)
            if acceptance is None or acceptance.state is not AcceptanceState.POSTED:
                raise ProtocolViolation(f"job {job_id}: this owner has no standing acceptance")
            return acceptance, Path(session.get_one(Dataset, acceptance.dataset_id).path)

    def _enrolment(self, acceptance: Acceptance, spec: TrainingJobSpec, key: PublicKey) -> Enrolment:
        job_id = acceptance.job_id
        started = self._started(job_id)
        trainers, validators = started.trainers, started.validators
        stored = _stored_enrolment(acceptance)
        if stored is not None and (stored.trainers, stored.validators) == (trainers, validators):
            return stored
        require_same_terms(self.chain.job(job_id), spec, key)
        role = _role(self.address, trainers, validators, job_id=job_id)
        view = parse_job_view(self.board.job(job_id))
        _require_drawn(view, trainers, validators, spec.role_seed)
        enrolment = Enrolment(
            role=role,
            trainers=trainers,
            validators=validators,
            growth=_agreed_growth(view, acceptance),
        )
        with self.database.session() as session:
            row = session.get_one(Acceptance, job_id)
            row.role, row.agreed_growth = enrolment.role, enrolment.growth
            row.trainers, row.validators = list(trainers), list(validators)
        return enrolment

    def _started(self, job_id: int) -> JobStarted:
        for look in (False, True):
            if look:
                # The aggregator may have seen the start a moment earlier.
                self.follow()
            with self.database.snapshot() as session:
                started, state = EVENTS.started(session, job_id), EVENTS.job_state(session, job_id)
            if started is not None:
                if state is not JobState.RUNNING:
                    raise Conflict(f"job {job_id} is {state.name.lower()} on chain, not running")
                return started
        raise ServiceUnavailable(f"job {job_id}: its start is not confirmed on chain yet", job_id=job_id)

    def _statistics(self, acceptance: Acceptance, spec: TrainingJobSpec, path: Path) -> OwnStatistics:
        try:
            statistics = read_statistics(self.open_file(path), spec, column_mapping=acceptance.column_mapping)
            if statistics.row_count != acceptance.row_count:
                raise DatasetInvalid(
                    f"{path}: has {statistics.row_count} rows, but job {acceptance.job_id} was accepted with "
                    f"{acceptance.row_count}; restore the file as it was"
                )
        except (InvalidInput, NotFound) as error:
            # The message may quote a cell: the owner finds it at its offer, and neither logs nor others get it.
            self._note(acceptance.job_id, error.message)
            raise DatasetInvalid(
                f"job {acceptance.job_id}: the dataset is not as it was when the job was accepted; the offer says why"
            ) from None
        if acceptance.note:
            self._note(acceptance.job_id, "")
        return statistics

    def _note(self, job_id: int, text: str) -> None:
        with self.database.session() as session:
            session.get_one(Acceptance, job_id).note = text


def _agreed_growth(view: JobView, acceptance: Acceptance) -> float:
    growth = view.growth if view.growth is not None else 1.0
    # A smaller one would let this owner's values leave the bounds that everybody computes with.
    if growth < acceptance.growth:
        raise ProtocolViolation(f"job {acceptance.job_id}: growth {growth} is below what this owner declared")
    return growth


def _require_drawn(view: JobView, trainers: tuple[str, ...], validators: tuple[str, ...], role_seed: int) -> None:
    """Raise ProtocolViolation unless the contract has the roles that the job's seed gives."""
    enrolled = {address.lower() for address in (*trainers, *validators)}
    allowed = {owner.address.lower(): Role(owner.roles) for owner in view.owners if owner.address.lower() in enrolled}
    on_chain = Roles(tuple(map(str.lower, trainers)), tuple(map(str.lower, validators)))
    if set(allowed) != enrolled or draw_roles(allowed, role_seed) != on_chain:
        raise ProtocolViolation(f"job {view.job_id}: the roles on chain are not the ones that its seed gives")


def _stored_enrolment(acceptance: Acceptance) -> Enrolment | None:
    if (
        acceptance.role is None
        or acceptance.trainers is None
        or acceptance.validators is None
        or acceptance.agreed_growth is None
    ):
        return None
    return Enrolment(
        role=acceptance.role,
        trainers=tuple(acceptance.trainers),
        validators=tuple(acceptance.validators),
        growth=acceptance.agreed_growth,
    )


def _role(address: str, trainers: tuple[str, ...], validators: tuple[str, ...], *, job_id: int) -> str:
    if address.lower() in {trainer.lower() for trainer in trainers}:
        return TRAINER
    if address.lower() in {validator.lower() for validator in validators}:
        return VALIDATOR
    raise ProtocolViolation(f"job {job_id}: the contract does not list this owner")
