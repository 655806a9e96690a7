"""What the buyer remembers of the checkpoints it opened, and what it refuses because of that.

An opening shows the sum of squared errors over all validators. Two openings of one checkpoint with different
statements would show a difference, and with it a single validator's errors; so each checkpoint is opened once. The
same request gets the same answer again, a different one is refused. Checkpoints follow each other as the
specification says, and the last one is signed only where training really ends: an aggregator that stops early would
be paid for work that it did not do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from commons.errors import ProtocolViolation
from commons.protocol.state import should_stop_early
from commons.protocol.tasks import DeliverTask, OpenTask, ValidatorStatement
from commons.protocol.training_job import TrainingJobSpec


@dataclass(frozen=True)
class OpenedRecord:
    """One opened checkpoint.

    Attributes:
        statements_digest: which statements were opened.
        mse: MSE in squared units of the target.
        mse_fixed: as signed for the chain; so are `leave_one_out_mses_fixed`, in the order of the trainers.
        row_count: rows of the validators that took part.
        answer: the result that was given, as JSON.
    """

    index: int
    round: int
    statements_digest: bytes
    mse: float
    mse_fixed: int
    leave_one_out_mses_fixed: tuple[int, ...]
    row_count: int
    opened_at: float
    answer: str


def statements_digest(statements: Sequence[ValidatorStatement]) -> bytes:
    """SHA-256 over the statements in their order."""
    return hashlib.sha256(b"".join(_canonical(statement) for statement in statements)).digest()


def _canonical(model: BaseModel) -> bytes:
    text = model.model_dump_json().encode()
    return len(text).to_bytes(8, "big") + text


def repeated(records: Sequence[OpenedRecord], task: OpenTask) -> OpenedRecord | None:
    """The record that answers `task` already, or None if its checkpoint was never opened.

    Raises:
        ProtocolViolation: if the checkpoint was opened with other statements or for another round.
    """
    record = next((record for record in records if record.index == task.checkpoint), None)
    if record is None:
        return None
    if record.round != task.round or record.statements_digest != statements_digest(task.statements):
        raise ProtocolViolation(
            f"checkpoint {task.checkpoint} was opened already with other statements; a checkpoint is opened once"
        )
    return record


def require_next(spec: TrainingJobSpec, records: Sequence[OpenedRecord], task: OpenTask) -> None:
    """Check that `task` is the checkpoint that follows the opened ones.

    Raises:
        ProtocolViolation: an index out of order, or a round that the specification has no checkpoint at.
    """
    expected = len(records)
    if task.checkpoint != expected:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} cannot be opened; the next one is {expected}")
    if task.checkpoint == 0:
        in_order = task.round == 0
    else:
        in_order = records[-1].round < task.round <= spec.rounds and spec.is_checkpoint(task.round)
    if not in_order:
        raise ProtocolViolation(f"round {task.round} has no checkpoint {task.checkpoint} in this job's specification")


def require_last(spec: TrainingJobSpec, records: Sequence[OpenedRecord], task: DeliverTask) -> OpenedRecord:
    """The record of the checkpoint that ends training, on which the delivery is signed.

    Raises:
        ProtocolViolation: if that checkpoint is not the latest one opened, with these statements, or training must go
            on after it.
    """
    if not records or records[-1].index != task.checkpoint or records[-1].round != task.round:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} of round {task.round} is not the latest one opened here")
    record = records[-1]
    if record.statements_digest != statements_digest(task.statements):
        raise ProtocolViolation(f"checkpoint {task.checkpoint} was opened with other statements")
    mses = [one.mse_fixed for one in records]
    if record.round < spec.rounds and not should_stop_early(spec, mses):
        raise ProtocolViolation(
            f"training must not end at round {record.round}: {spec.rounds} rounds are agreed, and early_stop does not "
            "apply"
        )
    return record
