"""Offers: every job that the aggregator lists, seen against this owner's datasets, decisions and pay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.errors import Conflict
from commons.storage.database import Database
from data_owner.domain.dataset_profile import DatasetProfile
from data_owner.domain.matching import can_serve
from data_owner.services.dataset_match import DatasetMatch, match
from data_owner.services.datasets import get_dataset, own_datasets, profile_of
from data_owner.services.earnings import JobEarning
from data_owner.services.job_view import JobView, requirements_of
from data_owner.services.known_jobs import KnownJobs
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
from data_owner.services.ports import Clock
from data_owner.tables import Acceptance, AcceptanceState, Dataset, Declined

_OF_ROW = {"job_id", "title", "kind", "pay_rule", "status", "reason", "role", "round", "rounds"}


@dataclass(frozen=True)
class Offers:
    """Reads of offers.

    Attributes:
        database: of the service.
        jobs: the aggregator's.
        address: this owner's account.
        clock: Unix seconds.
    """

    database: Database
    jobs: KnownJobs
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
        stale_reason = self.jobs.refresh()
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
        wanted = query.casefold()
        found = [(job, self._status(job, own)) for job in self.jobs.all() if wanted in job.spec.title.casefold()]
        chosen = [(job, now) for job, now in found if status in (None, now[0])]
        return OfferList(
            offers=tuple(OfferRow.of(job, *now, self.address) for job, now in chosen[offset:][:limit]),
            total=len(chosen),
            counts=dict(Counter(now[0] for _, now in found)),
            stale_reason=stale_reason,
        )

    def get(self, job_id: int) -> Offer:
        """One offer; raises NotFound."""
        view, stale_reason = self.jobs.view(job_id)
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
        return self._offer(view, own, stale_reason)

    def match(self, job_id: int, dataset_id: str, column_mapping: Mapping[str, str]) -> DatasetMatch:
        """A dataset against a job with other names for columns; nothing is stored.

        Raises:
            NotFound: no such job or dataset.
            Conflict: the job is of a kind that is not known here.
            InvalidInput: the mapping names a column that the job does not ask for.
        """
        view, _ = self.jobs.view(job_id)
        requirements = requirements_of(view.require_known())
        with self.database.snapshot() as session:
            dataset = get_dataset(session, dataset_id)
        return match(dataset, profile_of(dataset), requirements, column_mapping)

    def progress(self, job_id: int, earning: Callable[[JobView], JobEarning | None]) -> JobProgress:
        """How a job comes along; raises NotFound.

        Args:
            job_id: the job.
            earning: what this owner earns with it so far.
        """
        job, stale_reason = self.jobs.view(job_id)
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
        row = self._row(job, own)
        return JobProgress(
            **row.model_dump(include=_OF_ROW),
            state=job.state,
            step=job.step,
            mse_history=mse_history(job),
            waiting_for=Waiting.of(job.waiting_for, self.address),
            start_by=job.spec.start_by,
            finish_by=job.spec.finish_by,
            earning=earning(job),
            stale_reason=stale_reason,
        )

    def decline(self, job_id: int) -> Offer:
        """Decline a job that was not accepted; raises NotFound, or Conflict when it was."""
        offer = self.get(job_id)
        with self.database.session() as session:
            refuse_committed(session.get(Acceptance, job_id))
            if session.get(Declined, job_id) is None:
                session.add(Declined(job_id=job_id, declined_at=self.clock()))
        return self.get(offer.job_id)

    def _status(self, job: JobView, own: _OwnFacts) -> tuple[OfferStatus, str]:
        acceptance = own.acceptances.get(job.job_id)
        side = OwnSide(
            address=self.address,
            accepted=acceptance.state if acceptance else None,
            declined=job.job_id in own.declined,
            # Asked of every job in the list, and of use while it recruits only.
            has_match=job.is_recruiting and own.has_match(job),
        )
        return offer_status(job, side, self.clock())

    def _row(self, job: JobView, own: _OwnFacts) -> OfferRow:
        return OfferRow.of(job, *self._status(job, own), self.address)

    def _offer(self, job: JobView, own: _OwnFacts, stale_reason: str | None) -> Offer:
        acceptance, computation, asked = own.acceptances.get(job.job_id), job.computation, job.requirements
        return Offer(
            **dict(self._row(job, own)),
            spec=job.spec,
            learns=() if computation is None else tuple(computation.learns(job.spec.computation)),
            consents=() if asked is None else asked.consents,
            may_choose_role=computation is not None and computation.roles.may_choose,
            waiting_for=Waiting.of(job.waiting_for, self.address),
            mse_history=mse_history(job),
            datasets=() if asked is None else tuple(match(*one, asked) for one in own.datasets),
            acceptance=None if acceptance is None else OwnAcceptance.of(acceptance),
            stale_reason=stale_reason,
        )


@dataclass(frozen=True)
class _OwnFacts:
    """What this owner has and has decided."""

    stored: tuple[Dataset, ...]
    acceptances: dict[int, Acceptance]
    declined: frozenset[int]

    @cached_property
    def datasets(self) -> tuple[tuple[Dataset, DatasetProfile], ...]:
        """With their profiles, which are large and of use only where something is matched."""
        return tuple((dataset, profile_of(dataset)) for dataset in self.stored)

    @classmethod
    def read(cls, session: Session) -> _OwnFacts:
        return cls(
            stored=tuple(own_datasets(session)),
            acceptances={row.job_id: row for row in session.scalars(select(Acceptance))},
            declined=frozenset(session.scalars(select(Declined.job_id))),
        )

    def has_match(self, job: JobView) -> bool:
        asked = job.requirements
        return asked is not None and any(can_serve(profile, asked) for _, profile in self.datasets)


def refuse_committed(acceptance: Acceptance | None) -> None:
    """Raise Conflict if there is an acceptance that stands, or that is being taken back."""
    if acceptance is not None and acceptance.state not in (AcceptanceState.REFUSED, AcceptanceState.WITHDRAWN):
        raise Conflict(
            f"job {acceptance.job_id} was accepted with dataset {acceptance.dataset_id}; withdraw the acceptance first",
            job_id=acceptance.job_id,
            dataset_id=acceptance.dataset_id,
        )
