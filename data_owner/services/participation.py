"""Taking part in a running job: what is needed to answer its tasks, built from the stored acceptance and the chain.

Before the first task of a job its start must be a confirmed event, with this owner in it, and the contract have it with the key
and the terms that were signed. The rows are read again after a restart; they must be as many as were declared, and such as the
job declares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from commons.chain.job_start import confirmed_start, declarations_of
from commons.chain.jobs import JobOnChain, JobStarted, JobState
from commons.chain.marketplace import Marketplace
from commons.chain.signing import SigningDomain, recover_message, sign_message
from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy, PublicKey, Randomizer
from commons.computations.job_facts import StartedJob
from commons.computations.parts import OwnerPart, OwnerSecrets
from commons.computations.registry import JobSpec, computation_of
from commons.errors import Conflict, DatasetInvalid, InvalidInput, NotFound, ProtocolViolation, ServiceUnavailable
from commons.market.declaration import Declaration, read_declarations
from commons.messages import from_hex
from commons.storage.database import Database
from commons.tables.table import Table
from data_owner.services.job_terms import require_same_terms
from data_owner.services.job_view import stored_spec
from data_owner.services.ledger import Disclosure, disclosure_of
from data_owner.services.ports import JobBoard, OpenDataFile
from data_owner.tables import EVENTS, Acceptance, AcceptanceState, Dataset


@dataclass(frozen=True)
class Participant:
    """This owner in one running job.

    Attributes:
        members: all trainers and all validators.
        kind: of the job's computation.
        part: answers its tasks.
        disclosure: what the answers tell about the rows, for the ledger.
    """

    members: tuple[tuple[str, ...], tuple[str, ...]]
    kind: str
    part: OwnerPart
    disclosure: Disclosure | None = None


@dataclass(frozen=True)
class Enrolment:
    """Who takes part in a job, as the contract has it, and what they signed for."""

    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    declarations: dict[str, Declaration]


@dataclass(frozen=True)
class Participation:
    """Builds participants.

    Attributes:
        database: of the service.
        chain: the contract.
        board: the aggregator's public side, which hands on what the owners declared.
        account: this owner's.
        open_file: reads data files.
        follow: looks at the chain for new events at once.
        key_policy: which keys a job may have.
    """

    database: Database
    chain: Marketplace
    board: JobBoard
    account: LocalAccount
    open_file: OpenDataFile
    follow: Callable[[], object] = lambda: None
    key_policy: KeyPolicy = STANDARD_KEYS

    def is_current(self, job_id: int, participant: Participant) -> bool:
        """Whether the chain (still) has the job started with the owners that this participant was made for."""
        with self.database.snapshot() as session:
            started = EVENTS.started(session, job_id)
        return started is not None and started.members == participant.members

    def participant(self, job_id: int) -> Participant:
        """Get ready for a job's tasks.

        Raises:
            ProtocolViolation: this owner did not accept the job, or is not in it.
            Conflict: the contract has the job with other terms, or not running.
            DatasetInvalid: the data file; why stands in the acceptance's note only.
            HeadroomExceeded, InvalidInput: with what the owners declared the job does not fit the key, or makes no sense.
            ServiceUnavailable: chain or aggregator do not answer and were not asked before.
        """
        acceptance, dataset = self._accepted(job_id)
        spec = stored_spec(acceptance.spec)
        if not isinstance(spec, JobSpec):
            raise ProtocolViolation(f"job {job_id}: its computation is not known here any more")
        key = PublicKey(from_hex(acceptance.modulus), policy=self.key_policy)
        enrolment = self._enrolment(acceptance, spec, key)
        job = StartedJob(
            chain_id=acceptance.chain_id,
            contract=acceptance.contract,
            job_id=job_id,
            terms=spec,
            spec=spec.computation,
            key=key,
            trainers=enrolment.trainers,
            validators=enrolment.validators,
            declarations=enrolment.declarations,
        )
        return Participant(
            members=(enrolment.trainers, enrolment.validators),
            kind=spec.computation.kind,
            part=self._part(acceptance, spec, job, Path(dataset.path)),
            disclosure=disclosure_of(acceptance, dataset),
        )

    def _accepted(self, job_id: int) -> tuple[Acceptance, Dataset]:
        with self.database.snapshot() as session:
            acceptance = session.get(Acceptance, job_id)
            if acceptance is None or acceptance.state is not AcceptanceState.POSTED:
                raise ProtocolViolation(f"job {job_id}: this owner has no standing acceptance")
            return acceptance, session.get_one(Dataset, acceptance.dataset_id)

    def _enrolment(self, acceptance: Acceptance, spec: JobSpec, key: PublicKey) -> Enrolment:
        job_id = acceptance.job_id
        started = self._started(job_id)
        stored = _stored_enrolment(acceptance)
        if stored is not None and (stored.trainers, stored.validators) == started.members:
            return stored
        require_same_terms(self._on_chain(job_id), spec, key)
        self._require_members(started, spec)
        declared = self._declared(acceptance, started, spec)
        computation_of(spec).require_headroom(spec, spec.computation, key.bits, tuple(declared.values()))
        with self.database.session() as session:
            row = session.get_one(Acceptance, job_id)
            row.trainers, row.validators = list(started.trainers), list(started.validators)
            row.declarations = {owner: one.model_dump(mode="json") for owner, one in declared.items()}
        return Enrolment(started.trainers, started.validators, declared)

    def _require_members(self, started: JobStarted, spec: JobSpec) -> None:
        members = (*started.trainers, *started.validators)
        if self.account.address.lower() not in map(str.lower, members):
            raise ProtocolViolation(f"job {started.job_id}: the contract does not list this owner")
        if computation_of(spec).roles.exact and len(members) != spec.min_owners:
            raise ProtocolViolation(
                f"job {started.job_id} was started with {len(members)} owners; its terms say exactly {spec.min_owners}"
            )

    def _declared(self, acceptance: Acceptance, started: JobStarted, spec: JobSpec) -> dict[str, Declaration]:
        job_id, domain = acceptance.job_id, SigningDomain(acceptance.chain_id, acceptance.contract)
        shown = read_declarations(self.board.job(job_id).get("owners"))
        mine = Declaration(row_count=acceptance.row_count, roles=acceptance.roles, facts=acceptance.facts)
        if mine not in [one.declaration for one in shown if one.owner.lower() == self.account.address.lower()]:
            raise ProtocolViolation(f"job {job_id}: the aggregator shows something else than what this owner declared")
        roles = computation_of(spec).roles
        return declarations_of(started, shown, domain, role_seed=spec.role_seed, n_trainers=roles.n_trainers)

    def _on_chain(self, job_id: int) -> JobOnChain:
        try:
            return self.chain.job(job_id)
        except NotFound as error:
            # Its start is confirmed, so the chain is being reorganised; the next look says how that ended.
            raise ServiceUnavailable(f"job {job_id}: the chain does not show it just now", job_id=job_id) from error

    def _started(self, job_id: int) -> JobStarted:
        started = confirmed_start(self.database, EVENTS, job_id, self.follow)
        with self.database.snapshot() as session:
            state = EVENTS.job_state(session, job_id)
        if state is not JobState.RUNNING:
            raise Conflict(f"job {job_id} is {state.name.lower()} on chain, not running")
        return started

    def _part(self, acceptance: Acceptance, spec: JobSpec, job: StartedJob[Any], path: Path) -> OwnerPart:
        secrets = OwnerSecrets(
            address=self.account.address,
            mask_secret=acceptance.mask_secret,
            sign=lambda digest: sign_message(self.account, digest),
            recover=recover_message,
        )
        randomizer = Randomizer(job.key)
        try:
            table = Table(self.open_file(path).blocks, acceptance.column_mapping)
            part = computation_of(spec).owner(job, secrets, table, randomizer)
        except (InvalidInput, NotFound) as error:
            # The message may quote a cell: the owner finds it at its offer, and neither logs nor others get it.
            self._note(job.job_id, error.message)
            raise DatasetInvalid(
                f"job {job.job_id}: the dataset is not as it was when the job was accepted; the offer says why"
            ) from None
        if acceptance.note:
            self._note(job.job_id, "")
        return part

    def _note(self, job_id: int, text: str) -> None:
        with self.database.session() as session:
            session.get_one(Acceptance, job_id).note = text


def _stored_enrolment(acceptance: Acceptance) -> Enrolment | None:
    if acceptance.trainers is None or acceptance.validators is None or acceptance.declarations is None:
        return None
    return Enrolment(
        trainers=tuple(acceptance.trainers),
        validators=tuple(acceptance.validators),
        declarations={owner: Declaration.model_validate(one) for owner, one in acceptance.declarations.items()},
    )
