"""What all steps have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from commons.computations.linear_regression.aggregator.run import Run
from commons.computations.linear_regression.messages import TaskKind, ValidatorStatement
from commons.computations.parts import Answer, Ask, Turn
from commons.errors import NotAuthenticated, ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.roles import validator_quorum

Missing = Mapping[str, str | None]
"""Who gave no answer, and why if it said so."""


class StepHandler(ABC):
    """One step.

    Attributes:
        kind: of its tasks.
        doing: what those who are waited for are doing, for people.
    """

    kind: ClassVar[TaskKind]
    doing: ClassVar[str]

    @abstractmethod
    def configure(self, run: Run) -> Sequence[Ask]:
        """Whom to ask what."""

    @abstractmethod
    def check(self, run: Run, ask: Ask, result: Any) -> Any:
        """Raise if an answer cannot be used; return what `aggregate` needs of it."""

    def quorum(self, run: Run) -> int:
        """With how many answers the step can be finished when its time is over."""
        return 1

    @abstractmethod
    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """What is made of the answers."""


class ValidatorsStep(StepHandler):
    """A step that all validators that are left take part in; who does not answer is out for good."""

    def quorum(self, run: Run) -> int:
        """So many that nobody's error can be told from the metric."""
        return validator_quorum(len(run.job.started.validators))

    def out(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> dict[str, str]:
        """Who takes no further part, and why."""
        silent = [validator for validator in run.validators() if validator not in answers]
        return {validator: _why_missing(run.step.checkpoint, missing.get(validator)) for validator in silent}


def checkpoint_statement(run: Run, mse: int, leave_one_out: Sequence[int]) -> CheckpointStatement:
    """What buyer and aggregator agree on for the present checkpoint."""
    return CheckpointStatement(run.job.started.job_id, run.step.checkpoint, run.step.round, mse, tuple(leave_one_out))


def require_buyers(run: Run, statement: CheckpointStatement, signature: str) -> bytes:
    """The signature's bytes; raises ProtocolViolation unless it is the buyer's of this statement."""
    data = bytes.fromhex(signature[2:])
    try:
        signer = run.job.recover_checkpoint(statement, data)
    except NotAuthenticated as error:
        raise ProtocolViolation(f"checkpoint_signature: {error.message}", field="checkpoint_signature") from error
    if signer != run.job.buyer:
        raise ProtocolViolation(
            "checkpoint_signature: not the model buyer's signature of this checkpoint", field="checkpoint_signature"
        )
    return data


def statements_name(checkpoint: int) -> str:
    """Name of the value with a checkpoint's statements."""
    return f"statements/{checkpoint}"


def statements_text(statements: Sequence[ValidatorStatement]) -> str:
    """The statements as JSON."""
    return "[" + ",".join(statement.model_dump_json() for statement in statements) + "]"


def _why_missing(checkpoint: int, reason: str | None) -> str:
    if reason:
        return f"it could not answer at checkpoint {checkpoint}: {reason}"
    return f"it did not answer in time at checkpoint {checkpoint}"
