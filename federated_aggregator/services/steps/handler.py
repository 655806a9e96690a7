"""What all steps have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import TaskKind
from federated_aggregator.services.checkpoint_statements import Surroundings
from federated_aggregator.services.job_run import DONE, JobRun

GLOBAL, DELIVERED = "global", "delivered"
"""Names of a job's vectors: the model as it is, and the masked one that the buyer gets."""


@dataclass(frozen=True)
class Finished:
    """How a step ended: `stop` says that this checkpoint is the last, `failure` why the job cannot go on."""

    stop: bool = False
    failure: str | None = None


class StepHandler(ABC):
    """One step; see the package's docstring."""

    kind: TaskKind

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    def context(self, run: JobRun) -> JobContext:
        """The public facts of the job."""
        return run.context(self.around.chain_id, self.around.contract)

    @abstractmethod
    def begin(self, run: JobRun) -> None:
        """Create the step's tasks."""

    @abstractmethod
    def check(self, run: JobRun, task: Any, result: Any, assignee: str) -> None:
        """Raise if the result cannot be used."""

    def is_enough(self, run: JobRun) -> bool:
        """Whether the step can be finished with the answers that are in, now that its time is over."""
        return bool(run.tasks(self.kind, DONE))

    @abstractmethod
    def finish(self, run: JobRun) -> Finished:
        """Combine the results."""
