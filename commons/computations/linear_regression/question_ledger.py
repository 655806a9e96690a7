"""What the buyer remembers of the questions that it was asked, and what it refuses because of that.

Only the buyer decrypts, so whoever could ask it again and again would learn from answers and refusals what no answer says.
It answers each question of a job once: one refresh a round, one square and one opening a checkpoint, each kind in the order
of the protocol. The same task gets the same answer, another one in its place none. What is looked at here is public;
the first refusal over something that was decrypted ends the buyer's part in the job (`commons.errors.ContentRefused`).

An opening shows the sum of squared errors over all validators that take part. Two openings over different validators would
show their difference, so a validator that is missing once is out for good, and never are fewer than `validator_quorum`
opened for. The end is signed only where training really ends: an aggregator that stops early would be paid for work
that it did not do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import (
    DeliverTask,
    OpenTask,
    RefreshTask,
    SquareTask,
    TaskKind,
    ValidatorStatement,
)
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS
from commons.computations.linear_regression.schedule import should_stop_early
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import ProtocolViolation
from commons.market.roles import validator_quorum
from commons.market.tasks import task_digest

BuyerTask = RefreshTask | SquareTask | OpenTask


@dataclass(frozen=True)
class Squared:
    """What was squared at a checkpoint, as far as its opening must agree with it.

    Attributes:
        candidates_digest: which models the validators evaluated, 0x and hex.
        sse_digests: by validator in lower case, the digest (hex) of the [SSE] that follows from its correction and the squares.
    """

    candidates_digest: str
    sse_digests: Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """A task that the buyer answered.

    Attributes:
        digest: `task_digest` of the task.
        validators: those that take part from then on, in lower case (of squares and openings).
        squared: of a square.
    """

    kind: TaskKind
    round: int
    checkpoint: int
    digest: bytes
    validators: tuple[str, ...] = ()
    squared: Squared | None = None


@dataclass(frozen=True)
class OpenedRecord:
    """The metric of one opened checkpoint.

    Attributes:
        statements_digest: which statements were opened.
        mse: MSE in squared units of the target.
        mse_fixed: as signed for the chain; so are `leave_one_out_mses_fixed`, in the order of the trainers.
        row_count: rows of the validators that took part.
    """

    index: int
    round: int
    statements_digest: bytes
    mse: float
    mse_fixed: int
    leave_one_out_mses_fixed: tuple[int, ...]
    row_count: int
    opened_at: float


def statements_digest(statements: Sequence[ValidatorStatement]) -> bytes:
    """keccak256 over the statements in their order."""
    texts = [statement.model_dump_json().encode() for statement in statements]
    return keccak(b"".join(len(text).to_bytes(8, "big") + text for text in texts))


def repeated(questions: Iterable[Question], task: BuyerTask) -> Question | None:
    """The question that `task` repeats, or None if its place in the job was never asked about.

    Raises:
        ProtocolViolation: if something else was asked in its place.
    """
    known = next((one for one in questions if (one.kind, one.round) == (task.kind, task.round)), None)
    if known is not None and known.digest != task_digest(task):
        raise ProtocolViolation(
            f"{task.kind} in round {task.round} was asked before with other contents; each question is answered once"
        )
    return known


def require_next(
    context: JobContext, questions: Sequence[Question], opened: Sequence[OpenedRecord], task: BuyerTask
) -> None:
    """Check that `task`, which is none that is repeated, is what the protocol asks next.

    Raises:
        ProtocolViolation: out of order, at a place that the specification does not have, or not about all validators that
            take part.
    """
    spec = context.plan.spec
    if should_stop_early(spec, [one.mse_fixed for one in opened]):
        raise ProtocolViolation(f"{task.kind} in round {task.round}: training has ended by its rule for stopping early")
    match task:
        case RefreshTask():
            _require_next_refresh(context, questions, task)
        case SquareTask():
            _require_next_checkpoint(context, task, len(_of(questions, TaskKind.SQUARE)))
            asked = [one.validator for one in task.validators]
            _require_enough(context, asked, _present(context, questions), "square")
        case OpenTask():
            _require_next_checkpoint(context, task, len(opened))
            _require_as_squared(context, questions, task)


def require_last(spec: TrainingJobSpec, records: Sequence[OpenedRecord], task: DeliverTask) -> OpenedRecord:
    """The record of the checkpoint that ends training, on which the delivery is signed.

    Raises:
        ProtocolViolation: if that checkpoint is not the latest one opened, with these statements, or training must go
            on after it.
    """
    if not records or records[-1].index != task.checkpoint or records[-1].round != task.round:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} of round {task.round} is not the latest one opened here")
    record = records[-1]
    if record.statements_digest != statements_digest(task.statements):
        raise ProtocolViolation(f"checkpoint {task.checkpoint} was opened with other statements")
    mses = [one.mse_fixed for one in records]
    if record.round < spec.rounds and not should_stop_early(spec, mses):
        raise ProtocolViolation(
            f"training must not end at round {record.round}: {spec.rounds} rounds are agreed, and early_stop does not "
            "apply"
        )
    return record


def enough_validators(context: JobContext, validators: Collection[str]) -> bool:
    """Whether a job can go on with so many of its validators."""
    return len(validators) >= validator_quorum(len(context.validators))


def _require_next_refresh(context: JobContext, questions: Sequence[Question], task: RefreshTask) -> None:
    context.require_place(task.round, task.checkpoint)
    last = max((one.round for one in _of(questions, TaskKind.REFRESH)), default=0)
    if task.round <= last:
        raise ProtocolViolation(f"refresh in round {task.round}: round {last} was refreshed already, and rounds rise")
    # A round makes the scale finer by one matrix, and by one averaging factor where somebody was late; a checkpoint's
    # candidates by one more.
    at_most = (2 * (task.round - last) + 1) * MATRIX_FRACTIONAL_BITS
    if not 0 < task.shift_bits <= at_most or task.shift_bits % MATRIX_FRACTIONAL_BITS:
        raise ProtocolViolation(f"refresh: the scale cannot have grown by {task.shift_bits} bits since round {last}")
    spec = context.plan.spec
    models = context.candidate_count(task.checkpoint) if spec.is_checkpoint(task.round) else 1
    if task.masked.count != models * spec.n_weights:
        raise ProtocolViolation(f"a refresh of {task.masked.count} values is not in the protocol here")


def _require_next_checkpoint(context: JobContext, task: SquareTask | OpenTask, expected: int) -> None:
    context.require_checkpoint(task.round, task.checkpoint)
    if task.checkpoint != expected:
        raise ProtocolViolation(f"{task.kind} at checkpoint {task.checkpoint}: the next one is {expected}")


def _require_as_squared(context: JobContext, questions: Sequence[Question], task: OpenTask) -> None:
    squared = next((one.squared for one in _of(questions, TaskKind.SQUARE) if one.checkpoint == task.checkpoint), None)
    if squared is None:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} cannot be opened before its residuals are squared")
    signed = [statement.validator for statement in task.statements]
    _require_enough(context, signed, squared.sse_digests.keys(), "open")
    for statement in task.statements:
        if statement.candidates_digest != squared.candidates_digest:
            raise ProtocolViolation(f"statement of {statement.validator} is about other models than were squared for")
        if statement.sse.digest().hex() != squared.sse_digests[statement.validator.lower()]:
            raise ProtocolViolation(
                f"statement of {statement.validator}: its error is not the one that was squared for"
            )


def _require_enough(context: JobContext, asked: Sequence[str], present: Collection[str], what: str) -> None:
    validators = [address.lower() for address in asked]
    if len(set(validators)) != len(validators):
        raise ProtocolViolation(f"{what}: a validator is there twice")
    if out := sorted(set(validators) - set(present)):
        raise ProtocolViolation(f"{what}: {', '.join(out)} does not take part in this job, or not any more")
    if not enough_validators(context, validators):
        missing = sorted(set(present) - set(validators))
        raise ProtocolViolation(f"{what}: too few validators; the job waits for {', '.join(missing)}")


def _present(context: JobContext, questions: Sequence[Question]) -> Collection[str]:
    """The validators that still take part, in lower case."""
    known = [one for one in questions if one.validators]
    if not known:
        return [address.lower() for address in context.validators]
    # At one checkpoint the opening comes after the square.
    return max(known, key=lambda one: (one.checkpoint, one.kind is TaskKind.OPEN)).validators


def _of(questions: Iterable[Question], kind: TaskKind) -> list[Question]:
    return [one for one in questions if one.kind is kind]
