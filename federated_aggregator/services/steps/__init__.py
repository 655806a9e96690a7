"""What each step of a running job asks for, how an answer is checked when it arrives, and what is made of the answers.

`begin` creates the step's tasks, `check` raises if an answer cannot be used (the task then stays open), `finish` combines
the answers that are in, once `is_enough`. All of them work on rows inside the caller's unit of work.
"""

from commons.computations.linear_regression.schedule import Step
from federated_aggregator.services.steps.checkpoint import EvaluateStep, OpenStep, SquareStep, UnmaskStep
from federated_aggregator.services.steps.handler import DELIVERED, GLOBAL, StepHandler
from federated_aggregator.services.steps.training import DeliverStep, RefreshStep, TrainStep

HANDLERS: dict[Step, type[StepHandler]] = {
    Step.TRAIN: TrainStep,
    Step.REFRESH: RefreshStep,
    Step.EVALUATE: EvaluateStep,
    Step.SQUARE: SquareStep,
    Step.UNMASK: UnmaskStep,
    Step.OPEN: OpenStep,
    Step.DELIVER: DeliverStep,
}

__all__ = ["DELIVERED", "GLOBAL", "HANDLERS", "StepHandler"]
