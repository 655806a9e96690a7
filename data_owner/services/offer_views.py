"""What a job is to this owner, as it is shown; times are Unix seconds."""

from __future__ import annotations

from commons.computations.linear_regression.spec import Feature, Scaling
from commons.market.job_terms import PayTerms
from commons.messages import FrozenModel, Wei
from data_owner.adapters.tables import Acceptance, AcceptanceState
from data_owner.services.dataset_match import DatasetMatch
from data_owner.services.earnings import JobEarning
from data_owner.services.job_view import JobView, WaitingFor
from data_owner.services.offer_status import OfferStatus


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

    @classmethod
    def of(cls, row: Acceptance) -> OwnAcceptance:
        """The view of a stored acceptance, without its secrets."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class MsePoint(FrozenModel):
    """The metric after a round, in the target's unit squared."""

    round: int
    mse: float | None


class Waiting(FrozenModel):
    """Whom or what a job waits for, and until when; `you` says whether it is this owner."""

    code: str | None
    what: str
    who: tuple[str, ...]
    until: float | None
    you: bool

    @classmethod
    def of(cls, waiting: WaitingFor | None, address: str) -> Waiting | None:
        """The view of the aggregator's word, for the owner at `address`."""
        if waiting is None:
            return None
        you = address.lower() in {who.lower() for who in waiting.who}
        return cls(code=waiting.code, what=waiting.what, who=waiting.who, until=waiting.until, you=you)


class OfferRow(FrozenModel):
    """A job in a list of offers."""

    job_id: int
    title: str
    status: OfferStatus
    status_label: str
    reason: str
    buyer: str
    buyer_name: str | None
    role: str | None
    deposit_wei: Wei
    round: int
    rounds: int
    feature_count: int
    min_rows: int
    owners_accepted: int
    min_owners: int
    start_by: int
    finish_by: int

    @classmethod
    def of(cls, job: JobView, status: OfferStatus, reason: str, address: str) -> OfferRow:
        """The row of a job that has this status for the owner at `address`."""
        spec = job.spec
        return cls(
            job_id=job.job_id,
            title=spec.title,
            status=status,
            status_label=status.label,
            reason=reason,
            buyer=job.buyer,
            buyer_name=job.buyer_name,
            role=None if job.is_recruiting else job.role_of(address),
            deposit_wei=spec.deposit_wei,
            round=job.round,
            rounds=spec.rounds,
            feature_count=len(spec.features),
            min_rows=spec.min_rows,
            owners_accepted=len(job.owners),
            min_owners=spec.min_owners,
            start_by=spec.start_by,
            finish_by=spec.finish_by,
        )


class OfferList(FrozenModel):
    """Offers, newest job first, and why they may be out of date.

    `total` counts the offers that fit the filters, on all pages; `counts` has a number for each status, whatever status was
    asked for.
    """

    offers: tuple[OfferRow, ...]
    total: int
    counts: dict[OfferStatus, int]
    stale_reason: str | None


class Offer(OfferRow):
    """A job with its terms, and this owner's datasets and acceptance beside them."""

    description: str
    features: tuple[Feature, ...]
    target: Feature
    scaling: Scaling
    local_steps: int
    learning_rate: float
    evaluate_every: int
    pay: PayTerms
    waiting_for: Waiting | None
    mse_history: tuple[MsePoint, ...]
    datasets: tuple[DatasetMatch, ...]
    acceptance: OwnAcceptance | None
    stale_reason: str | None


class JobProgress(FrozenModel):
    """How a job comes along: little enough to be asked for every second."""

    job_id: int
    title: str
    status: OfferStatus
    reason: str
    state: str
    step: str | None
    role: str | None
    round: int
    rounds: int
    mse_history: tuple[MsePoint, ...]
    waiting_for: Waiting | None
    start_by: int
    finish_by: int
    earning: JobEarning | None
    stale_reason: str | None


def mse_history(job: JobView) -> tuple[MsePoint, ...]:
    """The metric so far."""
    return tuple(MsePoint(round=point.round, mse=point.mse) for point in job.checkpoints)
