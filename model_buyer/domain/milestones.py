"""What has happened to a job, as codes with times and transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from model_buyer.domain.stages import Stage


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


_AFTER_OFFER = (Stage.OFFERED, Stage.UNMASKING, Stage.FINISHED, Stage.EXPIRED)


def milestones(
    stage: Stage,
    happened: Sequence[Milestone],
    *,
    posted_at: float,
    offered_at: float | None = None,
    settled_at: float | None = None,
) -> tuple[Milestone, ...]:
    """Everything that has happened to a job, in order.

    Args:
        stage: where it stands.
        happened: what the chain says of it.
        posted_at: when this buyer took it on.
        offered_at: when the aggregator began to recruit, if it says so.
        settled_at: when this buyer saw that it was settled.
    """
    posted = Milestone(MilestoneCode.POSTED, posted_at)
    escrowed = [one for one in happened if one.code is MilestoneCode.ESCROWED]
    later = [one for one in happened if one.code is not MilestoneCode.ESCROWED]
    offered = [Milestone(MilestoneCode.OFFERED, offered_at)] if offered_at or stage in _AFTER_OFFER else []
    ended = {Stage.FINISHED: MilestoneCode.FINISHED, Stage.FAILED: MilestoneCode.FAILED}.get(stage)
    if stage is Stage.CANCELLED and not later:  # before anything was sent
        ended = MilestoneCode.CANCELLED
    last = [] if ended is None else [Milestone(ended, settled_at)]
    return (posted, *escrowed, *offered, *later, *last)
