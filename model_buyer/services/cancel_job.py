"""Calling a job off before it starts."""

from __future__ import annotations

from commons.chain.jobs import JobState
from model_buyer.domain.posted_job import PostedJob, request_cancel
from model_buyer.services.ports import Chain, Clock, TimelineEntry, UnitOfWork


def cancel_job(job_id: str, *, unit_of_work: UnitOfWork, snapshot: UnitOfWork, chain: Chain, clock: Clock) -> PostedJob:
    """Store that the job is to be called off; the background agent sends the cancellation. Repeating it changes nothing.

    Raises:
        NotFound: there is no such job here.
        Conflict: it has started or ended.
        ChainUnavailable: whether it has started cannot be known now.
    """
    with snapshot() as repository:
        job = repository.get(job_id)
    request_cancel(job, started=False)
    started = job.chain_job_id is not None and chain.job(job.chain_job_id).state is JobState.RUNNING
    with unit_of_work() as repository:
        stored = repository.get(job_id)
        cancelled = request_cancel(stored, started=started)
        if not stored.cancel_requested:
            repository.save(cancelled)
            repository.record(job_id, TimelineEntry(clock(), "cancellation asked for"))
    return cancelled
