"""What a job is to this owner.

::

    WAITING ── a dataset matches ──► READY ── accept ──► INITIATED ── enough owners ──► IN PROGRESS ──► FINISHED
                                       └── decline ──► DECLINED          └── drawn without this owner ──► MISSED

From each, CANCELLED, EXPIRED and FAILED follow the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from commons.market.state import JobState
from data_owner.services.job_view import JobView
from data_owner.tables import COMMITTED, AcceptanceState


class OfferStatus(StrEnum):
    """What a job is to this owner."""

    WAITING = "WAITING"
    READY = "READY"
    INITIATED = "INITIATED"
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    MISSED = "MISSED"

    @property
    def label(self) -> str:
        """The status as people read it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class OwnSide:
    """What this owner knows of its own side of an offer."""

    address: str
    accepted: AcceptanceState | None
    declined: bool
    has_match: bool

    @property
    def is_committed(self) -> bool:
        """Whether an acceptance stands."""
        return self.accepted in COMMITTED


_ENDED_WITH_ROLE = {
    JobState.RUNNING: OfferStatus.IN_PROGRESS,
    JobState.SETTLING: OfferStatus.IN_PROGRESS,
    JobState.FINISHED: OfferStatus.FINISHED,
    JobState.CANCELLED: OfferStatus.CANCELLED,
    JobState.EXPIRED: OfferStatus.EXPIRED,
    JobState.FAILED: OfferStatus.FAILED,
}
_ENDED_BEFORE_START = {
    JobState.CANCELLED: OfferStatus.CANCELLED,
    JobState.EXPIRED: OfferStatus.EXPIRED,
    JobState.FAILED: OfferStatus.FAILED,
}


def offer_status(job: JobView, own: OwnSide, now: float) -> tuple[OfferStatus, str]:
    """The status of an offer, and the reason for it where one is worth saying.

    Args:
        job: the aggregator's view.
        own: this owner's side.
        now: Unix seconds.
    """
    # Roles appear while the start is still on its way to the chain, so they count once the job runs.
    if job.role_of(own.address) is not None and not job.is_recruiting:
        return _ENDED_WITH_ROLE[job.state], job.reason or ""
    if own.declined and not own.is_committed:
        return OfferStatus.DECLINED, ""
    if (reason := job.why_left_out(own.address)) is not None:
        return OfferStatus.MISSED, reason
    if job.is_recruiting:
        return _recruiting(job, own, now)
    started = any(owner.role is not None for owner in job.owners)
    if job.state in _ENDED_BEFORE_START and not started:
        return _ENDED_BEFORE_START[job.state], job.reason or ""
    return OfferStatus.MISSED, "the job started without this owner"


def _recruiting(job: JobView, own: OwnSide, now: float) -> tuple[OfferStatus, str]:
    if own.is_committed:
        return OfferStatus.INITIATED, f"{len(job.owners)} of at least {job.spec.min_owners} owners have accepted"
    if now > job.spec.start_by:
        return OfferStatus.MISSED, "the time to accept is over"
    if own.has_match:
        return OfferStatus.READY, ""
    if job.computation is None:
        return OfferStatus.WAITING, f"the computation {job.kind!r} is not known here; install the package that has it"
    return OfferStatus.WAITING, "no dataset of this owner matches"
