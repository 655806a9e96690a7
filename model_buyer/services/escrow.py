"""From a draft to a job that the aggregator offers: key, deposit on chain, announcement. Each step can be repeated."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import select

from commons.chain.jobs import JobTerms
from commons.ciphers.paillier import generate_keypair
from commons.computations.registry import computation_of
from commons.messages import to_hex
from model_buyer.domain.participant_limits import limits
from model_buyer.domain.stages import Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import changing, move, tell
from model_buyer.services.outgoing import SendState, creation_key, send_state
from model_buyer.services.participants import public_key, require_chain_job_id
from model_buyer.tables import EVENTS, OUTBOX, Job

_ON_ITS_WAY = "the deposit is on its way to the chain"


def make_key(buyer: Buyer, job: Job) -> Job:
    """Generate the job's Paillier key with the proof about its modulus, and keep it sealed."""
    key = generate_keypair(job.key_bits, policy=buyer.key_policy)
    proof, sealed = key.prove_modulus().to_json(), buyer.vault.seal(key, job.id)
    with changing(buyer, job.id) as (_, stored):
        if stored.modulus is None:
            stored.modulus, stored.modulus_proof = to_hex(int(key.public_key.n)), list(proof)
            stored.sealed_secret = sealed
    return stored


def send_deposit(buyer: Buyer, job: Job) -> Job:
    """Put `createJob` with the deposit into the outbox, unless the job was called off meanwhile.

    Raises:
        ServiceUnavailable: the aggregator, whose address the contract needs, does not answer.
    """
    spec = job.spec
    terms = JobTerms(
        aggregator=buyer.aggregator.status().aggregator_address,
        spec_digest=spec.digest(),
        key_digest=public_key(buyer, job).digest(),
        start_by=spec.start_by,
        finish_by=spec.finish_by,
        **spec.pay.model_dump(),
        **asdict(limits(spec.min_owners, computation_of(spec).roles)),
    )
    call = buyer.chain.create_job(terms, spec.deposit_wei)
    with changing(buyer, job.id) as (session, stored):
        if stored.stage is Stage.DRAFT and not stored.cancel_requested:
            OUTBOX.enqueue(session, key=creation_key(job.id), call=call)
            move(stored, Stage.ESCROWING, _ON_ITS_WAY)
    return stored


def call_off(buyer: Buyer, job: Job) -> Job:
    """End a draft whose cancellation was asked for; nothing has been sent yet."""
    with changing(buyer, job.id) as (session, stored):
        move(stored, Stage.CANCELLED, "called off before the deposit was sent")
        tell(session, stored, buyer.clock(), "cancelled")
    return stored


def confirm_deposit(buyer: Buyer, job: Job) -> Job:
    """Take the job's id from the confirmed event of createJob."""
    with buyer.database.snapshot() as session:
        sent = OUTBOX.latest(session, creation_key(job.id))
        created = EVENTS.created_by(session, sent.tx_hash) if sent is not None and sent.tx_hash is not None else None
    if sent is not None and created is not None:
        with changing(buyer, job.id) as (session, stored):
            move(stored, Stage.ESCROWED)
            stored.chain_job_id = created.job_id
            event = f"deposit escrowed; the job is number {created.job_id} on chain"
            tell(session, stored, buyer.clock(), event, sent.tx_hash)
        return stored
    if sent is None or send_state(sent) is not SendState.FAILED:
        return _noted(buyer, job, (None if sent is None else sent.explanation) or _ON_ITS_WAY)
    with changing(buyer, job.id) as (session, stored):
        why = sent.explanation or "no reason given"
        move(stored, Stage.FAILED, f"the deposit could not be sent: {why}. Nothing is escrowed; post the job again")
        tell(session, stored, buyer.clock(), "posting failed", sent.tx_hash)
    return stored


def announce(buyer: Buyer, job: Job) -> Job:
    """Tell the aggregator about the job, its key and the proof.

    Raises:
        ServiceUnavailable: the aggregator does not answer.
        DeltaMLError: it refuses the job; the deposit can be had back by cancelling.
    """
    with buyer.database.snapshot() as session:
        proof = session.scalar(select(Job.modulus_proof).where(Job.id == job.id))
    modulus = int(public_key(buyer, job).n)
    buyer.aggregator.offer_job(require_chain_job_id(job), job.spec, modulus=modulus, modulus_proof=proof or ())
    with changing(buyer, job.id) as (session, stored):
        move(stored, Stage.OFFERED)
        tell(session, stored, buyer.clock(), "offered to data owners")
    return stored


def _noted(buyer: Buyer, job: Job, note: str) -> Job:
    if note == job.note:
        return job
    with changing(buyer, job.id) as (_, stored):
        stored.note = note
    return stored
