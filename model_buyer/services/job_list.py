"""The buyer's jobs as a list that stays quick with thousands of them: no keys, no ciphertexts, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from model_buyer.domain.job_status import JobStatus, improvement_percent, job_status
from model_buyer.domain.posted_job import PostedJob


@dataclass(frozen=True)
class ListedJob:
    """One job in a list; `deposit_wei` in wei, `created_at` in Unix seconds."""

    id: str
    job_id: int | None
    title: str
    stage: str
    status: JobStatus
    note: str
    trouble: str
    created_at: float
    deposit_wei: int
    rounds: int
    cancel_requested: bool


@dataclass(frozen=True)
class Course:
    """How far training came: the last evaluated round, and the MSE at the start and then (squared units of the target)."""

    round: int = 0
    initial_mse: float | None = None
    mse: float | None = None

    @property
    def improvement_percent(self) -> float | None:
        """By how much the MSE fell."""
        # The first evaluation is of the start model, which is no improvement yet.
        return improvement_percent(self.initial_mse, self.mse) if self.round else None


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first; `total` counts those on all pages, `counts` those of each status."""

    jobs: tuple[tuple[ListedJob, Course], ...]
    total: int
    counts: dict[JobStatus, int]


class JobIndex(Protocol):
    """The stored jobs, read without what lists do not show."""

    def listed(self) -> Sequence[ListedJob]:
        """All jobs, newest first."""
        ...

    def courses(self, job_ids: Sequence[str]) -> Mapping[str, Course]:
        """How far these jobs came; jobs without an evaluation are left out."""
        ...


def list_jobs(
    index: JobIndex, *, status: JobStatus | None = None, query: str = "", limit: int | None = None, offset: int = 0
) -> JobPage:
    """The jobs of one status, or all, whose title has `query` in it, from `offset` on and no more than `limit`."""
    wanted = query.casefold()
    found = [job for job in index.listed() if wanted in job.title.casefold()]
    chosen = [job for job in found if status is None or job.status is status]
    page = chosen[offset:][:limit]
    courses = index.courses([job.id for job in page])
    return JobPage(
        jobs=tuple((job, courses.get(job.id, Course())) for job in page),
        total=len(chosen),
        counts=dict(Counter(job.status for job in found)),
    )


def listed(job: PostedJob) -> ListedJob:
    """A job as it stands in the list."""
    return ListedJob(
        id=job.id,
        job_id=job.chain_job_id,
        title=job.spec.title,
        stage=job.stage.value,
        status=job_status(job.stage, started=job.participants is not None, delivered=job.delivery is not None),
        note=job.note,
        trouble=job.trouble,
        created_at=job.created_at,
        deposit_wei=job.spec.deposit_wei,
        rounds=job.spec.rounds,
        cancel_requested=job.cancel_requested,
    )
