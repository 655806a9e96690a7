"""What the background agent does: carry every job on, one stage after the other, as far as it gets.

Whatever does not answer leaves a job where it is, and says who is waited for.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import select

from commons.errors import DeltaMLError
from model_buyer.domain.stages import Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.escrow import announce, call_off, confirm_deposit, make_key, send_deposit
from model_buyer.services.job_rows import changing, unfinished
from model_buyer.services.reorganisation import follow_reorganisation
from model_buyer.services.settle import compare_delivery, receive_outcome, watch_chain
from model_buyer.tables import Job

_log = structlog.get_logger(__name__)
_MAX_STEPS = 20


def carry_on(buyer: Buyer) -> None:
    """Advance every job that needs it; no job's trouble keeps another from advancing."""
    follow_reorganisation(buyer)
    with buyer.database.snapshot() as session:
        jobs = session.scalars(select(Job).where(unfinished()).order_by(Job.created_at, Job.id)).all()
    for job in jobs:
        try:
            _set_trouble(buyer, advance(buyer, job), "")
        except DeltaMLError as error:
            _set_trouble(buyer, job, error.message)
        except Exception:  # noqa: BLE001 - one job must not keep the others from advancing; it is logged
            _log.exception("job_failed", job=job.id)
            _set_trouble(buyer, job, "an unexpected error; the service's log has it")


def advance(buyer: Buyer, job: Job) -> Job:
    """Take the job through its stages until one has to wait.

    Raises:
        DeltaMLError: saying what is waited for or what is wrong; the job stays where it is.
    """
    for _ in range(_MAX_STEPS):
        before = job
        job = _STEPS[job.stage](buyer, job)
        if (job.stage, job.modulus) == (before.stage, before.modulus):
            return job
        _log.info("job_advanced", job=job.id, stage=job.stage)
    return job


def _draft(buyer: Buyer, job: Job) -> Job:
    if job.cancel_requested:
        return call_off(buyer, job)
    return make_key(buyer, job) if job.modulus is None else send_deposit(buyer, job)


def _escrowed(buyer: Buyer, job: Job) -> Job:
    job = watch_chain(buyer, job)
    if job.stage is not Stage.ESCROWED or job.cancel_requested:
        return job
    return announce(buyer, job)


def _unchanged(_buyer: Buyer, job: Job) -> Job:
    return job


_STEPS: dict[Stage, Callable[[Buyer, Job], Job]] = {
    Stage.DRAFT: _draft,
    Stage.ESCROWING: confirm_deposit,
    Stage.ESCROWED: _escrowed,
    Stage.OFFERED: watch_chain,
    Stage.UNMASKING: receive_outcome,
    Stage.FINISHED: compare_delivery,
    Stage.CANCELLED: _unchanged,
    Stage.EXPIRED: _unchanged,
    Stage.FAILED: _unchanged,
}


def _set_trouble(buyer: Buyer, job: Job, trouble: str) -> None:
    if trouble == job.trouble:
        return
    with changing(buyer, job.id) as (_, stored):
        stored.trouble = trouble
    if trouble:
        _log.warning("job_waits", job=job.id, stage=stored.stage, reason=trouble)
