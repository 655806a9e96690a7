"""The steps of a running training job as pure code: what follows what.

A job is at a step of a round. Nothing here computes or waits: the aggregator stores a `Progress`, does what
its step asks for, and stores the next one in the same transaction as the results it consumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import Conflict
from commons.market.state import JobState, require_move


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
    require_move(progress.state, state)
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
