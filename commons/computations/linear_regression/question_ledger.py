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
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.parts import OpenedScore, Question
from commons.errors import ProtocolViolation
from commons.market.roles import validator_quorum

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


def statements_digest(statements: Sequence[ValidatorStatement]) -> bytes:
    """keccak256 over the statements in their order."""
    texts = [statement.model_dump_json().encode() for statement in statements]
    return keccak(b"".join(len(text).to_bytes(8, "big") + text for text in texts))


def require_next(
    context: JobContext, questions: Sequence[Question], opened: Sequence[OpenedScore], task: BuyerTask
) -> None:
    """Check that `task`, which is none that is repeated, is what the protocol asks next.

    Raises:
        ProtocolViolation: out of order, at a place that the specification does not have, or not about all validators that
            take part.
    """
    spec = context.plan.spec
    if should_stop_early(spec, [one.statement.mse_fixed for one in opened]):
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


def require_last(spec: LinearRegressionSpec, scores: Sequence[OpenedScore], task: DeliverTask) -> None:
    """Check that the delivery, which is signed on the latest checkpoint, comes where training ends.

    Raises:
        ProtocolViolation: if that checkpoint is not the latest one opened, with these statements, or training must go
            on after it.
    """
    last = scores[-1].statement if scores else None
    if last is None or (last.index, last.round) != (task.checkpoint, task.round):
        raise ProtocolViolation(f"checkpoint {task.checkpoint} of round {task.round} is not the latest one opened here")
    if scores[-1].details["statements_digest"] != statements_digest(task.statements).hex():
        raise ProtocolViolation(f"checkpoint {task.checkpoint} was opened with other statements")
    if last.round < spec.rounds and not should_stop_early(spec, [one.statement.mse_fixed for one in scores]):
        raise ProtocolViolation(
            f"training must not end at round {last.round}: {spec.rounds} rounds are agreed, and early_stop does not "
            "apply"
        )


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
    asked = next((one for one in _of(questions, TaskKind.SQUARE) if one.checkpoint == task.checkpoint), None)
    if asked is None:
        raise ProtocolViolation(f"checkpoint {task.checkpoint} cannot be opened before its residuals are squared")
    squared = Squared(**asked.outcome["squared"])
    signed = [statement.validator for statement in task.statements]
    _require_enough(context, signed, squared.sse_digests.keys(), "open")
    for statement in task.statements:
        if statement.candidates_digest != squared.candidates_digest:
            raise ProtocolViolation(f"statement of {statement.validator} is about other models than were squared for")
        if statement.sse.digest().hex() != squared.sse_digests[statement.validator]:
            raise ProtocolViolation(
                f"statement of {statement.validator}: its error is not the one that was squared for"
            )


def _require_enough(context: JobContext, asked: Sequence[str], present: Collection[str], what: str) -> None:
    if len(set(asked)) != len(asked):
        raise ProtocolViolation(f"{what}: a validator is there twice")
    if out := sorted(set(asked) - set(present)):
        raise ProtocolViolation(f"{what}: {', '.join(out)} does not take part in this job, or not any more")
    if not enough_validators(context, asked):
        missing = sorted(set(present) - set(asked))
        raise ProtocolViolation(f"{what}: too few validators; the job waits for {', '.join(missing)}")


def _present(context: JobContext, questions: Sequence[Question]) -> Collection[str]:
    """The validators that still take part."""
    known = [one for one in questions if one.outcome.get("validators")]
    if not known:
        return context.validators
    # At one checkpoint the opening comes after the square.
    present: Collection[str] = max(known, key=lambda one: (one.checkpoint, one.kind == TaskKind.OPEN)).outcome[
        "validators"
    ]
    return present


def _of(questions: Iterable[Question], kind: TaskKind) -> list[Question]:
    return [one for one in questions if one.kind == kind]
