"""The stages of a job, from the request to the outcome.

::

    draft → escrowing → escrowed → offered → unmasking → finished
      └────────┴───────────┴──────────┴─────────────────→ cancelled | expired | failed

Each step is repeatable: what it did is stored in the same transaction as the stage that follows, so a buyer that is
killed at any moment goes on from its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from commons.errors import Conflict
from commons.market.declaration import Declaration


class Stage(StrEnum):
    """What has been done for a job so far."""

    DRAFT = "draft"  # accepted from the person; its key is made next
    ESCROWING = "escrowing"  # createJob is on its way to the chain
    ESCROWED = "escrowed"  # on chain; the aggregator is told next
    OFFERED = "offered"  # the aggregator has it: recruiting, running, settling
    UNMASKING = "unmasking"  # everybody is paid; the result is unmasked next
    FINISHED = "finished"  # the result is here
    CANCELLED = "cancelled"  # called off before it started; the deposit is the buyer's again
    EXPIRED = "expired"  # settled after finish_by on what was recorded; there is no result
    FAILED = "failed"  # could not be posted; nothing is escrowed


ENDED = frozenset({Stage.FINISHED, Stage.CANCELLED, Stage.EXPIRED, Stage.FAILED})
NOT_YET_ESCROWED = frozenset({Stage.DRAFT, Stage.ESCROWING})
ANSWERS_TASKS = frozenset({Stage.ESCROWED, Stage.OFFERED})


class DeliveryCheck(StrEnum):
    """How what was delivered compares with the evidence that the aggregator shows after settlement."""

    PENDING = "pending"  # not compared yet
    NOT_APPLICABLE = "not_applicable"  # this kind of computation has nothing to compare
    UNAVAILABLE = "unavailable"  # the aggregator did not show evidence in time; the result is complete anyway
    MATCHES = "matches"
    DIFFERS = "differs"  # evidence against the aggregator: it was paid for something else than what was agreed on


@dataclass(frozen=True)
class Participants:
    """Who takes part, as the chain has it, and what each of them signed for when it accepted."""

    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    declarations: dict[str, Declaration] = field(default_factory=dict)

    @property
    def members(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All trainers and validators, each in the order of the contract."""
        return self.trainers, self.validators


@dataclass(frozen=True)
class Settlement:
    """How the deposit was split, in wei (the two add up to it), and when this buyer saw it (Unix seconds)."""

    paid_wei: int
    refunded_wei: int
    seen_at: float


_WHY_NO_RESULT = {
    Stage.DRAFT: "its key is being made",
    Stage.ESCROWING: "its deposit is on its way to the chain",
    Stage.ESCROWED: "the aggregator does not know it yet",
    Stage.OFFERED: "the result is masked until everybody is paid, and that has not happened yet",
    Stage.UNMASKING: "everybody is paid and the result is being unmasked; try again in a moment",
    Stage.CANCELLED: "it was cancelled before it started",
    Stage.EXPIRED: "it ended at its deadline without a delivery",
    Stage.FAILED: "it could not be posted",
}


def no_result(job_id: str, stage: Stage, *told: str) -> Conflict:
    """The error that says why a job has no result yet, or never will; `told` are its notes, some of them empty."""
    why, notes = _WHY_NO_RESULT.get(stage, "it is not there"), "; ".join(filter(None, told))
    return Conflict(f"job {job_id} has no result: {f'{why} ({notes})' if notes else why}", stage=stage)


def require_cancellable(job_id: str, stage: Stage, *, started: bool, finish_by: int) -> None:
    """Return if a job can be called off.

    Raises:
        Conflict: if it has ended, or has started (its participants are enrolled and will be paid).
    """
    if stage in ENDED or stage is Stage.UNMASKING:
        raise Conflict(f"job {job_id} is {stage} and cannot be cancelled", stage=stage)
    if started:
        raise Conflict(
            f"job {job_id} has started and cannot be cancelled; it ends when its result is delivered, or at finish_by at the "
            "latest",
            stage=stage,
            finish_by=finish_by,
        )
