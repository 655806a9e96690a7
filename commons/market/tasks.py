"""What all tasks have in common, whatever is computed: one thing asked of one participant at one place in a job."""

from __future__ import annotations

from eth_utils.crypto import keccak
from pydantic import Field

from commons.messages import FrozenModel


class TaskBody(FrozenModel):
    """What every task says of itself."""

    job_id: int = Field(ge=1)
    round: int = Field(ge=0)
    checkpoint: int = Field(ge=0)


def task_digest(task: TaskBody) -> bytes:
    """keccak256 of a task's JSON: whether two tasks are the same one."""
    return keccak(task.model_dump_json().encode())
