"""Which questions the buyer answers, by what it answered before; nothing is decrypted here."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import DeliverTask, OpenTask, TaskKind
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.computations.linear_regression.question_ledger import require_last, require_next, statements_digest
from commons.computations.linear_regression.spec import EarlyStop, LinearRegressionSpec
from commons.computations.parts import OpenedScore, Question
from commons.computations.registry import TASK
from commons.errors import ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.tasks import task_digest

VECTOR = {"count": 1, "fractional_bits": 192, "ciphertexts": "AA=="}
PACKED = VECTOR | {"slot_bits": 9}
MODELS = "0x" + "11" * 32
VALIDATORS = [f"0x{number:040x}" for number in range(1, 8)]


@pytest.fixture
def context(spec: LinearRegressionSpec) -> JobContext:
    """Two weights, one trainer and seven validators, of which five must stay."""
    rows = dict.fromkeys(("0x" + "aa" * 20, *VALIDATORS), 10)
    return JobContext(
        chain_id=1337,
        contract="0x" + "c0" * 20,
        job_id=1,
        key=SimpleNamespace(bits=1024),
        plan=NumericPlan(spec, 1024),
        trainers=("0x" + "aa" * 20,),
        validators=tuple(VALIDATORS),
        row_counts=rows,
    )


def square(checkpoint: int, validators: list[str], number: int | None = None) -> Any:
    pair = {"residuals": PACKED, "scaled_residuals": PACKED}
    residuals = [
        {"validator": one, "candidates_digest": MODELS, "masked": [pair], "corrections": VECTOR, "signature": "0x"}
        for one in validators
    ]
    place = {"job_id": 1, "round": 2 * checkpoint if number is None else number, "checkpoint": checkpoint}
    return TASK.validate_python({**place, "kind": "linear_regression/square", "validators": residuals})


def opening(checkpoint: int, validators: list[str], *, models: str = MODELS, sse: Any = VECTOR) -> OpenTask:
    statements = [
        {"validator": one, "candidates_digest": models, "sse": sse, "zero_check": VECTOR, "signature": "0x"}
        for one in validators
    ]
    place = {"job_id": 1, "round": 2 * checkpoint, "checkpoint": checkpoint}
    return OpenTask.model_validate({**place, "statements": statements})


def squared(task: Any, present: list[str] | None = None) -> Question:
    """The question of a square that went on with `present`."""
    names = list(present if present is not None else [one.validator for one in task.validators])
    digest = task.validators[0].corrections.digest().hex()
    outcome = {
        "validators": names,
        "squared": {"candidates_digest": MODELS, "sse_digests": dict.fromkeys(names, digest)},
    }
    return Question(TaskKind.SQUARE, task.round, task.checkpoint, task_digest(task), outcome)


def opened(task: OpenTask) -> Question:
    outcome = {"validators": [one.validator for one in task.statements]}
    return Question(TaskKind.OPEN, task.round, task.checkpoint, task_digest(task), outcome)


def record(task: OpenTask, *, mse_fixed: int = 100) -> OpenedScore:
    statement = CheckpointStatement(1, task.checkpoint, task.round, mse_fixed)
    details = {"statements_digest": statements_digest(task.statements).hex(), "row_count": 20}
    return OpenedScore(statement, 1.0, details)


def test_squares_and_openings_follow_each_other_at_the_rounds_of_the_specification(context: JobContext) -> None:
    questions: list[Question] = []
    records: list[OpenedScore] = []
    for checkpoint in range(3):
        asked, task = square(checkpoint, VALIDATORS), opening(checkpoint, VALIDATORS)
        require_next(context, questions, records, asked)
        questions.append(squared(asked))
        require_next(context, questions, records, task)
        questions.append(opened(task))
        records.append(record(task))
    with pytest.raises(ProtocolViolation):
        require_next(context, questions, records, square(3, VALIDATORS))


@pytest.mark.parametrize(("checkpoint", "number"), [(0, 1), (1, 0), (1, 1), (1, 3), (1, 6), (2, 2), (2, 4), (0, 0)])
def test_a_checkpoint_out_of_order_is_refused(context: JobContext, checkpoint: int, number: int) -> None:
    first = squared(square(0, VALIDATORS))
    with pytest.raises(ProtocolViolation):
        require_next(context, [first], [], square(checkpoint, VALIDATORS, number))
    require_next(context, [first], [], square(1, VALIDATORS))


def test_a_checkpoint_is_not_opened_before_it_is_squared(context: JobContext) -> None:
    with pytest.raises(ProtocolViolation, match="cannot be opened before its residuals are squared"):
        require_next(context, [], [], opening(0, VALIDATORS))


def test_a_validator_that_is_missing_once_is_out_for_good(context: JobContext) -> None:
    six, five = VALIDATORS[:6], VALIDATORS[:5]
    first = square(0, six)
    require_next(context, [], [], first)
    questions = [squared(first)]
    with pytest.raises(
        ProtocolViolation, match=f"open: {VALIDATORS[6]} does not take part in this job, or not any more"
    ):
        require_next(context, questions, [], opening(0, VALIDATORS))
    task = opening(0, five)
    require_next(context, questions, [], task)
    questions.append(opened(task))
    for back in (VALIDATORS, six):
        with pytest.raises(ProtocolViolation, match="not any more"):
            require_next(context, questions, [record(task)], square(1, back))
    require_next(context, questions, [record(task)], square(1, five))


def test_a_validator_with_a_fault_is_out_for_good(context: JobContext) -> None:
    asked = square(0, VALIDATORS)
    questions = [squared(asked, VALIDATORS[1:])]
    with pytest.raises(ProtocolViolation, match="not any more"):
        require_next(context, questions, [], opening(0, VALIDATORS))
    require_next(context, questions, [], opening(0, VALIDATORS[1:]))
    with pytest.raises(ProtocolViolation, match="not any more"):
        require_next(context, questions, [], square(1, VALIDATORS))


def test_a_job_waits_when_too_few_validators_would_be_left(context: JobContext) -> None:
    with pytest.raises(ProtocolViolation, match=f"square: too few validators; the job waits for {VALIDATORS[4]}, "):
        require_next(context, [], [], square(0, VALIDATORS[:4]))
    questions = [squared(square(0, VALIDATORS))]
    with pytest.raises(ProtocolViolation, match="open: too few validators; the job waits for "):
        require_next(context, questions, [], opening(0, VALIDATORS[:4]))


def test_strangers_and_repeated_validators_are_refused(context: JobContext) -> None:
    stranger = to_checksum_address("0x" + "ee" * 20)
    with pytest.raises(ProtocolViolation, match=f"square: {stranger} does not take part"):
        require_next(context, [], [], square(0, [*VALIDATORS, stranger]))
    with pytest.raises(ProtocolViolation, match="square: a validator is there twice"):
        require_next(context, [], [], square(0, [*VALIDATORS, VALIDATORS[0]]))


def test_an_opening_is_of_what_was_squared(context: JobContext) -> None:
    questions = [squared(square(0, VALIDATORS))]
    with pytest.raises(ProtocolViolation, match="its error is not the one that was squared for"):
        require_next(context, questions, [], opening(0, VALIDATORS, sse=VECTOR | {"ciphertexts": "AQ=="}))
    with pytest.raises(ProtocolViolation, match="other models than were squared for"):
        require_next(context, questions, [], opening(0, VALIDATORS, models="0x" + "22" * 32))


def delivery(task: OpenTask) -> DeliverTask:
    return DeliverTask(
        job_id=1,
        round=task.round,
        checkpoint=task.checkpoint,
        delivered=task.statements[0].sse,
        statements=task.statements,
    )


def history(*mses: int) -> tuple[list[OpenedScore], OpenTask]:
    """Records of checkpoints with these MSEs, and the task of the last one."""
    tasks = [opening(checkpoint, VALIDATORS) for checkpoint in range(len(mses))]
    return [record(task, mse_fixed=mse) for task, mse in zip(tasks, mses, strict=True)], tasks[-1]


def test_training_ends_at_the_last_round(spec: LinearRegressionSpec) -> None:
    records, task = history(100, 60, 50)
    require_last(spec, records, delivery(task))


def test_an_aggregator_that_ends_training_early_is_refused(spec: LinearRegressionSpec) -> None:
    records, task = history(100, 60)
    with pytest.raises(ProtocolViolation, match="training must not end at round 2: 4 rounds are agreed"):
        require_last(spec, records, delivery(task))


def test_early_stopping_is_allowed_where_the_specification_says_so(
    context: JobContext, spec: LinearRegressionSpec
) -> None:
    stopping = spec.model_copy(update={"early_stop": EarlyStop(minimum_improvement=0.5, patience=1)})
    records, task = history(100, 60)
    require_last(stopping, records, delivery(task))
    ended = replace(context, plan=NumericPlan(stopping, 1024))
    with pytest.raises(ProtocolViolation, match="training has ended by its rule for stopping early"):
        require_next(ended, [squared(square(n, VALIDATORS)) for n in range(2)], records, square(2, VALIDATORS))
    records, task = history(100, 40)
    with pytest.raises(ProtocolViolation):
        require_last(stopping, records, delivery(task))


def test_only_the_latest_checkpoint_with_its_own_statements_ends_training(spec: LinearRegressionSpec) -> None:
    records, task = history(100, 60, 50)
    other = opening(2, VALIDATORS[:6])
    elsewhere = replace(records[-1], statement=replace(records[-1].statement, round=3))
    with pytest.raises(ProtocolViolation, match="other statements"):
        require_last(spec, records, delivery(other))
    with pytest.raises(ProtocolViolation, match="not the latest"):
        require_last(spec, records[:-1], delivery(task))
    with pytest.raises(ProtocolViolation, match="not the latest"):
        require_last(spec, [], delivery(task))
    with pytest.raises(ProtocolViolation, match="not the latest"):
        require_last(spec, [*records[:-1], elsewhere], delivery(task))
