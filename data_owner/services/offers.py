"""Offers: every job that the aggregator lists, seen against this owner's datasets, decisions and pay.

The latest view of each job is kept, so that offers can be shown, with their age, while the aggregator is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.errors import Conflict, ProtocolViolation, ServiceUnavailable
from commons.protocol.training_job import Feature, FrozenModel, PayTerms, Scaling, Wei
from commons.storage.database import Database
from data_owner.adapters.tables import Acceptance, AcceptanceState, Dataset, Declined, KnownJob
from data_owner.domain.requirements import Mismatch, match_dataset
from data_owner.services.datasets import own_datasets, profile_of
from data_owner.services.job_view import JobView, WaitingFor, parse_job_view, requirements_of
from data_owner.services.offer_status import OfferStatus, OwnSide, offer_status
from data_owner.services.ports import Clock, JobBoard

log = structlog.get_logger(__name__)


class ColumnReason(FrozenModel):
    """Why a dataset does not match, or what is remarkable about it although it does."""

    column: str | None
    code: str
    reason: str


class DatasetMatch(FrozenModel):
    """One of this owner's datasets against one job, column names as they are in the file."""

    dataset_id: str
    name: str
    matches: bool
    mismatches: tuple[ColumnReason, ...]
    remarks: tuple[ColumnReason, ...]


class OwnAcceptance(FrozenModel):
    """This owner's acceptance; `state` says how far it has come, `note` what is in the way."""

    dataset_id: str
    column_mapping: dict[str, str]
    roles: int
    row_count: int
    growth: float
    state: AcceptanceState
    note: str
    accepted_at: float


class MsePoint(FrozenModel):
    """The metric after a round, in the target's unit squared."""

    round: int
    mse: float | None


class Offer(FrozenModel):
    """A job as this owner sees it; times are Unix seconds."""

    job_id: int
    title: str
    description: str
    status: OfferStatus
    status_label: str
    reason: str
    buyer: str
    features: tuple[Feature, ...]
    target: Feature
    scaling: Scaling
    rounds: int
    local_steps: int
    learning_rate: float
    min_owners: int
    min_rows: int
    deposit_wei: Wei
    pay: PayTerms
    start_by: int
    finish_by: int
    round: int
    owners_accepted: int
    role: str | None
    waiting_for: WaitingFor | None
    mse_history: tuple[MsePoint, ...]
    datasets: tuple[DatasetMatch, ...]
    acceptance: OwnAcceptance | None
    stale_reason: str | None


class OfferList(FrozenModel):
    """Offers, newest job first, and why they may be out of date."""

    offers: tuple[Offer, ...]
    stale_reason: str | None


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

    def list(self, status: OfferStatus | None = None) -> OfferList:
        """All offers, or those of one status."""
        stale_reason = self.refresh()
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
            known = list(session.scalars(select(KnownJob).order_by(KnownJob.job_id.desc())))
        offers = [self._offer(parse_job_view(job.view), own, stale_reason) for job in known]
        chosen = tuple(offer for offer in offers if status is None or offer.status is status)
        return OfferList(offers=chosen, stale_reason=stale_reason)

    def get(self, job_id: int) -> Offer:
        """One offer; raises NotFound."""
        view, stale_reason = self.view(job_id)
        with self.database.snapshot() as session:
            own = _OwnFacts.read(session)
        return self._offer(view, own, stale_reason)

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

    def _offer(self, job: JobView, own: _OwnFacts, stale_reason: str | None) -> Offer:
        spec, acceptance = job.spec, own.acceptances.get(job.job_id)
        matches = tuple(match(dataset, job) for dataset in own.datasets)
        side = OwnSide(
            address=self.address,
            accepted=acceptance.state if acceptance else None,
            declined=job.job_id in own.declined,
            has_match=any(item.matches for item in matches),
        )
        status, reason = offer_status(job, side, self.clock())
        return Offer(
            job_id=job.job_id,
            title=spec.title,
            description=spec.description,
            status=status,
            status_label=status.label,
            reason=reason,
            buyer=job.buyer,
            features=spec.features,
            target=spec.target,
            scaling=spec.scaling,
            rounds=spec.rounds,
            local_steps=spec.local_steps,
            learning_rate=spec.learning_rate,
            min_owners=spec.min_owners,
            min_rows=spec.min_rows,
            deposit_wei=spec.deposit_wei,
            pay=spec.pay,
            start_by=spec.start_by,
            finish_by=spec.finish_by,
            round=job.round,
            owners_accepted=len(job.owners),
            role=None if job.is_recruiting else job.role_of(self.address),
            waiting_for=job.waiting_for,
            mse_history=tuple(MsePoint(round=point.round, mse=point.mse) for point in job.checkpoints),
            datasets=matches,
            acceptance=_own_acceptance(acceptance),
            stale_reason=stale_reason,
        )


@dataclass(frozen=True)
class _OwnFacts:
    """What this owner has and has decided."""

    datasets: tuple[Dataset, ...]
    acceptances: dict[int, Acceptance]
    declined: frozenset[int]

    @classmethod
    def read(cls, session: Session) -> _OwnFacts:
        return cls(
            datasets=tuple(own_datasets(session)),
            acceptances={row.job_id: row for row in session.scalars(select(Acceptance))},
            declined=frozenset(session.scalars(select(Declined.job_id))),
        )


def refuse_committed(acceptance: Acceptance | None) -> None:
    """Raise Conflict if there is an acceptance that stands, or that is being taken back."""
    if acceptance is not None and acceptance.state not in (AcceptanceState.REFUSED, AcceptanceState.WITHDRAWN):
        raise Conflict(
            f"job {acceptance.job_id} was accepted with dataset {acceptance.dataset_id}; withdraw the acceptance first",
            job_id=acceptance.job_id,
            dataset_id=acceptance.dataset_id,
        )


def match(dataset: Dataset, job: JobView, column_mapping: dict[str, str] | None = None) -> DatasetMatch:
    """A dataset against a job's requirements.

    A column that holds a single number is only remarked on: it teaches nothing by itself, but another owner's rows vary.
    """
    found = match_dataset(profile_of(dataset), requirements_of(job.spec), column_mapping=column_mapping)
    mismatches = tuple(_reason(item) for item in found if item.code != "constant")
    remarks = tuple(_reason(item) for item in found if item.code == "constant")
    return DatasetMatch(
        dataset_id=dataset.id, name=dataset.name, matches=not mismatches, mismatches=mismatches, remarks=remarks
    )


def _reason(mismatch: Mismatch) -> ColumnReason:
    return ColumnReason(column=mismatch.column, code=mismatch.code, reason=mismatch.reason)


def _own_acceptance(row: Acceptance | None) -> OwnAcceptance | None:
    if row is None:
        return None
    return OwnAcceptance(
        dataset_id=row.dataset_id,
        column_mapping=row.column_mapping,
        roles=row.roles,
        row_count=row.row_count,
        growth=row.growth,
        state=row.state,
        note=row.note,
        accepted_at=row.accepted_at,
    )
