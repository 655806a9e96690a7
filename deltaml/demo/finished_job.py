"""A job of the demo that has ended well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commons.computations.registry import JobSpec


@dataclass(frozen=True)
class FinishedJob:
    """A finished job.

    Attributes:
        job: the buyer's view.
        result: what it was for, as JSON, in the kind's own form.
    """

    job: dict[str, Any]
    result: dict[str, Any]

    @property
    def spec(self) -> JobSpec:
        """The job's specification."""
        return JobSpec.model_validate(self.job["spec"])

    @property
    def entered(self) -> dict[str, float]:
        """When the aggregator saw the job enter each state, Unix seconds."""
        return dict(self.job["live"]["entered"])
