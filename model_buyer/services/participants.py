"""Who takes part in a job that has started, taken from the chain's events and kept with the job."""

from __future__ import annotations

from dataclasses import replace

from commons.chain.jobs import JobStarted
from commons.chain.signing import SigningDomain, recover_declaration
from commons.ciphers.paillier import PublicKey
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.errors import Conflict, ServiceUnavailable
from commons.market.declaration import Declared, check_declarations, read_declarations
from model_buyer.domain.participant_limits import require_enough_owners
from model_buyer.domain.posted_job import Participants, PostedJob
from model_buyer.services.ports import Buyer, TimelineEntry


def ensure_participants(buyer: Buyer, job: PostedJob) -> PostedJob:
    """The job with its participants, which are taken from the confirmed start once and then stored.

    Raises:
        ProtocolViolation: if it was started with fewer owners than agreed, with other roles than the seed gives, or without
            their signed declarations.
        ServiceUnavailable: if the start is not confirmed, or the aggregator does not answer.
    """
    if job.participants is not None and job.participants.row_counts:
        return job
    started = _started(buyer, job.require_chain_job_id())
    trainers, validators = started.trainers, started.validators
    require_enough_owners(job.spec.min_owners, len(trainers), len(validators))
    declared = _declared(buyer, job, started)
    with buyer.unit_of_work() as repository:
        job = replace(repository.get(job.id), participants=_participants(started, declared))
        repository.save(job)
        event = f"training started with {len(trainers)} trainers and {len(validators)} validators"
        repository.record(job.id, TimelineEntry(buyer.clock(), event, started.tx_hash))
    return job


def _started(buyer: Buyer, chain_job_id: int) -> JobStarted:
    for look in (False, True):
        if look:
            # The aggregator may have seen the start a moment earlier.
            buyer.follow()
        with buyer.snapshot() as repository:
            started = repository.on_record(chain_job_id).started
        if started is not None:
            return started
    raise ServiceUnavailable(f"job {chain_job_id}: its start is not confirmed on chain yet", job_id=chain_job_id)


def _declared(buyer: Buyer, job: PostedJob, started: JobStarted) -> Declared:
    domain = buyer.chain.domain()
    return check_declarations(
        read_declarations(buyer.aggregator.job(started.job_id).get("owners")),
        started.trainers,
        started.validators,
        role_seed=job.spec.role_seed,
        recover=lambda owner, digest, signature: recover_declaration(domain, started.job_id, owner, digest, signature),
    )


def _participants(started: JobStarted, declared: Declared) -> Participants:
    return Participants(started.trainers, started.validators, declared.growth, declared.row_counts)


def job_context(job: PostedJob, domain: SigningDomain, *, unsafe_small_key: bool) -> JobContext:
    """The public facts of a started job that every protocol step needs.

    Raises:
        Conflict: if the job has not started.
    """
    if job.participants is None:
        raise Conflict(f"job {job.id} has not started", stage=job.stage)
    return JobContext(
        chain_id=domain.chain_id,
        contract=domain.contract,
        job_id=job.require_chain_job_id(),
        key=PublicKey(job.require_key().modulus, unsafe_small_key=unsafe_small_key),
        plan=NumericPlan(job.spec, job.key_bits, job.participants.growth),
        trainers=job.participants.trainers,
        validators=job.participants.validators,
        row_counts=job.participants.row_counts,
    )
