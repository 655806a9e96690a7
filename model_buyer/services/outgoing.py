"""This buyer's transactions: under which keys they are sent, and how far they got."""

from __future__ import annotations

from enum import StrEnum

from commons.chain.outbox_table import OutboxColumns, OutboxState

CREATION_PREFIX = "create-job-"
"""With the job's id: the outbox key of its createJob."""


class SendState(StrEnum):
    """How far a transaction got."""

    PENDING = "pending"
    MINED = "mined"
    FAILED = "failed"


def creation_key(job_id: str) -> str:
    """The outbox key of a job's createJob."""
    return CREATION_PREFIX + job_id


def cancellation_key(job_id: str) -> str:
    """The outbox key of a job's cancelJob."""
    return f"cancel-job-{job_id}"


def expiry_key(job_id: str) -> str:
    """The outbox key of a job's expireJob."""
    return f"expire-job-{job_id}"


def send_state(sent: OutboxColumns) -> SendState:
    """How far a transaction got."""
    return {OutboxState.MINED: SendState.MINED, OutboxState.FAILED: SendState.FAILED}.get(sent.state, SendState.PENDING)
