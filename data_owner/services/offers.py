"""Offers: every job that the aggregator lists, seen against this owner's datasets, decisions and pay.

The latest view of each job is kept, so that offers can be shown, with their age, while the aggregator is away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.errors import Conflict, ProtocolViolation, ServiceUnavailable
from commons.storage.database import Database
from data_owner.adapters.tables import Acceptance, AcceptanceState, Dataset, Declined, KnownJob
from data_owner.domain.dataset_profile import DatasetProfile
from data_owner.services.dataset_match import DatasetMatch, fits, match
from data_owner.services.datasets import get_dataset, own_datasets, profile_of
from data_owner.services.earnings import JobEarning
from data_owner.services.job_view import JobView, parse_job_view, requirements_of
from data_owner.services.offer_status import OfferStatus, OwnSide, offer_status
from data_owner.services.offer_views import (
    JobProgress,
    Offer,
    OfferList,
    OfferRow,
    OwnAcceptance,
    Waiting,
    mse_history,
)
from data_owner.services.ports import Clock, JobBoard

_SHOWN_TERMS = (
    "description",
    "features",
    "target",
    "scaling",
    "local_steps",
    "learning_rate",
    "evaluate_every",
    "pay",
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Offers:
    """Reads of offers.

    Attributes:
        database: of the service.
        board: the aggregator's public side.
        address: this owner's account.
        clock: Unix seconds.
    """

    database: Database
    board: JobBoard
    address: str
    clock: Clock

    def list(
        self,
        status: OfferStatus | None = None,
        *,
        query: str = "",
        limit: int | None = None,
        offset: int = 0,
    ) -> OfferList:
        """The offers of one status, or all, whose title has `query` in it, from `offset` on and no more than `limit`."""
        stale_reason = self.refresh()
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
            known = [job.view for job in session.scalars(select(KnownJob).order_by(KnownJob.job_id.desc()))]
        wanted = query.casefold()
        rows = [self._row(parse_job_view(view), own) for view in known if wanted in view["spec"]["title"].casefold()]
        chosen = [row for row in rows if status is None or row.status is status]
        return OfferList(
            offers=tuple(chosen[offset:][:limit]),
            total=len(chosen),
            counts=dict(Counter(row.status for row in rows)),
            stale_reason=stale_reason,
        )

    def get(self, job_id: int) -> Offer:
        """One offer; raises NotFound."""
        view, stale_reason = self.view(job_id)
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
        return self._offer(view, own, stale_reason)

    def match(self, job_id: int, dataset_id: str, column_mapping: Mapping[str, str]) -> DatasetMatch:
        """A dataset against a job with other names for columns; nothing is stored.

        Raises:
            NotFound: no such job or dataset.
            InvalidInput: the mapping names a column that the job does not ask for.
        """
        view, _ = self.view(job_id)
        with self.database.snapshot() as session:
            dataset = get_dataset(session, dataset_id)
        return match(dataset, profile_of(dataset), view, column_mapping)

    def progress(self, job_id: int, earning: Callable[[JobView], JobEarning | None]) -> JobProgress:
        """How a job comes along; raises NotFound.

        Args:
            job_id: the job.
            earning: what this owner earns with it so far.
        """
        job, stale_reason = self.view(job_id)
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
        row = self._row(job, own)
        return JobProgress(
            **row.model_dump(include={"job_id", "title", "status", "reason", "role", "round", "rounds"}),
            state=job.state,
            step=job.step,
            mse_history=mse_history(job),
            waiting_for=Waiting.of(job.waiting_for, self.address),
            start_by=job.spec.start_by,
            finish_by=job.spec.finish_by,
            earning=earning(job),
            stale_reason=stale_reason,
        )

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
        self._remember([document])
        return view, None

    def refresh(self) -> str | None:
        """Look at the aggregator's list of jobs; returns why that failed, if it did."""
        try:
            documents = self.board.jobs()
        except ServiceUnavailable as error:
            return error.message
        self._remember(documents)
        return None

    def decline(self, job_id: int) -> Offer:
        """Decline a job that was not accepted; raises NotFound, or Conflict when it was."""
        offer = self.get(job_id)
        with self.database.session() as session:
            refuse_committed(session.get(Acceptance, job_id))
            if session.get(Declined, job_id) is None:
                session.add(Declined(job_id=job_id, declined_at=self.clock()))
        return self.get(offer.job_id)

    def _remember(self, documents: Sequence[dict[str, Any]]) -> None:
        usable = {}
        for document in documents:
            try:
                usable[parse_job_view(document).job_id] = document
            except ProtocolViolation as error:
                log.warning("job_view_unusable", reason=error.message)
        with self.database.snapshot() as session:
            known = {job.job_id: job.view for job in session.scalars(select(KnownJob))}
        # A summary lacks the key and the checkpoints that a full view brought.
        merged = {job_id: {**known.get(job_id, {}), **document} for job_id, document in usable.items()}
        changed = {job_id: view for job_id, view in merged.items() if view != known.get(job_id)}
        if not changed:
            return
        with self.database.session() as session:
            for job_id, view in changed.items():
                session.merge(KnownJob(job_id=job_id, view=view))

    def _row(self, job: JobView, own: _OwnFacts) -> OfferRow:
        acceptance = own.acceptances.get(job.job_id)
        side = OwnSide(
            address=self.address,
            accepted=acceptance.state if acceptance else None,
            declined=job.job_id in own.declined,
            # Asked of every job in the list, and of use while it recruits only.
            has_match=job.is_recruiting and own.has_match(job),
        )
        return OfferRow.of(job, *offer_status(job, side, self.clock()), self.address)

    def _offer(self, job: JobView, own: _OwnFacts, stale_reason: str | None) -> Offer:
        spec, acceptance = job.spec, own.acceptances.get(job.job_id)
        terms = {name: getattr(spec, name) for name in _SHOWN_TERMS}
        return Offer(
            **dict(self._row(job, own)),
            **terms,
            waiting_for=Waiting.of(job.waiting_for, self.address),
            mse_history=mse_history(job),
            datasets=tuple(match(dataset, profile, job) for dataset, profile in own.datasets),
            acceptance=None if acceptance is None else OwnAcceptance.of(acceptance),
            stale_reason=stale_reason,
        )


@dataclass(frozen=True)
class _OwnFacts:
    """What this owner has and has decided."""

    datasets: tuple[tuple[Dataset, DatasetProfile], ...]
    acceptances: dict[int, Acceptance]
    declined: frozenset[int]

    @classmethod
    def read(cls, session: Session) -> _OwnFacts:
        return cls(
            datasets=tuple((dataset, profile_of(dataset)) for dataset in own_datasets(session)),
            acceptances={row.job_id: row for row in session.scalars(select(Acceptance))},
            declined=frozenset(session.scalars(select(Declined.job_id))),
        )

    def has_match(self, job: JobView) -> bool:
        requirements = requirements_of(job.spec)
        return any(fits(profile, requirements) for _, profile in self.datasets)


def refuse_committed(acceptance: Acceptance | None) -> None:
    """Raise Conflict if there is an acceptance that stands, or that is being taken back."""
    if acceptance is not None and acceptance.state not in (AcceptanceState.REFUSED, AcceptanceState.WITHDRAWN):
        raise Conflict(
            f"job {acceptance.job_id} was accepted with dataset {acceptance.dataset_id}; withdraw the acceptance first",
            job_id=acceptance.job_id,
            dataset_id=acceptance.dataset_id,
        )
