"""What a job is to this owner, as it is shown; times are Unix seconds."""

from __future__ import annotations

from pydantic import JsonValue

from commons.computations.job_facts import Learnt, Pay
from commons.computations.registry import JobSpec
from commons.messages import FrozenModel, Wei
from data_owner.services.dataset_match import DatasetMatch
from data_owner.services.earnings import JobEarning
from data_owner.services.job_view import ForeignSpec, JobView, WaitingFor
from data_owner.services.offer_status import OfferStatus
from data_owner.tables import Acceptance, AcceptanceState


class OwnAcceptance(FrozenModel):
    """This owner's acceptance; `state` says how far it has come, `note` what is in the way.

    `facts` are what was declared of the rows, in the words of the job's kind.
    """

    dataset_id: str
    column_mapping: dict[str, str]
    roles: int
    row_count: int
    facts: dict[str, JsonValue]
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
    """A job in a list of offers; `pay_rule` is None for a kind that is not known here."""

    job_id: int
    title: str
    kind: str
    pay_rule: Pay | None
    status: OfferStatus
    status_label: str
    reason: str
    buyer: str
    buyer_name: str | None
    role: str | None
    deposit_wei: Wei
    round: int
    rounds: int
    column_count: int
    min_rows: int
    owners_accepted: int
    min_owners: int
    start_by: int
    finish_by: int

    @classmethod
    def of(cls, job: JobView, status: OfferStatus, reason: str, address: str) -> OfferRow:
        """The row of a job that has this status for the owner at `address`."""
        spec, asked = job.spec, job.requirements
        return cls(
            job_id=job.job_id,
            title=spec.title,
            kind=job.kind,
            pay_rule=job.pay_rule,
            status=status,
            status_label=status.label,
            reason=reason,
            buyer=job.buyer,
            buyer_name=job.buyer_name,
            role=None if job.is_recruiting else job.role_of(address),
            deposit_wei=spec.deposit_wei,
            round=job.round,
            rounds=1 if job.computation is None else job.computation.rounds(spec.computation),
            column_count=0 if asked is None else len(asked.columns),
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
    """A job with its terms, and this owner's datasets and acceptance beside them.

    `learns` says what each party learns, `consents` are codes of what must be agreed to beside the terms, and
    `may_choose_role` says whether one role alone can be.
    """

    spec: JobSpec | ForeignSpec
    learns: tuple[Learnt, ...]
    consents: tuple[str, ...]
    may_choose_role: bool
    waiting_for: Waiting | None
    mse_history: tuple[MsePoint, ...]
    datasets: tuple[DatasetMatch, ...]
    acceptance: OwnAcceptance | None
    stale_reason: str | None


class JobProgress(FrozenModel):
    """How a job comes along: little enough to be asked for every second."""

    job_id: int
    title: str
    kind: str
    pay_rule: Pay | None
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
    """The metric so far; none where owners are not paid by it, and it is a formality."""
    if job.pay_rule is not Pay.IMPROVEMENT:
        return ()
    return tuple(MsePoint(round=point.round, mse=point.mse) for point in job.checkpoints)
