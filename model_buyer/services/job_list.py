"""The buyer's jobs as a list that stays quick with thousands of them: no keys, no ciphertexts, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from commons.market.course import Course
from commons.storage.courses import read_courses
from model_buyer.domain.job_status import JobStatus, job_status
from model_buyer.domain.stages import Stage
from model_buyer.services.buyer import Buyer
from model_buyer.tables import Job, Score


@dataclass(frozen=True)
class ListedJob:
    """One job in a list; `deposit_wei` in wei, `created_at` in Unix seconds."""

    id: str
    job_id: int | None
    title: str
    kind: str
    stage: Stage
    status: JobStatus
    note: str
    trouble: str
    created_at: float
    deposit_wei: int
    rounds: int
    cancel_requested: bool


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first; `total` counts those on all pages, `counts` those of each status."""

    jobs: tuple[tuple[ListedJob, Course], ...]
    total: int
    counts: dict[JobStatus, int]


def list_jobs(
    buyer: Buyer, *, status: JobStatus | None = None, query: str = "", limit: int | None = None, offset: int = 0
) -> JobPage:
    """The jobs of one status, or all, whose title has `query` in it, from `offset` on and no more than `limit`."""
    wanted = query.casefold()
    with buyer.database.snapshot() as session:
        everything = session.execute(_listed().order_by(Job.created_at.desc(), Job.id)).all()
        found = [job for row in everything if wanted in (job := _read(row)).title.casefold()]
        chosen = [job for job in found if status is None or job.status is status]
        page = chosen[offset:][:limit]
        courses = _courses(session, [job.id for job in page])
    return JobPage(
        jobs=tuple((job, courses.get(job.id, Course())) for job in page),
        total=len(chosen),
        counts=dict(Counter(job.status for job in found)),
    )


def listed_job(buyer: Buyer, job_id: str) -> tuple[ListedJob, Course]:
    """One job, which must be there, as it stands in the list."""
    with buyer.database.snapshot() as session:
        return listed_in(session, job_id)


def listed_in(session: Session, job_id: str) -> tuple[ListedJob, Course]:
    """The same inside a unit of work."""
    row = session.execute(_listed().where(Job.id == job_id)).one()
    return _read(row), _courses(session, [job_id]).get(job_id, Course())


def _listed() -> Select[*tuple[Any, ...]]:
    return select(
        Job.id,
        Job.chain_job_id,
        Job.title,
        Job.kind,
        Job.stage,
        Job.note,
        Job.trouble,
        Job.created_at,
        Job.deposit_wei,
        Job.rounds,
        Job.cancel_requested,
        Job.participants.is_not(None).label("started"),
        Job.delivery.is_not(None).label("delivered"),
    )


def _read(row: Any) -> ListedJob:
    return ListedJob(
        id=row.id,
        job_id=row.chain_job_id,
        title=row.title,
        kind=row.kind,
        stage=row.stage,
        status=job_status(row.stage, started=row.started, delivered=row.delivered),
        note=row.note,
        trouble=row.trouble,
        created_at=row.created_at,
        deposit_wei=row.deposit_wei,
        rounds=row.rounds,
        cancel_requested=row.cancel_requested,
    )


def _courses(session: Session, job_ids: Sequence[str]) -> Mapping[str, Course]:
    return read_courses(session, job_ids, job_id=Score.job_id, index=Score.index, number=Score.round, loss=Score.loss)
