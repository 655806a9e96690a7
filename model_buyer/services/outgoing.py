"""This buyer's transactions: sent once for each key, and once more after a failure."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from commons.chain.jobs import ContractCall
from commons.chain.outbox_table import OutboxColumns, OutboxState
from model_buyer.tables import OUTBOX

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


def send(session: Session, key: str, call: ContractCall) -> OutboxColumns:
    """Put a transaction into the outbox, once for each key; after a failure once more. Return its row."""
    tries = OUTBOX.tries(session, key)
    if tries and tries[0].state is not OutboxState.FAILED:
        return OUTBOX.enqueue(session, key=tries[0].key, call=call)
    return OUTBOX.enqueue_again(session, key=key, call=call)


def latest(session: Session, key: str) -> OutboxColumns | None:
    """The latest transaction under a key."""
    return next(iter(OUTBOX.tries(session, key)), None)


def send_state(sent: OutboxColumns) -> SendState:
    """How far a transaction got."""
    return {OutboxState.MINED: SendState.MINED, OutboxState.FAILED: SendState.FAILED}.get(sent.state, SendState.PENDING)


def reason(sent: OutboxColumns) -> str | None:
    """Why a transaction failed, or what it waits for."""
    return sent.note or sent.reason
