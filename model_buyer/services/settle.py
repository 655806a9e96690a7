"""From an offered job to its end on chain, and from there to what it was for.

The chain decides how a job ends. Only when it says "finished", which it does in the transaction that pays everybody,
is the delivery decrypted.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from commons.chain.jobs import ContractCall, JobSettled, JobStarted, JobState, last_second_before_expiry
from commons.chain.outbox_table import OutboxColumns
from commons.computations.parts import SignedDelivery
from commons.computations.registry import computation_of
from commons.errors import Conflict, InvalidInput, NotFound, ProtocolViolation, ServiceUnavailable
from model_buyer.domain.stages import DeliveryCheck, Settlement, Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import changing, move, tell
from model_buyer.services.outgoing import SendState, cancellation_key, creation_key, expiry_key, send_state
from model_buyer.services.participants import ensure_participants, require_chain_job_id, secret_key, started_job
from model_buyer.tables import EVENTS, OUTBOX, Job

COMPARE_WITHIN_S = 600
START_GRACE_S = 60
FINISH_GRACE_S = 60
_ON_ITS_WAY = "on its way to the chain"

_ENDS = {
    JobState.FINISHED: (Stage.UNMASKING, "everybody was paid; the mask's seed is public"),
    JobState.EXPIRED: (Stage.EXPIRED, "settled at its deadline on what was recorded; nothing was delivered"),
    JobState.CANCELLED: (Stage.CANCELLED, "cancelled; the deposit can be withdrawn"),
}
_COMPARED = {
    DeliveryCheck.MATCHES: "what was delivered is what the owners signed for",
    DeliveryCheck.DIFFERS: "what was delivered is NOT what the owners signed for",
    DeliveryCheck.UNAVAILABLE: "the aggregator showed nothing to compare the delivery with",
}


def watch_chain(buyer: Buyer, job: Job) -> Job:
    """Follow what confirmed events say about the job, send a cancellation that was asked for, and get the deposit out of a
    job whose deadline has passed without anybody doing so.
    """
    chain_job_id = require_chain_job_id(job)
    with buyer.database.snapshot() as session:
        state, end = EVENTS.job_state(session, chain_job_id), _end(session, chain_job_id)
        started = EVENTS.started(session, chain_job_id)
        last_recorded = EVENTS.is_last_recorded(session, chain_job_id)
        creation = OUTBOX.latest(session, creation_key(job.id))
    if state is JobState.NONE:
        return _taken_back(buyer, job, creation)
    if end is not None:
        return _ended(buyer, job, state, end)
    spec, now = job.spec, buyer.chain_clock()
    if started is not None:
        if now > last_second_before_expiry(spec.finish_by, last_recorded=last_recorded) + FINISH_GRACE_S:
            return _sending(buyer, job, expiry_key(job.id), buyer.chain.expire_job(chain_job_id))
        return _started(buyer, job, started)
    if job.cancel_requested or now > spec.start_by + START_GRACE_S:
        return _sending(buyer, job, cancellation_key(job.id), buyer.chain.cancel_job(chain_job_id))
    return job


def receive_outcome(buyer: Buyer, job: Job) -> Job:
    """Unmask what was delivered with the seed that is on chain, and keep it in the clear.

    Raises:
        ServiceUnavailable: chain or aggregator is needed for the participants and does not answer.
    """
    job = ensure_participants(buyer, job)
    if job.delivery is None or job.seed is None:
        raise Conflict(f"job {job.id} was finalized, but this buyer never signed a delivery", stage=job.stage)
    kind = computation_of(job.spec)
    outcome = kind.outcome(started_job(buyer, job), secret_key(buyer, job), job.delivery, job.seed)
    with changing(buyer, job.id) as (session, stored):
        move(stored, Stage.FINISHED)
        stored.outcome_json = outcome.to_json()
        tell(session, stored, buyer.clock(), "the result is here")
    return stored


def compare_delivery(buyer: Buyer, job: Job) -> Job:
    """Compare what was delivered with the evidence of what was agreed on, once the aggregator shows it."""
    if job.delivery is None or job.seed is None or job.settlement is None:
        raise Conflict(f"job {job.id} has no delivery to compare", stage=job.stage)
    try:
        result = _compared(buyer, job, job.delivery, job.seed)
    except (ServiceUnavailable, Conflict, NotFound, InvalidInput):
        if buyer.clock() < job.settlement.seen_at + COMPARE_WITHIN_S:
            return job
        result = DeliveryCheck.UNAVAILABLE
    with changing(buyer, job.id) as (session, stored):
        stored.delivery_check = result
        if result in _COMPARED:
            tell(session, stored, buyer.clock(), _COMPARED[result])
    return stored


def _compared(buyer: Buyer, job: Job, delivery: SignedDelivery, seed: bytes) -> DeliveryCheck:
    shown = buyer.aggregator.delivery(require_chain_job_id(job)).get("evidence")
    # Without evidence it is for the kind to say whether it waits for some.
    evidence = shown if isinstance(shown, dict) else {}
    started, key = started_job(buyer, job), secret_key(buyer, job)
    agrees = computation_of(job.spec).compare(started, key, delivery, seed, evidence)
    if agrees is None:
        return DeliveryCheck.NOT_APPLICABLE
    return DeliveryCheck.MATCHES if agrees else DeliveryCheck.DIFFERS


def _end(session: Session, chain_job_id: int) -> JobSettled | None:
    """How the deposit was divided or refunded, None before that."""
    if (cancelled := EVENTS.cancelled(session, chain_job_id)) is not None:
        return JobSettled(chain_job_id, None, 0, cancelled.refunded_wei, cancelled.tx_hash)
    return EVENTS.settled(session, chain_job_id)


def _taken_back(buyer: Buyer, job: Job, creation: OutboxColumns | None) -> Job:
    with changing(buyer, job.id) as (session, stored):
        if creation is not None and send_state(creation) is SendState.FAILED:
            note = f"a reorganisation of the chain undid the deposit, which then failed: {creation.explanation}"
            move(stored, Stage.FAILED, f"{note}. Nothing is escrowed; post the job again")
            tell(session, stored, buyer.clock(), "posting undone")
        else:
            stored.note = "a reorganisation of the chain undid the deposit; it is sent again"
    return stored


def _started(buyer: Buyer, job: Job, started: JobStarted) -> Job:
    if job.participants is not None and job.participants.members != started.members:
        raise ProtocolViolation(
            "a reorganisation of the chain changed who takes part after the start; no more tasks of this job are answered, "
            "and it ends at finish_by"
        )
    try:
        job = ensure_participants(buyer, job)
    except ServiceUnavailable:
        # Only the aggregator's part is missing; the agent asks again when a task comes.
        return job
    if not job.cancel_requested:
        return job
    with changing(buyer, job.id) as (_, stored):
        stored.cancel_requested, stored.note = False, "it started before it could be cancelled"
    return stored


def _sending(buyer: Buyer, job: Job, key: str, call: ContractCall) -> Job:
    with changing(buyer, job.id) as (session, stored):
        sent = OUTBOX.insist(session, key=key, call=call, now=buyer.clock())
        if send_state(sent) is SendState.FAILED:
            stored.note = f"{call.description} failed: {sent.explanation or _ON_ITS_WAY}"
        else:
            stored.note = f"{call.description}: {sent.explanation or _ON_ITS_WAY}"
    return stored


def _ended(buyer: Buyer, job: Job, state: JobState, settled: JobSettled) -> Job:
    stage, event = _ENDS[state]
    with changing(buyer, job.id) as (session, stored):
        move(stored, stage, event if stage is not Stage.UNMASKING else "")
        stored.settlement = Settlement(settled.paid_wei, settled.refunded_wei, buyer.clock())
        stored.seed = settled.seed
        money = f"paid {settled.paid_wei} wei, refunded {settled.refunded_wei} wei"
        tell(session, stored, buyer.clock(), f"{event}; {money}", settled.tx_hash or None)
    return stored
