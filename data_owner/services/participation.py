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
from commons.chain.signing import SigningDomain, recover_declaration
from commons.ciphers.paillier import PublicKey, Randomizer
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.computations.linear_regression.trainer import LocalTrainer
from commons.computations.linear_regression.validator import Validator
from commons.errors import Conflict, DatasetInvalid, InvalidInput, NotFound, ProtocolViolation, ServiceUnavailable
from commons.market.declaration import Declaration, Declared, check_declarations, read_declarations
from commons.messages import from_hex
from commons.storage.database import Database
from data_owner.adapters.tables import EVENTS, Acceptance, AcceptanceState, Dataset
from data_owner.services.job_terms import require_same_terms
from data_owner.services.job_view import TRAINER, VALIDATOR
from data_owner.services.own_statistics import OwnStatistics, read_statistics
from data_owner.services.ports import Chain, JobBoard, OpenDataFile


@dataclass(frozen=True)
class Participant:
    """This owner in one running job, as a trainer or a validator; `members` are all trainers and validators."""

    members: tuple[tuple[str, ...], tuple[str, ...]]
    part: LocalTrainer | Validator
    randomizer: Randomizer

    @property
    def role(self) -> str:
        """In which role."""
        return TRAINER if isinstance(self.part, LocalTrainer) else VALIDATOR


@dataclass(frozen=True)
class Enrolment:
    """Who takes part in a job, as the contract has it, and what they signed for."""

    role: str
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    declared: Declared


@dataclass(frozen=True)
class Participation:
    """Builds participants.

    Attributes:
        database: of the service.
        chain: the contract.
        board: the aggregator's public side, which hands on what the owners declared.
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
        plan = NumericPlan(spec, key.bits, enrolment.declared.growth)
        plan.require_headroom((acceptance.row_count,))
        context = JobContext(
            chain_id=acceptance.chain_id,
            contract=acceptance.contract,
            job_id=job_id,
            key=key,
            plan=plan,
            trainers=enrolment.trainers,
            validators=enrolment.validators,
            row_counts=enrolment.declared.row_counts,
        )
        statistics = self._statistics(acceptance, spec, path)
        randomizer = Randomizer(key)
        members = (enrolment.trainers, enrolment.validators)
        part: LocalTrainer | Validator
        if enrolment.role == TRAINER:
            part = LocalTrainer(context, statistics.step, address=self.address)
        else:
            part = Validator(context, statistics.metric, address=self.address, mask_secret=acceptance.mask_secret)
        return Participant(members, part, randomizer)

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
        declared = self._declared(acceptance, trainers, validators, spec.role_seed)
        with self.database.session() as session:
            row = session.get_one(Acceptance, job_id)
            row.role, row.agreed_growth, row.row_counts = role, declared.growth, declared.row_counts
            row.trainers, row.validators = list(trainers), list(validators)
        return Enrolment(role=role, trainers=trainers, validators=validators, declared=declared)

    def _declared(
        self, acceptance: Acceptance, trainers: tuple[str, ...], validators: tuple[str, ...], role_seed: int
    ) -> Declared:
        job_id, domain = acceptance.job_id, SigningDomain(acceptance.chain_id, acceptance.contract)
        shown = read_declarations(self.board.job(job_id).get("owners"))
        mine = Declaration(row_count=acceptance.row_count, growth=acceptance.growth, roles=acceptance.roles)
        if mine not in [one.declaration for one in shown if one.owner.lower() == self.address.lower()]:
            raise ProtocolViolation(f"job {job_id}: the aggregator shows something else than what this owner declared")
        return check_declarations(
            shown,
            trainers,
            validators,
            role_seed=role_seed,
            recover=lambda owner, digest, signature: recover_declaration(domain, job_id, owner, digest, signature),
        )

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


def _stored_enrolment(acceptance: Acceptance) -> Enrolment | None:
    if (
        acceptance.role is None
        or acceptance.trainers is None
        or acceptance.validators is None
        or acceptance.agreed_growth is None
        or acceptance.row_counts is None
    ):
        return None
    return Enrolment(
        role=acceptance.role,
        trainers=tuple(acceptance.trainers),
        validators=tuple(acceptance.validators),
        declared=Declared(row_counts=acceptance.row_counts, growth=acceptance.agreed_growth),
    )


def _role(address: str, trainers: tuple[str, ...], validators: tuple[str, ...], *, job_id: int) -> str:
    if address.lower() in {trainer.lower() for trainer in trainers}:
        return TRAINER
    if address.lower() in {validator.lower() for validator in validators}:
        return VALIDATOR
    raise ProtocolViolation(f"job {job_id}: the contract does not list this owner")
