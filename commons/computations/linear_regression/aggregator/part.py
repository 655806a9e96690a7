"""The steps put together; which of them follows which is for `linear_regression.schedule` to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commons.ciphers.paillier import EncryptedVector
from commons.computations.linear_regression.aggregator.checkpoint import EvaluateStep, OpenStep, SquareStep, UnmaskStep
from commons.computations.linear_regression.aggregator.run import WEIGHTS, Run, weights_value
from commons.computations.linear_regression.aggregator.step import StepHandler
from commons.computations.linear_regression.aggregator.training import DeliverStep, RefreshStep, TrainStep
from commons.computations.linear_regression.messages import TaskKind, VerifyResult
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.parts import AggregatorJob, AggregatorPart, Answer, Ask, Turn
from commons.market.tasks import Step

Job = AggregatorJob[LinearRegressionSpec]

HANDLERS: Mapping[str, StepHandler] = {
    TaskKind.TRAIN: TrainStep(),
    TaskKind.REFRESH: RefreshStep(),
    TaskKind.EVALUATE: EvaluateStep(),
    TaskKind.SQUARE: SquareStep(),
    TaskKind.UNMASK: UnmaskStep(),
    TaskKind.OPEN: OpenStep(),
    TaskKind.DELIVER: DeliverStep(),
}


class LinearRegressionAggregator(AggregatorPart[LinearRegressionSpec]):
    """The aggregator's part."""

    def start(self, job: Job) -> Turn:
        """The start model is zero and public; checkpoint 0 evaluates it."""
        step = Step(TaskKind.EVALUATE)
        run = Run(job, step)
        model = EncryptedVector.encrypt(
            job.randomizer,
            [0] * job.started.spec.n_weights,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=run.plan.weight_bound(0, WEIGHT_FRACTIONAL_BITS),
        )
        return Turn(step=step, values={WEIGHTS: weights_value(model), **run.candidates_values([model])})

    def configure(self, job: Job, step: Step) -> Sequence[Ask]:
        """Whom to ask what in a step."""
        return HANDLERS[step.kind].configure(Run(job, step))

    def check(self, job: Job, step: Step, ask: Ask, result: Any) -> Any:
        """Raise if an answer cannot be used; return what `aggregate` needs of it."""
        return HANDLERS[step.kind].check(Run(job, step), ask, result)

    def quorum(self, job: Job, step: Step) -> int:
        """With how many answers a step can be finished when its time is over."""
        return HANDLERS[step.kind].quorum(Run(job, step))

    def aggregate(self, job: Job, step: Step, answers: Mapping[str, Answer], missing: Mapping[str, str | None]) -> Turn:
        """What is made of a step's answers."""
        return HANDLERS[step.kind].aggregate(Run(job, step), answers, missing)

    def remark(self, result: Any) -> str | None:
        """A validator's objection. It does not stop the job: these very openings were verified before they were used, and one
        owner's word must not cost all others their pay.
        """
        if isinstance(result, VerifyResult) and not result.accepted:
            return result.reason or "no reason given"
        return None

    def doing(self, step: Step) -> str:
        """What those who are waited for are doing."""
        return HANDLERS[step.kind].doing
