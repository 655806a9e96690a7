"""The board's answers; amounts in wei are decimal text in JSON, times Unix seconds, MSEs in squared units of the target."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from commons.computations.job_facts import Learnt, Pay
from commons.computations.registry import JobSpec, computation_of
from commons.market.course import Course, improvement_percent
from commons.market.state import ENDED, JobState
from commons.messages import FrozenModel, Wei
from federated_aggregator.services.job_run import parse_spec
from federated_aggregator.tables import CatalogueDataset, Job


class BoardGroup(StrEnum):
    """What may become of a job: owners can still accept it, it is being trained or paid, or it has ended."""

    OPEN = "open"
    RUNNING = "running"
    ENDED = "ended"


GROUP_OF = {
    **dict.fromkeys((JobState.POSTED, JobState.RECRUITING), BoardGroup.OPEN),
    **dict.fromkeys((JobState.RUNNING, JobState.SETTLING), BoardGroup.RUNNING),
    **dict.fromkeys(ENDED, BoardGroup.ENDED),
}


class BoardJobRow(FrozenModel):
    """A job in a list; `buyer_name` is the buyer's own word."""

    job_id: int
    kind: str
    pay_rule: Pay
    title: str
    state: JobState
    reason: str | None
    step: str | None
    round: int
    rounds: int
    buyer: str
    buyer_name: str | None
    deposit_wei: Wei
    column_count: int
    target: str | None
    owners: int
    min_owners: int
    trainers: int
    validators: int
    mse: float | None
    initial_mse: float | None
    improvement_percent: float | None
    start_by: int
    finish_by: int
    posted_at: float | None
    ended_at: float | None

    @classmethod
    def of(
        cls,
        job: Job,
        buyer_name: str | None,
        *,
        owners: int,
        trainers: int,
        validators: int,
        course: Course,
    ) -> BoardJobRow:
        """The row of a job that came so far."""
        spec, state = parse_spec(job.spec), JobState(job.state)
        computation = computation_of(spec)
        columns = computation.requirements(spec.computation).columns
        return cls(
            job_id=job.job_id,
            kind=computation.kind,
            pay_rule=computation.pay,
            title=spec.title,
            state=state,
            reason=job.reason,
            step=job.step,
            round=job.round,
            rounds=computation.rounds(spec.computation),
            buyer=job.buyer,
            buyer_name=buyer_name,
            deposit_wei=spec.deposit_wei,
            column_count=len(columns),
            target=next((column.name for column in columns if column.role == "target"), None),
            owners=owners,
            min_owners=spec.min_owners,
            trainers=trainers,
            validators=validators,
            mse=course.loss,
            initial_mse=course.initial_loss,
            improvement_percent=improvement_percent(course.initial_loss, course.loss),
            start_by=spec.start_by,
            finish_by=spec.finish_by,
            posted_at=min(job.entered.values(), default=None),
            ended_at=job.entered.get(state) if state in ENDED else None,
        )


class BoardJobs(FrozenModel):
    """Jobs, newest first; `total` counts those on all pages, `counts` those of each group."""

    jobs: tuple[BoardJobRow, ...]
    total: int
    counts: dict[BoardGroup, int]


class BoardOwner(FrozenModel):
    """An owner that takes part in a job; `out` says why a validator does not any more."""

    address: str
    role: str | None
    row_count: int
    out: str | None


class BoardCheckpoint(FrozenModel):
    """The metric after a round, and the transaction that recorded it."""

    index: int
    round: int
    mse: float
    tx_hash: str | None


class BoardWaiting(FrozenModel):
    """Whom or what a job waits for, and until when."""

    code: str
    what: str
    who: tuple[str, ...]
    until: float | None


class BoardJob(BoardJobRow):
    """A job with its terms, who learns what, and its metric so far; `row_count` is the sum of its owners' rows."""

    spec: JobSpec
    learns: tuple[Learnt, ...]
    row_count: int
    owners_list: tuple[BoardOwner, ...]
    checkpoints: tuple[BoardCheckpoint, ...]
    waiting_for: BoardWaiting | None
    transactions: dict[str, str | None]
    entered: dict[str, float]

    @classmethod
    def of_view(cls, row: BoardJobRow, view: Mapping[str, Any]) -> BoardJob:
        """The job whose row and whole view these are (`federated_aggregator.services.job_view`)."""
        spec, waiting = JobSpec.model_validate(view["spec"]), view["waiting_for"]
        owners = tuple(BoardOwner(**_only(owner, BoardOwner)) for owner in view["owners"])
        # What a computation without a loss for people records is for the contract alone.
        checkpoints = [one for one in view["checkpoints"] if one["mse"] is not None]
        return cls(
            **row.model_dump(),
            spec=spec,
            learns=tuple(computation_of(spec).learns(spec.computation)),
            row_count=sum(owner.row_count for owner in owners),
            owners_list=owners,
            checkpoints=tuple(BoardCheckpoint(tx_hash=one["tx"], **_only(one, BoardCheckpoint)) for one in checkpoints),
            waiting_for=None if waiting is None else BoardWaiting(**_only(waiting, BoardWaiting)),
            transactions=view["transactions"],
            entered=view["entered"],
        )


class BoardDataset(FrozenModel):
    """What an owner says of a dataset: no value of any cell, so no ranges either."""

    dataset_id: str
    owner: str
    owner_name: str | None
    name: str
    description: str
    tags: tuple[str, ...]
    columns: tuple[dict[str, str], ...]
    row_count: int
    updated_at: float

    @classmethod
    def of(cls, entry: CatalogueDataset, owner_name: str | None) -> BoardDataset:
        """The view of a stored entry."""
        stored = {name: getattr(entry, name) for name in cls.model_fields if name != "owner_name"}
        return cls(owner_name=owner_name, **stored)


class TagCount(FrozenModel):
    """A tag and how many of the found datasets have it."""

    tag: str
    count: int


class BoardDatasets(FrozenModel):
    """Datasets, latest first; `tags` are those of all datasets with the text that was looked for."""

    datasets: tuple[BoardDataset, ...]
    total: int
    tags: tuple[TagCount, ...]


class Part(FrozenModel):
    """A part of the platform, and what is wrong with it or going on."""

    name: str
    ok: bool
    detail: str


class ChainView(FrozenModel):
    """The chain as this aggregator's node shows it; numbers are None while it does not answer."""

    ok: bool
    chain_id: int
    block_number: int | None
    block_time: int | None
    contract_address: str
    aggregator_address: str
    job_count: int | None
    escrowed_wei: Wei | None


class Overview(FrozenModel):
    """How the platform is, and how much there is of everything."""

    version: str
    chain: ChainView
    parts: tuple[Part, ...]
    jobs: dict[JobState, int]
    datasets: int
    participants: dict[str, int]
    explorer_url: str | None


def _only(document: Mapping[str, Any], model: type[FrozenModel]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name in model.model_fields}
