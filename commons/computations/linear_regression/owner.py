"""An owner's part: local training, or validation, on statistics of its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from commons.ciphers.paillier import Randomizer
from commons.computations.job_facts import StartedJob
from commons.computations.linear_regression.job_context import context_of
from commons.computations.linear_regression.messages import (
    EvaluateResult,
    EvaluateTask,
    TaskKind,
    TrainTask,
    UnmaskTask,
    VerifyTask,
)
from commons.computations.linear_regression.own_statistics import OwnStatistics
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.task_order import require_next
from commons.computations.linear_regression.trainer import LocalTrainer
from commons.computations.linear_regression.validator import Validator
from commons.computations.parts import AskedBefore, OwnerPart, OwnerSecrets
from commons.errors import ProtocolViolation


class LinearRegressionOwner(OwnerPart):
    """One owner in one job.

    Args:
        job: public facts.
        secrets: what it takes part with.
        statistics: of its rows.
        randomizer: its own, under the buyer's key.

    Raises:
        HeadroomExceeded, InvalidInput: its numbers do not fit what was declared.
        ProtocolViolation: the contract does not list this owner.
    """

    def __init__(
        self,
        job: StartedJob[LinearRegressionSpec],
        secrets: OwnerSecrets,
        statistics: OwnStatistics,
        randomizer: Randomizer,
    ) -> None:
        context = context_of(job)
        context.plan.require_headroom((statistics.row_count,))
        self._secrets = secrets
        self._randomizer = randomizer
        self._part: LocalTrainer | Validator
        if secrets.address in job.trainers:
            self._part = LocalTrainer(context, statistics.step, address=secrets.address)
        elif secrets.address in job.validators:
            self._part = Validator(context, statistics.metric, address=secrets.address, mask_secret=secrets.mask_secret)
        else:
            raise ProtocolViolation(f"job {job.job_id}: the contract does not list this owner")

    def require_next(self, task: Any, latest: Mapping[str, AskedBefore]) -> None:
        """Raise ProtocolViolation unless a task follows what was answered so far."""
        require_next(task, latest)

    def answer(self, task: Any, earlier: Callable[[str], Any]) -> Any:
        """The answer to a task of this owner's role."""
        match task, self._part:
            case TrainTask() as train, LocalTrainer() as trainer:
                return trainer.train(train, self._randomizer)
            case EvaluateTask() as evaluate, Validator() as validator:
                return validator.evaluate(evaluate, self._randomizer, self._secrets.sign)
            case UnmaskTask() as unmask, Validator() as validator:
                evaluated = earlier(TaskKind.EVALUATE)
                if not isinstance(evaluated, EvaluateResult):
                    raise ProtocolViolation(f"job {unmask.job_id}: nothing was evaluated here")
                return validator.unmask(unmask, evaluated, self._randomizer, self._secrets.sign)
            case VerifyTask() as verify, Validator() as validator:
                return validator.verify(verify, self._secrets.recover)
            case _:
                role = "trainer" if isinstance(self._part, LocalTrainer) else "validator"
                raise ProtocolViolation(f"job {task.job_id}: {task.kind} task for a {role}")

    def notice(self, task: Any) -> str:
        """Which rounds are said to have been closed without this owner; only the aggregator can know that."""
        if not isinstance(task, TrainTask) or task.missed_since is None:
            return ""
        return (
            f"the aggregator says that no answer came in time in rounds {task.missed_since} to {task.round - 1}; "
            "training went on without this owner"
        )

    def prepare(self, count: int) -> bool:
        """Make an obfuscator ahead."""
        return self._randomizer.prepare(count)
