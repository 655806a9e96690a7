"""Who takes part in a job that has started, taken from the chain's events and kept with the job."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from commons.chain.job_start import confirmed_start, declarations_of
from commons.chain.jobs import JobStarted
from commons.ciphers.paillier import PublicKey, SecretKey
from commons.computations.job_facts import Pay, StartedJob
from commons.computations.registry import computation_of
from commons.errors import Conflict
from commons.market.declaration import Declaration, read_declarations
from commons.messages import from_hex
from model_buyer.domain.participant_limits import require_agreed_owners
from model_buyer.domain.stages import Participants
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import changing, tell
from model_buyer.tables import EVENTS, Job


def ensure_participants(buyer: Buyer, job: Job) -> Job:
    """The job with its participants, which are taken from the confirmed start once and then stored.

    Raises:
        ProtocolViolation: if it was started with another number of owners than agreed, with other roles than the seed gives,
            or without their signed declarations.
        ServiceUnavailable: if the start is not confirmed, or the aggregator does not answer.
    """
    if job.participants is not None:
        return job
    started = confirmed_start(buyer.database, EVENTS, require_chain_job_id(job), buyer.follow)
    trainers, validators = started.trainers, started.validators
    kind, n_owners = computation_of(job.spec), len(trainers) + len(validators)
    require_agreed_owners(job.spec.min_owners, n_owners, kind.roles)
    participants = Participants(trainers, validators, _declared(buyer, job, started))
    with changing(buyer, job.id) as (session, stored):
        stored.participants = participants
        event = f"started with {n_owners} owners"
        if kind.pay is Pay.IMPROVEMENT:
            event = f"started with {len(trainers)} trainers and {len(validators)} validators"
        tell(session, stored, buyer.clock(), event, started.tx_hash)
    return stored


def started_job(buyer: Buyer, job: Job) -> StartedJob[Any]:
    """The public facts of a started job; raises Conflict if it has not started."""
    if job.participants is None:
        raise Conflict(f"job {job.id} has not started", stage=job.stage)
    domain = buyer.chain.domain()
    return StartedJob(
        chain_id=domain.chain_id,
        contract=domain.contract,
        job_id=require_chain_job_id(job),
        terms=job.spec,
        spec=job.spec.computation,
        key=public_key(buyer, job),
        trainers=job.participants.trainers,
        validators=job.participants.validators,
        declarations=job.participants.declarations,
    )


def public_key(buyer: Buyer, job: Job) -> PublicKey:
    """A job's key; raises Conflict before it was made."""
    if job.modulus is None:
        raise Conflict(f"job {job.id} has no key yet", stage=job.stage)
    return PublicKey(from_hex(job.modulus), policy=buyer.key_policy)


def secret_key(buyer: Buyer, job: Job) -> SecretKey:
    """A job's secret key, out of the vault; raises Conflict before it was made."""
    with buyer.database.snapshot() as session:
        sealed = session.scalar(select(Job.sealed_secret).where(Job.id == job.id))
    if sealed is None:
        raise Conflict(f"job {job.id} has no key yet", stage=job.stage)
    return buyer.vault.open(sealed, job.id)


def require_chain_job_id(job: Job) -> int:
    """A job's number on chain; raises Conflict before it has one."""
    if job.chain_job_id is None:
        raise Conflict(f"job {job.id} is not on chain yet", stage=job.stage)
    return job.chain_job_id


def _declared(buyer: Buyer, job: Job, started: JobStarted) -> dict[str, Declaration]:
    shown = read_declarations(buyer.aggregator.job(started.job_id).get("owners"))
    roles = computation_of(job.spec).roles
    return declarations_of(
        started, shown, buyer.chain.domain(), role_seed=job.spec.role_seed, n_trainers=roles.n_trainers
    )
