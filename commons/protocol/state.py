"""The life of a training job as pure code: states, steps, and what follows what.

::

    posted → recruiting → running → settling → finished
       └──────────┴──────────┴─────────┴→ cancelled | expired | failed

While running, a job is at a step of a round. Nothing here computes or waits: the aggregator stores a `Progress`, does what
its step asks for, and stores the next one in the same transaction as the results it consumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from commons.errors import Conflict
from commons.protocol.training_job import TrainingJobSpec


class JobState(StrEnum):
    """Where a training job stands."""

    POSTED = "posted"  # known to the aggregator, not yet seen on chain
    RECRUITING = "recruiting"  # offered to data owners
    RUNNING = "running"  # roles are on chain; rounds and checkpoints
    SETTLING = "settling"  # training is over; the chain pays
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # settled on the last checkpoint after finish_by
    FAILED = "failed"


ENDED = frozenset({JobState.FINISHED, JobState.CANCELLED, JobState.EXPIRED, JobState.FAILED})

_TRANSITIONS = {
    JobState.POSTED: {JobState.RECRUITING, JobState.CANCELLED, JobState.FAILED},
    JobState.RECRUITING: {JobState.RUNNING, JobState.CANCELLED, JobState.FAILED},
    # A failed job's money still leaves the contract: by expiry, or by a settlement that was on its way already.
    JobState.RUNNING: {JobState.SETTLING, JobState.EXPIRED, JobState.FAILED},
    JobState.SETTLING: {JobState.FINISHED, JobState.EXPIRED, JobState.FAILED},
    JobState.FAILED: {JobState.FINISHED, JobState.EXPIRED, JobState.CANCELLED},
    JobState.FINISHED: set(),
    JobState.CANCELLED: set(),
    JobState.EXPIRED: set(),
}


class Step(StrEnum):
    """What a running job does now, and in brackets whose answers it waits for."""

    TRAIN = "train"  # local gradient steps on the encrypted weights [trainers]
    REFRESH = "refresh"  # masked weights are decrypted, truncated, encrypted anew [model buyer]
    EVALUATE = "evaluate"  # masked residuals of each candidate [validators]
    SQUARE = "square"  # sums of squares of the masked residuals [model buyer]
    UNMASK = "unmask"  # masks taken off the encrypted sums, signed [validators]
    OPEN = "open"  # the sums over validators opened verifiably, checkpoint signed [model buyer]
    DELIVER = "deliver"  # masked final weights handed over against the signature that ends training [model buyer]


@dataclass(frozen=True)
class Progress:
    """Where a job is. `checkpoint` counts from 0, the evaluation of the start model before round 1."""

    state: JobState
    step: Step | None = None
    round: int = 0
    checkpoint: int = 0
    last: bool = False


def move(progress: Progress, state: JobState) -> Progress:
    """The progress after a change of state.

    Raises:
        Conflict: if a job in this state cannot get there.
    """
    if state not in _TRANSITIONS[progress.state]:
        raise Conflict(f"a job that is {progress.state} cannot become {state}", state=progress.state)
    step = Step.EVALUATE if state is JobState.RUNNING else None
    return replace(progress, state=state, step=step)


def advance(
    progress: Progress, spec: TrainingJobSpec, *, can_train: Callable[[int], bool], stop: bool = False
) -> Progress:
    """The progress after the present step's results are in.

    Args:
        progress: a running job.
        spec: its specification.
        can_train: whether the given round fits the headroom left in the present weights.
        stop: after OPEN, whether early stopping says that this checkpoint is the last.

    Raises:
        Conflict: if the job is not running.
    """
    if progress.state is not JobState.RUNNING or progress.step is None:
        raise Conflict(f"a job that is {progress.state} has no step to finish", state=progress.state)
    if progress.step is Step.DELIVER:
        return replace(progress, state=JobState.SETTLING, step=None)
    if progress.step is Step.OPEN:
        if stop or progress.round >= spec.rounds:
            return replace(progress, step=Step.DELIVER, last=True)
        # A checkpoint's weights come straight from a refresh, so the next round always fits.
        return replace(progress, step=Step.TRAIN, round=progress.round + 1, checkpoint=progress.checkpoint + 1)
    if progress.step is Step.TRAIN:
        if spec.is_checkpoint(progress.round):
            return replace(progress, step=Step.REFRESH)
        if can_train(progress.round + 1):
            return replace(progress, round=progress.round + 1)
        return replace(progress, step=Step.REFRESH)
    if progress.step is Step.REFRESH and not spec.is_checkpoint(progress.round):
        return replace(progress, step=Step.TRAIN, round=progress.round + 1)
    return replace(progress, step=_WITHIN_CHECKPOINT[progress.step])


_WITHIN_CHECKPOINT = {
    Step.REFRESH: Step.EVALUATE,
    Step.EVALUATE: Step.SQUARE,
    Step.SQUARE: Step.UNMASK,
    Step.UNMASK: Step.OPEN,
}


def should_stop_early(spec: TrainingJobSpec, mses: list[int]) -> bool:
    """Whether the MSEs of the checkpoints so far (initial one first) end the job by its `early_stop` rule."""
    rule = spec.early_stop
    if rule is None or len(mses) <= rule.patience:
        return False
    best_before = min(mses[: -rule.patience])
    return min(mses[-rule.patience :]) > best_before * (1 - rule.minimum_improvement)
