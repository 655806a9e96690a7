"""Calling a job off before it starts."""

from __future__ import annotations

from commons.chain.jobs import JobState
from model_buyer.domain.stages import require_cancellable
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import changing, find_job, tell
from model_buyer.tables import Job


def cancel_job(buyer: Buyer, job_id: str) -> Job:
    """Store that the job is to be called off; the background agent sends the cancellation. Repeating it changes nothing.

    Raises:
        NotFound: there is no such job here.
        Conflict: it has started or ended.
        ChainUnavailable: whether it has started cannot be known now.
    """
    with buyer.database.snapshot() as session:
        job = find_job(session, job_id)
    _require_cancellable(job, started=False)
    started = job.chain_job_id is not None and buyer.chain.job(job.chain_job_id).state is JobState.RUNNING
    with changing(buyer, job_id) as (session, stored):
        _require_cancellable(stored, started=started)
        if not stored.cancel_requested:
            stored.cancel_requested = True
            tell(session, stored, buyer.clock(), "cancellation asked for")
    return stored


def _require_cancellable(job: Job, *, started: bool) -> None:
    started = started or job.participants is not None
    require_cancellable(job.id, job.stage, started=started, finish_by=job.spec.finish_by)
