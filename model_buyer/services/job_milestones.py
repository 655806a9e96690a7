"""What has happened to a job, as codes with times and transactions, from confirmed events of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from model_buyer.domain.posted_job import PostedJob, Stage


class MilestoneCode(StrEnum):
    """What happened."""

    POSTED = "posted"
    ESCROWED = "escrowed"
    OFFERED = "offered"
    STARTED = "started"
    CHECKPOINT = "checkpoint"
    DELIVERED = "delivered"
    SETTLED = "settled"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class Milestone:
    """Something that happened, at which Unix time if that is known; `round` is that of a checkpoint."""

    code: MilestoneCode
    at: float | None
    tx_hash: str | None = None
    round: int | None = None
    checkpoint: int | None = None


@dataclass(frozen=True)
class Withdrawn:
    """What one transaction took out of the contract, in wei."""

    tx_hash: str
    amount_wei: int


class ChainRecord(Protocol):
    """Confirmed events of the contract that this buyer's database holds."""

    def happened(self, chain_job_id: int) -> Sequence[Milestone]:
        """What the chain says of a job, in the order of the chain."""
        ...

    def withdrawn(self, address: str) -> Sequence[Withdrawn]:
        """What an account took out."""
        ...


_AFTER_OFFER = (Stage.OFFERED, Stage.UNMASKING, Stage.FINISHED, Stage.EXPIRED)


def milestones(job: PostedJob, happened: Sequence[Milestone], offered_at: float | None) -> tuple[Milestone, ...]:
    """Everything that has happened to a job, in order.

    Args:
        job: the job.
        happened: what the chain says of it.
        offered_at: when the aggregator began to recruit, if it says so.
    """
    posted = Milestone(MilestoneCode.POSTED, job.created_at)
    escrowed = [one for one in happened if one.code is MilestoneCode.ESCROWED]
    later = [one for one in happened if one.code is not MilestoneCode.ESCROWED]
    offered = [Milestone(MilestoneCode.OFFERED, offered_at)] if offered_at or job.stage in _AFTER_OFFER else []
    ended = {Stage.FINISHED: MilestoneCode.FINISHED, Stage.FAILED: MilestoneCode.FAILED}.get(job.stage)
    if job.stage is Stage.CANCELLED and not later:  # before anything was sent
        ended = MilestoneCode.CANCELLED
    last = [] if ended is None else [Milestone(ended, job.settlement.seen_at if job.settlement else None)]
    return (posted, *escrowed, *offered, *later, *last)
