"""Which task of a job an owner answers next: each question once, in the order of the protocol.

Whoever could ask a trainer twice for one round, or a validator about models of its choice again and again, would learn
about its rows from the answers. The order is the same for all owners and depends on nothing private, so that a refusal
tells nothing either.
"""

from __future__ import annotations

from collections.abc import Mapping

from commons.computations.linear_regression.messages import EvaluateTask, TaskKind, TrainTask, UnmaskTask, VerifyTask
from commons.computations.parts import AskedBefore
from commons.errors import ProtocolViolation
from commons.market.tasks import task_digest

OwnerTask = TrainTask | EvaluateTask | UnmaskTask | VerifyTask


def require_next(task: OwnerTask, latest: Mapping[str, AskedBefore]) -> None:
    """Check that a task follows what was asked so far; one that is repeated is none of this function's business.

    Raises:
        ProtocolViolation: it is out of order, or about something that was asked in another way before.
    """
    match task:
        case TrainTask():
            _require_next_round(task, latest.get(TaskKind.TRAIN))
        case EvaluateTask():
            evaluated = latest.get(TaskKind.EVALUATE)
            expected = 0 if evaluated is None else evaluated.checkpoint + 1
            if task.checkpoint != expected:
                raise ProtocolViolation(
                    f"checkpoint {task.checkpoint} is not evaluated now: each one is once, and the next is {expected}"
                )
        case UnmaskTask():
            _require_evaluated(task, latest)
        case VerifyTask():
            _require_verifiable(task, latest)


def _require_next_round(task: TrainTask, trained: AskedBefore | None) -> None:
    last = 0 if trained is None else trained.round
    if task.round <= last:
        raise ProtocolViolation(
            f"round {task.round} is not trained in again: each one is once, and the next is {last + 1}"
        )
    missed = task.missed_since
    if task.round > last + 1 and (missed is None or missed > last + 1):
        raise ProtocolViolation(f"round {task.round} skips round {last + 1}, and nothing says that it came too late")


def _require_evaluated(task: UnmaskTask, latest: Mapping[str, AskedBefore]) -> None:
    evaluated, unmasked = latest.get(TaskKind.EVALUATE), latest.get(TaskKind.UNMASK)
    same = EvaluateTask(job_id=task.job_id, round=task.round, checkpoint=task.checkpoint, candidates=task.candidates)
    if evaluated is None or evaluated.digest != task_digest(same):
        raise ProtocolViolation(f"checkpoint {task.checkpoint}: these are not the models that were evaluated last")
    if unmasked is not None and unmasked.checkpoint >= task.checkpoint:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} was signed for already, with other squares")


def _require_verifiable(task: VerifyTask, latest: Mapping[str, AskedBefore]) -> None:
    unmasked, verified = latest.get(TaskKind.UNMASK), latest.get(TaskKind.VERIFY)
    if unmasked is None or task.checkpoint > unmasked.checkpoint:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} was not signed for here")
    if verified is not None and task.checkpoint <= verified.checkpoint:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} was verified already")
