"""From an offered job to its end on chain, and from there to the model.

The chain decides how a job ends. Only when it says "finished", which it does in the transaction that pays everybody,
is the delivery decrypted.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from commons.chain.jobs import ContractCall, JobSettled, JobState
from commons.errors import Conflict, NotFound, ServiceUnavailable
from commons.protocol.checkpoint import JobContext
from model_buyer.domain.handover import FinalWeights, compare, to_model, unmask
from model_buyer.domain.key_holder import KeyHolder
from model_buyer.domain.posted_job import DeliveryCheck, PostedJob, Settlement, Stage
from model_buyer.services.participants import ensure_participants, job_context
from model_buyer.services.ports import Buyer, SendState, TimelineEntry

COMPARE_WITHIN_S = 600
START_GRACE_S = 60
FINISH_GRACE_S = 60
# Once the buyer has signed for a delivery, expiry would cost it the model, so a slow aggregator gets more time.
DELIVERY_GRACE_S = 1800

_ENDS = {
    JobState.FINISHED: (Stage.UNMASKING, "everybody was paid; the mask's seed is public"),
    JobState.EXPIRED: (Stage.EXPIRED, "settled at its deadline on the latest checkpoint; no model was delivered"),
    JobState.CANCELLED: (Stage.CANCELLED, "cancelled; the deposit can be withdrawn"),
}


def expiry_key(job: PostedJob) -> str:
    """The outbox key of the job's expireJob."""
    return f"expire-job-{job.id}"


def cancellation_key(job: PostedJob) -> str:
    """The outbox key of the job's cancelJob."""
    return f"cancel-job-{job.id}"


def watch_chain(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Follow what the contract says about the job, send a cancellation that was asked for, and get the deposit out of a job
    whose deadline has passed without anybody doing so.

    Raises:
        ServiceUnavailable: the node does not answer.
    """
    chain_job_id = job.require_chain_job_id()
    on_chain = buyer.chain.job(chain_job_id)
    if on_chain.state is JobState.CANCELLED:
        return _ended(buyer, job, on_chain.state, JobSettled(chain_job_id, None, 0, on_chain.deposit_wei, ""))
    if on_chain.state in _ENDS:
        settled = buyer.chain.settled(chain_job_id)
        # A node that shows the state may need a moment to show the event.
        return job if settled is None else _ended(buyer, job, on_chain.state, settled)
    spec, now = job.spec, buyer.clock()
    if on_chain.state is JobState.RUNNING:
        grace_s = FINISH_GRACE_S if job.delivery is None else DELIVERY_GRACE_S
        if now > spec.finish_by + grace_s:
            return _sending(buyer, job, expiry_key(job), buyer.chain.expire_job(chain_job_id))
        return _started(buyer, job)
    if job.cancel_requested or now > spec.start_by + START_GRACE_S:
        return _sending(buyer, job, cancellation_key(job), buyer.chain.cancel_job(chain_job_id))
    return job


def receive_model(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Unmask the delivered weights with the seed that is on chain, and keep the model in original units.

    Raises:
        ServiceUnavailable: chain or aggregator is needed for the participants and does not answer.
    """
    job = ensure_participants(buyer, job)
    if job.delivery is None or job.seed is None:
        raise Conflict(f"job {job.id} was finalized, but this buyer never signed a delivery", stage=job.stage)
    context, holder = _opened(buyer, job)
    model = to_model(job.spec, unmask(context, holder, job.delivery, job.seed))
    with buyer.unit_of_work() as repository:
        finished = replace(repository.get(job.id).at(Stage.FINISHED), model_json=model.to_json())
        repository.save(finished)
        repository.record(job.id, TimelineEntry(buyer.clock(), "the model is here"))
    return finished


def compare_delivery(buyer: Buyer, job: PostedJob) -> PostedJob:
    """Compare the model with the final weights that the validators signed, once the aggregator shows them."""
    if job.delivery is None or job.seed is None or job.settlement is None:
        raise Conflict(f"job {job.id} has no delivery to compare", stage=job.stage)
    try:
        shown = FinalWeights.model_validate(_final_part(buyer.aggregator.delivery(job.require_chain_job_id())))
        context, holder = _opened(buyer, job)
        weights = unmask(context, holder, job.delivery, job.seed)
        result = compare(context, holder, job.delivery, shown, weights)
    except (ServiceUnavailable, Conflict, NotFound, ValidationError):
        if buyer.clock() < job.settlement.seen_at + COMPARE_WITHIN_S:
            return job
        result = DeliveryCheck.UNAVAILABLE
    with buyer.unit_of_work() as repository:
        compared = replace(repository.get(job.id), delivery_check=result)
        repository.save(compared)
        repository.record(job.id, TimelineEntry(buyer.clock(), _COMPARED[result]))
    return compared


_COMPARED = {
    DeliveryCheck.MATCHES: "the delivered weights are the ones that the validators evaluated",
    DeliveryCheck.DIFFERS: "the delivered weights are NOT the ones that the validators evaluated",
    DeliveryCheck.UNAVAILABLE: "the aggregator did not show the final weights; they were not compared",
}


def _final_part(answer: dict[str, object]) -> dict[str, object]:
    return {name: answer[name] for name in ("final", "candidate_digests") if name in answer}


def _opened(buyer: Buyer, job: PostedJob) -> tuple[JobContext, KeyHolder]:
    context = job_context(job, unsafe_small_key=buyer.unsafe_small_key)
    secret_key = buyer.vault.open(job.require_key().sealed_secret, job.id)
    return context, KeyHolder(context, secret_key)


def _started(buyer: Buyer, job: PostedJob) -> PostedJob:
    try:
        job = ensure_participants(buyer, job)
    except ServiceUnavailable:
        # Only the aggregator's part is missing; the agent asks again when a task comes.
        return job
    if not job.cancel_requested:
        return job
    with buyer.unit_of_work() as repository:
        started = replace(
            repository.get(job.id), cancel_requested=False, note="it started before it could be cancelled"
        )
        repository.save(started)
    return started


def _sending(buyer: Buyer, job: PostedJob, key: str, call: ContractCall) -> PostedJob:
    with buyer.unit_of_work() as repository:
        sent = repository.sent(key)
        if sent is None:
            repository.send(key, call)
            note = f"{call.description}: on its way to the chain"
        else:
            failed = " failed" if sent.state is SendState.FAILED else ""
            note = f"{call.description}{failed}: {sent.reason or 'on its way to the chain'}"
        noted = replace(repository.get(job.id), note=note)
        repository.save(noted)
    return noted


def _ended(buyer: Buyer, job: PostedJob, state: JobState, settled: JobSettled) -> PostedJob:
    stage, event = _ENDS[state]
    seen = Settlement(settled.paid_wei, settled.refunded_wei, buyer.clock())
    with buyer.unit_of_work() as repository:
        ended = replace(
            repository.get(job.id).at(stage, event if stage is not Stage.UNMASKING else ""),
            settlement=seen,
            seed=settled.seed,
        )
        repository.save(ended)
        money = f"paid {seen.paid_wei} wei, refunded {seen.refunded_wei} wei"
        repository.record(job.id, TimelineEntry(buyer.clock(), f"{event}; {money}", settled.tx_hash or None))
    return ended
