"""The aggregator's jobs as they are known here: the latest view of each is kept, and only what has changed is asked for.

A page that shows offers asks every second. Against a market of a thousand jobs that has to stay cheap on both sides: the
aggregator gives a version for each job, and summaries are fetched, checked and stored only where it is another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.agent.aggregator_client import MOST_JOBS_AT_ONCE
from commons.errors import ProtocolViolation, ServiceUnavailable
from commons.storage.database import Database
from data_owner.services.job_view import JobView, parse_job_view
from data_owner.services.ports import JobBoard
from data_owner.tables import KnownJob

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KnownJobs:
    """Reads the aggregator's jobs, from it or, while it is away, from what it said last.

    Attributes:
        database: of the service.
        board: the aggregator's public side.
    """

    database: Database
    board: JobBoard
    _checked: dict[int, tuple[str, JobView]] = field(default_factory=dict, init=False, repr=False)
    """Views by version, so that unchanged ones are neither read nor checked again."""

    def refresh(self) -> str | None:
        """Take over what has changed at the aggregator; returns why that failed, if it did."""
        try:
            versions = self.board.job_versions()
            with self.database.snapshot() as session:
                known = dict(session.execute(select(KnownJob.job_id, KnownJob.version)).all())
            changed = [job_id for job_id in sorted(versions, reverse=True) if known.get(job_id) != versions[job_id]]
            for job_ids in _parts(changed):
                self._remember(self.board.jobs(job_ids), versions)
        except ServiceUnavailable as error:
            return error.message
        return None

    def all(self) -> list[JobView]:
        """Every job that is known, newest first."""
        query = select(KnownJob.job_id, KnownJob.version).order_by(KnownJob.job_id.desc())
        with self.database.snapshot() as session:
            rows = session.execute(query).all()
            unchecked = [job_id for job_id, version in rows if not self._has_checked(job_id, version)]
            fresh = {view.job_id: view for view, _ in _usable(_stored(session, unchecked).values())}
        for job_id, version in rows:
            if version is not None and job_id in fresh:
                self._checked[job_id] = (version, fresh[job_id])
        unusable = set(unchecked) - set(fresh)
        known = [job_id for job_id, _ in rows if job_id not in unusable]
        return [fresh[job_id] if job_id in fresh else self._checked[job_id][1] for job_id in known]

    def view(self, job_id: int) -> tuple[JobView, str | None]:
        """The aggregator's full view of a job; the last one known, and why, while the aggregator is away.

        Raises:
            NotFound: the aggregator knows no such job.
            ServiceUnavailable: it is away, and the job has not been seen before.
        """
        try:
            document = self.board.job(job_id)
        except ServiceUnavailable as error:
            with self.database.snapshot() as session:
                known = session.get(KnownJob, job_id)
            if known is None:
                raise
            return parse_job_view(known.view), error.message
        view = parse_job_view(document)
        if view.job_id != job_id:
            raise ProtocolViolation(f"the aggregator answered with job {view.job_id} when asked for job {job_id}")
        self._remember([document], {})
        return view, None

    def _has_checked(self, job_id: int, version: str | None) -> bool:
        return version is not None and self._checked.get(job_id, (None,))[0] == version

    def _remember(self, documents: Sequence[dict[str, Any]], versions: Mapping[int, str]) -> None:
        usable = {view.job_id: document for view, document in _usable(documents)}
        with self.database.snapshot() as session:
            known = _stored(session, list(usable))
        # A summary lacks the key and the checkpoints that a full view brought.
        merged = {job_id: {**known.get(job_id, {}), **document} for job_id, document in usable.items()}
        news = {job_id: view for job_id, view in merged.items() if job_id in versions or view != known.get(job_id)}
        if not news:
            return
        with self.database.session() as session:
            for job_id, view in news.items():
                session.merge(KnownJob(job_id=job_id, view=view, version=versions.get(job_id)))


def _usable(documents: Iterable[dict[str, Any]]) -> Iterator[tuple[JobView, dict[str, Any]]]:
    """Views with the documents that they were read from, without those that make no sense."""
    for document in documents:
        try:
            yield parse_job_view(document), document
        except ProtocolViolation as error:
            log.warning("job_view_unusable", reason=error.message)


def _stored(session: Session, job_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    views: dict[int, dict[str, Any]] = {}
    for part in _parts(job_ids):
        rows = session.execute(select(KnownJob.job_id, KnownJob.view).where(KnownJob.job_id.in_(part)))
        views.update(rows.all())
    return views


def _parts(job_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(job_ids), MOST_JOBS_AT_ONCE):
        yield job_ids[start : start + MOST_JOBS_AT_ONCE]
