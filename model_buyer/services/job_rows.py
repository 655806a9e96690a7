"""Finding jobs, moving them from stage to stage and telling their story, inside a unit of work."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from commons.computations.registry import JobSpec, computation_of
from commons.errors import NotFound
from model_buyer.domain.stages import ENDED, DeliveryCheck, Stage
from model_buyer.services.buyer import Buyer
from model_buyer.tables import Job, TimelineEntry


def new_job(spec: JobSpec, *, key_bits: int, at: float) -> Job:
    """A draft, which is not in the database yet."""
    return Job(
        id=uuid.uuid4().hex,
        created_at=at,
        title=spec.title,
        kind=spec.computation.kind,
        rounds=computation_of(spec).rounds(spec.computation),
        deposit_wei=spec.deposit_wei,
        spec=spec,
        key_bits=key_bits,
        stage=Stage.DRAFT,
        note="",
        trouble="",
        cancel_requested=False,
        delivery_check=DeliveryCheck.PENDING,
    )


def find_job(session: Session, job_id: str, *, lock: bool = False) -> Job:
    """A job by this buyer's own id.

    Args:
        session: the unit of work.
        job_id: the id.
        lock: whether it may be changed, so that other processes must wait with it.

    Raises:
        NotFound: there is no such job here.
    """
    # SQLite, which knows no row locks, holds its write lock since the unit of work began.
    job = session.get(Job, job_id, with_for_update=lock)
    if job is None:
        raise NotFound(f"there is no job {job_id!r} here; GET /v1/jobs lists the jobs of this buyer", job=job_id)
    return job


def find_under_key(session: Session, idempotency_key: str) -> Job | None:
    """The job that was asked for under a key."""
    return session.scalar(select(Job).where(Job.idempotency_key == idempotency_key))


def add_job(session: Session, job: Job) -> Job:
    """Store a new job and return it; or return the one that was stored before under its key."""
    try:
        # A savepoint: after a refused insertion PostgreSQL takes no other statement of the transaction.
        with session.begin_nested():
            session.add(job)
    except IntegrityError:
        former = None if job.idempotency_key is None else find_under_key(session, job.idempotency_key)
        if former is None:
            raise
        return former
    return job


@contextmanager
def changing(buyer: Buyer, job_id: str) -> Iterator[tuple[Session, Job]]:
    """A unit of work in which one job may be changed."""
    with buyer.database.session() as session:
        yield session, find_job(session, job_id, lock=True)


def unfinished() -> ColumnElement[bool]:
    """The condition that something remains to be done for a job."""
    waits_to_be_compared = and_(Job.stage == Stage.FINISHED, Job.delivery_check == DeliveryCheck.PENDING)
    return or_(Job.stage.in_([stage for stage in Stage if stage not in ENDED]), waits_to_be_compared)


def move(job: Job, stage: Stage, note: str = "") -> None:
    """Put a job into another stage; what the one before waited for is over."""
    job.stage, job.note, job.trouble = stage, note, ""


def tell(session: Session, job: Job, at: float, event: str, tx_hash: str | None = None) -> None:
    """Add to a job's timeline."""
    session.add(TimelineEntry(job_id=job.id, at=at, event=event, tx_hash=tx_hash))
