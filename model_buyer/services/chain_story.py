"""What confirmed events of the contract say of a job, as milestones."""

from __future__ import annotations

from sqlalchemy.orm import Session

from commons.chain.event_table import ContractEventColumns
from model_buyer.domain.milestones import Milestone, MilestoneCode
from model_buyer.tables import EVENTS

_CODES = {
    "JobCreated": MilestoneCode.ESCROWED,
    "JobStarted": MilestoneCode.STARTED,
    "CheckpointRecorded": MilestoneCode.CHECKPOINT,
    "JobFinalized": MilestoneCode.SETTLED,
    "JobExpired": MilestoneCode.EXPIRED,
    "JobCancelled": MilestoneCode.CANCELLED,
}


def happened(session: Session, chain_job_id: int) -> tuple[Milestone, ...]:
    """What happened on chain, in its order."""
    return tuple(_milestone(event) for event in EVENTS.history(session, chain_job_id) if event.name in _CODES)


def _milestone(event: ContractEventColumns) -> Milestone:
    def number(name: str) -> int | None:
        return int(event.arguments[name]) if name in event.arguments else None

    # The checkpoint that the buyer signs once more, for the delivery.
    delivered = bool(event.arguments.get("last"))
    return Milestone(
        code=MilestoneCode.DELIVERED if delivered else _CODES[event.name],
        at=event.block_time,
        tx_hash=event.tx_hash,
        round=number("round"),
        checkpoint=number("index"),
    )
