"""What people read of a job's state: its stage, with the long one from offer to settlement divided by what has happened."""

from __future__ import annotations

from enum import StrEnum

from model_buyer.domain.stages import Stage


class JobStatus(StrEnum):
    """Where a job stands, as this buyer knows it without asking anybody."""

    DRAFT = "draft"
    ESCROWING = "escrowing"
    ESCROWED = "escrowed"
    RECRUITING = "recruiting"
    TRAINING = "training"
    SETTLING = "settling"
    UNMASKING = "unmasking"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


def job_status(stage: Stage, *, started: bool, delivered: bool) -> JobStatus:
    """The status of a job.

    Args:
        stage: what has been done for it.
        started: whether it has its participants.
        delivered: whether this buyer has signed for what was delivered.
    """
    if stage is not Stage.OFFERED:
        return JobStatus(stage.value)
    if delivered:
        return JobStatus.SETTLING
    return JobStatus.TRAINING if started else JobStatus.RECRUITING
