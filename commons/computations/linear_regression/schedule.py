"""The steps of a linear regression as pure code: what follows what.

::

    train ──► train ──► … ──► refresh ──► evaluate ──► square ──► unmask ──► open ──► train ──► … ──► deliver
   trainers                    buyer     validators    buyer    validators   buyer                     buyer

A job begins with `evaluate` at checkpoint 0. A refresh also comes between two rounds when the ciphertexts have no room left.
"""

from __future__ import annotations

from dataclasses import replace

from commons.computations.linear_regression.messages import TaskKind
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.market.tasks import Step

_WITHIN_CHECKPOINT = {
    TaskKind.REFRESH: TaskKind.EVALUATE,
    TaskKind.EVALUATE: TaskKind.SQUARE,
    TaskKind.SQUARE: TaskKind.UNMASK,
    TaskKind.UNMASK: TaskKind.OPEN,
}


def advance(step: Step, spec: LinearRegressionSpec, *, can_train: bool = True, stop: bool = False) -> Step | None:
    """The step after this one, when its answers are in; None after the delivery.

    Args:
        step: the present one.
        spec: the job's specification.
        can_train: after `train`, whether the next round fits the headroom left in the present weights.
        stop: after `open`, whether early stopping says that this checkpoint is the last.
    """
    match TaskKind(step.kind):
        case TaskKind.DELIVER:
            return None
        case TaskKind.OPEN if stop or step.round >= spec.rounds:
            return replace(step, kind=TaskKind.DELIVER)
        case TaskKind.OPEN:
            # A checkpoint's weights come straight from a refresh, so the next round always fits.
            return Step(TaskKind.TRAIN, step.round + 1, step.checkpoint + 1)
        case TaskKind.TRAIN if not spec.is_checkpoint(step.round) and can_train:
            return replace(step, round=step.round + 1)
        case TaskKind.TRAIN:
            return replace(step, kind=TaskKind.REFRESH)
        case TaskKind.REFRESH if not spec.is_checkpoint(step.round):
            return replace(step, kind=TaskKind.TRAIN, round=step.round + 1)
        case kind:
            return replace(step, kind=_WITHIN_CHECKPOINT[kind])


def should_stop_early(spec: LinearRegressionSpec, mses: list[int]) -> bool:
    """Whether the MSEs of the checkpoints so far (initial one first) end the job by its `early_stop` rule."""
    rule = spec.early_stop
    if rule is None or len(mses) <= rule.patience:
        return False
    best_before = min(mses[: -rule.patience])
    return min(mses[-rule.patience :]) > best_before * (1 - rule.minimum_improvement)
