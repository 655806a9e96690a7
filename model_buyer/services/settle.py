"""From an offered job to its end on chain, and from there to the model.

The chain decides how a job ends. Only when it says "finished", which it does in the transaction that pays everybody,
is the delivery decrypted.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from commons.chain.jobs import ContractCall, JobSettled, JobStarted, JobState, last_second_before_expiry
from commons.chain.outbox import LONGEST_RETRY_PAUSE_S, retry_pause_s
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.errors import Conflict, NotFound, ProtocolViolation, ServiceUnavailable
from model_buyer.domain.handover import FinalWeights, compare, to_model, unmask
from model_buyer.domain.posted_job import DeliveryCheck, PostedJob, Settlement, Stage
from model_buyer.services.escrow import creation_key
from model_buyer.services.participants import ensure_participants, job_context
from model_buyer.services.ports import Buyer, SendState, SentTransaction, TimelineEntry

COMPARE_WITHIN_S = 600
START_GRACE_S = 60
FINISH_GRACE_S = 60
RETRY_INTERVAL_S = 300
_ON_ITS_WAY = "on its way to the chain"

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
    """Follow what confirmed events say about the job, send a cancellation that was asked for, and get the deposit out of a
    job whose deadline has passed without anybody doing so.
    """
    chain_job_id = job.require_chain_job_id()
    with buyer.snapshot() as repository:
        on_record = repository.on_record(chain_job_id)
        creation = repository.sent(creation_key(job))
    if on_record.state is JobState.NONE:
        return _taken_back(buyer, job, creation)
    if on_record.end is not None:
        return _ended(buyer, job, on_record.state, on_record.end)
    spec, now = job.spec, buyer.chain_clock()
    if on_record.started is not None:
        expirable_after = last_second_before_expiry(spec.finish_by, last_recorded=on_record.last_recorded)
        if now > expirable_after + FINISH_GRACE_S:
            return _sending(buyer, job, expiry_key(job), buyer.chain.expire_job(chain_job_id))
        return _started(buyer, job, on_record.started)
    if job.cancel_requested or now > spec.start_by + START_GRACE_S:
        return _sending(buyer, job, cancellation_key(job), buyer.chain.cancel_job(chain_job_id))
    return job


def _taken_back(buyer: Buyer, job: PostedJob, creation: SentTransaction | None) -> PostedJob:
    with buyer.unit_of_work() as repository:
        stored = repository.get(job.id)
        if creation is not None and creation.state is SendState.FAILED:
            note = f"a reorganisation of the chain undid the deposit, which then failed: {creation.reason}"
            stored = stored.at(Stage.FAILED, f"{note}. Nothing is escrowed; post the job again")
            repository.record(job.id, TimelineEntry(buyer.clock(), "posting undone"))
        else:
            stored = replace(stored, note="a reorganisation of the chain undid the deposit; it is sent again")
        repository.save(stored)
    return stored


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
    context = job_context(job, buyer.chain.domain(), unsafe_small_key=buyer.unsafe_small_key)
    secret_key = buyer.vault.open(job.require_key().sealed_secret, job.id)
    return context, KeyHolder(context, secret_key)


def _started(buyer: Buyer, job: PostedJob, started: JobStarted) -> PostedJob:
    members = job.participants
    if members is not None and (members.trainers, members.validators) != (started.trainers, started.validators):
        raise ProtocolViolation(
            "a reorganisation of the chain changed who takes part while training was going on; no more tasks of this job "
            "are answered, and it ends at finish_by"
        )
    try:
        job = ensure_participants(buyer, job)
    except ServiceUnavailable:
        # Only the aggregator's part is missing; the agent asks again when a task comes.
        return job
    if not job.cancel_requested:
        return job
    with buyer.unit_of_work() as repository:
        kept = replace(repository.get(job.id), cancel_requested=False, note="it started before it could be cancelled")
        repository.save(kept)
    return kept


def _sending(buyer: Buyer, job: PostedJob, key: str, call: ContractCall) -> PostedJob:
    with buyer.unit_of_work() as repository:
        sent = repository.sent(key)
        gave_up = sent is not None and sent.state is SendState.FAILED
        if sent is None or (gave_up and buyer.clock() - sent.queued_at > _pause_s(sent)):
            repository.send(key, call)
            note = f"{call.description}: {_ON_ITS_WAY}"
        else:
            waits = sent.reason or _ON_ITS_WAY
            note = f"{call.description} failed: {waits}" if gave_up else f"{call.description}: {waits}"
        noted = replace(repository.get(job.id), note=note)
        repository.save(noted)
    return noted


def _pause_s(sent: SentTransaction) -> float:
    return retry_pause_s(sent.tries, first_s=RETRY_INTERVAL_S, longest_s=LONGEST_RETRY_PAUSE_S)


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
