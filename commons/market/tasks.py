"""What all tasks have in common, whatever is computed: one thing asked of one participant at one place in a job."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak
from pydantic import Field

from commons.messages import FrozenModel


@dataclass(frozen=True)
class Step:
    """What a running job does now: it waits for the answers to tasks of this kind, at this place in the job.

    `round` counts from 1, and is 0 before the first; `checkpoint` is the number of the evaluation that the round works towards.
    """

    kind: str
    round: int = 0
    checkpoint: int = 0


class TaskBody(FrozenModel):
    """What every task says of itself; `kind` begins with the kind of its computation, as in "linear_regression/train"."""

    kind: str

    job_id: int = Field(ge=1)
    round: int = Field(ge=0)
    checkpoint: int = Field(ge=0)


class TaskResult(FrozenModel):
    """What every answer says of itself: its `kind` is that of its task."""

    kind: str


def task_digest(task: TaskBody) -> bytes:
    """keccak256 of a task's JSON: whether two tasks are the same one."""
    return keccak(task.model_dump_json().encode())
