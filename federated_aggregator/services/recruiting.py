"""From a posted job to enrolled owners: the offer, the acceptances, the draw of roles, the start on chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from commons.chain.agreed_terms import differing_term
from commons.chain.jobs import JobOnChain
from commons.chain.jobs import JobState as StateOnChain
from commons.chain.signing import AcceptanceTerms
from commons.ciphers.masks import draw_seed, seed_hash
from commons.ciphers.paillier import ModulusProof, PublicKey, verify_modulus
from commons.computations.registry import JobSpec, computation_of
from commons.errors import Conflict, HeadroomExceeded, InvalidInput, NotAllowed, NotFound
from commons.market.declaration import Declaration
from commons.market.roles import Role, draw_roles
from commons.market.state import JobState
from commons.messages import from_hex
from commons.storage.database import Database
from federated_aggregator.services.catalogue import search_form
from federated_aggregator.services.chain_port import ChainPort
from federated_aggregator.services.job_run import START, TRAINER, VALIDATOR, Clock, JobRun, Means, declaration_of
from federated_aggregator.tables import Enrolment, Job

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Posting:
    """What a buyer posts."""

    job_id: int
    spec: JobSpec
    modulus: str
    modulus_proof: list[str]


@dataclass(frozen=True)
class AcceptanceOffer:
    """What an owner signs and declares (`commons.market.declaration`)."""

    declaration: Declaration
    deadline: int
    signature: bytes
    declaration_signature: bytes


@dataclass(frozen=True)
class Recruiting:
    """Posts jobs and enrols owners.

    Attributes:
        database: the aggregator's database.
        chain: the contract.
        clock: time in Unix seconds.
        means: what computations need from outside.
    """

    database: Database
    chain: ChainPort
    clock: Clock
    means: Means

    def post(self, buyer: str, posting: Posting) -> None:
        """Offer a job that is on chain already to data owners; repeating it changes nothing.

        Raises:
            KeyTooSmall, KeyProofInvalid: the buyer's key.
            NotFound, Conflict, NotAllowed: the contract has no such job, other terms, or another buyer.
            InvalidInput, HeadroomExceeded: the terms are none for this kind of job, or no step of it would fit the key.
            ChainUnavailable: the node does not answer; nothing was stored.
        """
        key = PublicKey(from_hex(posting.modulus), policy=self.means.key_policy)
        with self.database.snapshot() as session:
            if (known := session.get(Job, posting.job_id)) is not None:
                _require_same(known, buyer, posting)
                return
        spec, computation = posting.spec, computation_of(posting.spec)
        computation.require_terms(spec, spec.computation)
        verify_modulus(key, ModulusProof.from_json(posting.modulus_proof))
        computation.require_headroom(spec, spec.computation, key.bits)
        on_chain = self.chain.read_job(posting.job_id)
        if on_chain is None:
            raise NotFound(
                f"job_id: the contract has no job {posting.job_id}; create it on chain first", field="job_id"
            )
        self._require_terms(on_chain, buyer, posting, key)
        with self.database.session() as session:
            if (known := session.get(Job, posting.job_id)) is not None:
                _require_same(known, buyer, posting)
                return
            session.add(
                Job(
                    job_id=posting.job_id,
                    buyer=buyer,
                    spec=posting.spec.model_dump_json(),
                    search_text=search_form(posting.spec.title),
                    modulus=posting.modulus,
                    modulus_proof=posting.modulus_proof,
                    state=JobState.RECRUITING,
                    entered={JobState.RECRUITING.value: self.clock()},
                )
            )

    def accept(self, owner: str, job_id: int, offer: AcceptanceOffer) -> None:
        """Enrol an owner; with the last one that is needed, draw roles and start the job on chain.

        Raises:
            NotFound, Conflict: no such job, or it is not recruiting any more.
            NotAllowed: buyer and aggregator cannot be owners of the job; or the signature is not the owner's.
            InvalidInput, HeadroomExceeded: a declared value does not fit the job.
        """
        with self.database.session() as session:
            run = JobRun.lock(session, job_id, self.clock, self.means)
            known = session.get(Enrolment, (job_id, owner))
            signature = "0x" + offer.signature.hex()
            declaration_signature = "0x" + offer.declaration_signature.hex()
            if known is not None and known.left_out:
                raise Conflict(f"job {job_id} cannot be accepted any more: {known.left_out}", job_id=job_id)
            signatures = (signature, declaration_signature)
            if known is not None and (known.signature, known.declaration_signature) == signatures:
                return
            self._require_recruiting(run)
            self._check_offer(run, owner, offer)
            session.merge(
                Enrolment(
                    job_id=job_id,
                    owner=owner,
                    row_count=offer.declaration.row_count,
                    facts=offer.declaration.facts,
                    roles=offer.declaration.roles,
                    signature=signature,
                    declaration_signature=declaration_signature,
                    accepted_at=self.clock(),
                )
            )
            session.flush()
            self.start_if_enough(run)

    def withdraw(self, owner: str, job_id: int) -> None:
        """Take an acceptance back before the job starts; doing it twice, or after having been left out, changes nothing.

        Raises:
            NotFound, Conflict: no such job, or it has started.
        """
        with self.database.session() as session:
            run = JobRun.lock(session, job_id, self.clock, self.means)
            known = session.get(Enrolment, (job_id, owner))
            # Who was left out must not be forgotten, since it could accept once more.
            if known is None or known.left_out:
                return
            self._require_recruiting(run)
            session.delete(known)

    def start_if_enough(self, run: JobRun) -> None:
        """Draw roles and queue the start when enough owners accepted."""
        enrolments = [enrolment for enrolment in run.enrolments() if not enrolment.left_out]
        if len(enrolments) < run.spec.min_owners:
            return
        rule = run.computation.roles
        if rule.exact:
            enrolments = enrolments[: run.spec.min_owners]
        allowed = {enrolment.owner: Role(enrolment.roles) for enrolment in enrolments}
        try:
            roles = draw_roles(allowed, run.spec.role_seed, rule.n_trainers)
        except InvalidInput:
            return  # everybody agreed to one role only: wait for another owner
        by_owner = {enrolment.owner: enrolment for enrolment in enrolments}
        for role, members in ((TRAINER, roles.trainers), (VALIDATOR, roles.validators)):
            for position, owner in enumerate(members):
                by_owner[owner].role, by_owner[owner].position = role, position
        # One seed for every attempt: should an earlier one be mined after all, the delivery is masked with its seed too.
        run.job.delivery_seed = run.job.delivery_seed or draw_seed()
        key = self.chain.enqueue_start(
            run.session,
            run.job.job_id,
            trainers=list(roles.trainers),
            validators=list(roles.validators),
            acceptances=[
                bytes.fromhex(by_owner[owner].signature[2:]) for owner in (*roles.trainers, *roles.validators)
            ],
            seed_hash=seed_hash(run.job.delivery_seed),
        )
        run.job.transactions = {**run.job.transactions, START: key}

    def leave_out(self, run: JobRun, owner: str, reason: str) -> None:
        """Go on without an owner whom the contract does not take; it is told why."""
        for enrolment in run.enrolments():
            if enrolment.owner == owner and not enrolment.left_out:
                enrolment.left_out = reason
                log.warning("owner_left_out", job_id=run.job.job_id, owner=enrolment.owner, reason=reason)

    def draw_again(self, run: JobRun) -> bool:
        """After a refused start: draw from the owners that are left, or go on recruiting if they are too few.

        Returns:
            False, and nothing has changed, if nobody who was drawn has been left out since.
        """
        drawn = [enrolment for enrolment in run.enrolments() if enrolment.role is not None]
        if not any(enrolment.left_out for enrolment in drawn):
            return False
        for enrolment in drawn:
            enrolment.role, enrolment.position = None, None
        run.job.transactions = {name: key for name, key in run.job.transactions.items() if name != START}
        self.start_if_enough(run)
        return True

    def enrol(self, run: JobRun, trainers: Sequence[str], validators: Sequence[str]) -> bool:
        """Take over who the contract says has started; returns False if one of them has not accepted here."""
        by_owner = {enrolment.owner: enrolment for enrolment in run.enrolments()}
        if not {*trainers, *validators} <= by_owner.keys():
            return False
        for enrolment in by_owner.values():
            enrolment.role, enrolment.position = None, None
        for role, members in ((TRAINER, trainers), (VALIDATOR, validators)):
            for position, owner in enumerate(members):
                enrolment = by_owner[owner]
                enrolment.role, enrolment.position, enrolment.left_out = role, position, None
        run.session.flush()
        return True

    def _require_recruiting(self, run: JobRun) -> None:
        if run.state is not JobState.RECRUITING or START in run.job.transactions:
            raise Conflict(f"job {run.job.job_id} is not recruiting any more", job_id=run.job.job_id)
        if self.clock() > run.spec.start_by:
            raise Conflict(f"job {run.job.job_id}: its time to start has passed", job_id=run.job.job_id)

    def _check_offer(self, run: JobRun, owner: str, offer: AcceptanceOffer) -> None:
        spec = run.spec
        if owner in (run.job.buyer, self.chain.address):
            raise NotAllowed("the job's model buyer and its aggregator cannot be data owners of it")
        declaration, computation = offer.declaration, run.computation
        if declaration.row_count < spec.min_rows:
            raise InvalidInput(
                f"row_count: {declaration.row_count}; the job asks for {spec.min_rows}", field="row_count"
            )
        if declaration.roles != Role.EITHER and not computation.roles.may_choose:
            raise InvalidInput("roles: owners of this kind of job take either role; expected 3", field="roles")
        # Every step must fit the key with what all owners declare.
        others = [other for other in run.enrolments() if other.owner != owner and not other.left_out]
        declarations = [declaration, *map(declaration_of, others)]
        try:
            computation.require_headroom(spec, spec.computation, run.key.bits, declarations)
        except HeadroomExceeded as error:
            raise HeadroomExceeded(f"facts: {error.message}", field="facts") from error
        terms = acceptance_terms(spec, run.key, job_id=run.job.job_id, owner=owner, roles=declaration.roles)
        if offer.deadline != terms.deadline:
            raise InvalidInput(f"deadline: {offer.deadline}; the job's is {terms.deadline}", field="deadline")
        if self.chain.recover_acceptance(terms, offer.signature) != owner:
            raise NotAllowed("signature: not this account's signature of the job's terms", field="signature")
        declared = declaration.digest()
        signer = self.chain.recover_declaration(run.job.job_id, owner, declared, offer.declaration_signature)
        if signer != owner:
            raise NotAllowed(
                "declaration_signature: not this account's signature of row_count, roles and facts",
                field="declaration_signature",
            )

    def _require_terms(self, on_chain: JobOnChain, buyer: str, posting: Posting, key: PublicKey) -> None:
        spec = posting.spec
        if on_chain.buyer != buyer:
            raise NotAllowed(f"job_id: job {posting.job_id} belongs to another buyer", field="job_id")
        if on_chain.state is not StateOnChain.POSTED:
            raise Conflict(
                f"job_id: the contract has job {posting.job_id} as {on_chain.state.name.lower()}", field="job_id"
            )
        if on_chain.deposit_wei < spec.deposit_wei:
            raise Conflict(
                f"deposit_wei: {on_chain.deposit_wei} wei are escrowed, the specification promises {spec.deposit_wei} wei",
                field="deposit_wei",
            )
        ours = on_chain.terms.aggregator == self.chain.address
        field = differing_term(on_chain, spec, key.digest()) if ours else "aggregator"
        if field is not None:
            raise Conflict(f"{field}: the contract's is not the one of this specification and key", field=field)


def acceptance_terms(spec: JobSpec, key: PublicKey, *, job_id: int, owner: str, roles: int) -> AcceptanceTerms:
    """The terms that an owner signs for a job."""
    return AcceptanceTerms(
        job_id=job_id,
        owner=owner,
        spec_digest=spec.digest(),
        key_digest=key.digest(),
        roles=roles,
        deposit_wei=spec.deposit_wei,
        trainer_bps=spec.pay.trainer_bps,
        validator_bps=spec.pay.validator_bps,
        aggregator_bps=spec.pay.aggregator_bps,
        deadline=spec.finish_by,
    )


def _require_same(known: Job, buyer: str, posting: Posting) -> None:
    same = (known.buyer, known.spec, known.modulus) == (buyer, posting.spec.model_dump_json(), posting.modulus)
    if not same:
        raise Conflict(f"job_id: job {posting.job_id} is known with other contents", field="job_id")
