"""From a draft to a job that the aggregator offers: key, deposit on chain, announcement. Each step can be repeated."""

from __future__ import annotations

from dataclasses import replace

from commons.chain.jobs import JobTerms
from commons.ciphers.paillier import PublicKey, generate_keypair
from model_buyer.domain.participant_limits import MAX_PARTICIPANTS, MIN_TRAINERS, MIN_VALIDATORS
from model_buyer.domain.posted_job import JobKey, PostedJob, Stage
from model_buyer.services.ports import CREATION_PREFIX, Buyer, SendState, TimelineEntry


def creation_key(job: PostedJob) -> str:
    """The outbox key of the job's createJob."""
    return CREATION_PREFIX + job.id


def make_key(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Generate the job's Paillier key with the proof about its modulus, and keep it sealed."""
    secret_key = generate_keypair(job.key_bits, unsafe_small_key=buyer.unsafe_small_key)
    key = JobKey(
        modulus=int(secret_key.public_key.n),
        modulus_proof=tuple(secret_key.prove_modulus().to_json()),
        sealed_secret=buyer.vault.seal(secret_key, job.id),
    )
    with buyer.unit_of_work() as repository:
        stored = repository.get(job.id)
        if stored.key is None:
            stored = replace(stored, key=key)
            repository.save(stored)
    return stored


def send_deposit(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Put `createJob` with the deposit into the outbox, unless the job was called off meanwhile.

    Raises:
        ServiceUnavailable: the aggregator, whose address the contract needs, does not answer.
    """
    terms = JobTerms(
        aggregator=buyer.aggregator.status().aggregator_address,
        spec_digest=job.spec.digest(),
        key_digest=PublicKey(job.require_key().modulus, unsafe_small_key=buyer.unsafe_small_key).digest(),
        start_by=job.spec.start_by,
        finish_by=job.spec.finish_by,
        trainer_bps=job.spec.pay.trainer_bps,
        validator_bps=job.spec.pay.validator_bps,
        aggregator_bps=job.spec.pay.aggregator_bps,
        min_trainers=MIN_TRAINERS,
        min_validators=MIN_VALIDATORS,
        max_participants=MAX_PARTICIPANTS,
    )
    call = buyer.chain.create_job(terms, job.spec.deposit_wei)
    with buyer.unit_of_work() as repository:
        stored = repository.get(job.id)
        if stored.stage is not Stage.DRAFT:
            return stored
        if stored.cancel_requested:
            return stored
        repository.send(creation_key(job), call)
        stored = stored.at(Stage.ESCROWING, "the deposit is on its way to the chain")
        repository.save(stored)
    return stored


def call_off(buyer: Buyer, job: PostedJob) -> PostedJob:
    """End a draft whose cancellation was asked for; nothing has been sent yet."""
    return _moved(buyer, job.at(Stage.CANCELLED, "called off before the deposit was sent"), "cancelled", None)


def confirm_deposit(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Take the job's id from the confirmed event of createJob."""
    with buyer.snapshot() as repository:
        sent = repository.sent(creation_key(job))
        created = repository.created_job_id(sent.tx_hash) if sent is not None and sent.tx_hash is not None else None
    if sent is not None and created is not None:
        escrowed = replace(job.at(Stage.ESCROWED), chain_job_id=created)
        return _moved(buyer, escrowed, f"deposit escrowed; the job is number {created} on chain", sent.tx_hash)
    if sent is None or sent.state is not SendState.FAILED:
        waits = sent.reason if sent is not None and sent.reason else "the deposit is on its way to the chain"
        return _noted(buyer, job, waits)
    note = f"the deposit could not be sent: {sent.reason or 'no reason given'}. Nothing is escrowed; post the job again"
    return _moved(buyer, job.at(Stage.FAILED, note), "posting failed", sent.tx_hash)


def announce(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Tell the aggregator about the job, its key and the proof.

    Raises:
        ServiceUnavailable: the aggregator does not answer.
        DeltaMLError: it refuses the job; the deposit can be had back by cancelling.
    """
    key = job.require_key()
    buyer.aggregator.offer_job(
        job.require_chain_job_id(), job.spec, modulus=key.modulus, modulus_proof=key.modulus_proof
    )
    return _moved(buyer, job.at(Stage.OFFERED), "offered to data owners", None)


def _moved(buyer: Buyer, job: PostedJob, event: str, tx_hash: str | None) -> PostedJob:
    with buyer.unit_of_work() as repository:
        stored = repository.get(job.id)
        moved = replace(stored.at(job.stage, job.note), chain_job_id=job.chain_job_id)
        repository.save(moved)
        repository.record(job.id, TimelineEntry(buyer.clock(), event, tx_hash))
    return moved


def _noted(buyer: Buyer, job: PostedJob, note: str) -> PostedJob:
    if note == job.note:
        return job
    with buyer.unit_of_work() as repository:
        noted = replace(repository.get(job.id), note=note)
        repository.save(noted)
    return noted
