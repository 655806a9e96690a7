"""What a job was for: its outcome in the clear, once everybody is paid."""

from __future__ import annotations

from sqlalchemy import select

from commons.computations.base import Predictor
from commons.computations.registry import computation_of
from commons.errors import Conflict
from model_buyer.domain.stages import no_result
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import find_job
from model_buyer.tables import Job


def outcome_json(buyer: Buyer, job_id: str) -> str:
    """The outcome of a job, of any kind, as JSON.

    Raises:
        NotFound: there is no such job here.
        Conflict: with what is waited for, or why there will be none.
    """
    return _stored(buyer, job_id)[1]


def model_json(buyer: Buyer, job_id: str) -> str:
    """The same of a job whose outcome is a model; raises Conflict for others too."""
    job, text = _stored(buyer, job_id)
    _read(job, text)
    return text


def predictor(buyer: Buyer, job_id: str) -> Predictor:
    """The model of a job; raises as `model_json`."""
    return _read(*_stored(buyer, job_id))


def _stored(buyer: Buyer, job_id: str) -> tuple[Job, str]:
    with buyer.database.snapshot() as session:
        job = find_job(session, job_id)
        text = session.scalar(select(Job.outcome_json).where(Job.id == job_id))
    if text is None:
        raise no_result(job.id, job.stage, job.note, job.trouble)
    return job, text


def _read(job: Job, text: str) -> Predictor:
    outcome = computation_of(job.spec).read_outcome(text)
    if not isinstance(outcome, Predictor):
        raise Conflict(f"the result of job {job.id} is no model; GET /v1/jobs/{job.id}/result shows it", kind=job.kind)
    return outcome
