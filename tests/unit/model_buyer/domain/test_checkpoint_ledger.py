from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from commons.errors import ProtocolViolation
from commons.protocol.tasks import DeliverTask, OpenTask
from commons.protocol.training_job import EarlyStop, TrainingJobSpec
from model_buyer.domain.checkpoint_ledger import (
    OpenedRecord,
    repeated,
    require_last,
    require_next,
    statements_digest,
)


def record(task: OpenTask, *, mse_fixed: int = 100) -> OpenedRecord:
    return OpenedRecord(
        index=task.checkpoint,
        round=task.round,
        statements_digest=statements_digest(task.statements),
        mse=1.0,
        mse_fixed=mse_fixed,
        leave_one_out_mses_fixed=(),
        row_count=20,
        opened_at=0.0,
        answer="{}",
    )


def history(tasks: Any, *steps: tuple[int, int, int]) -> tuple[list[OpenedRecord], OpenTask]:
    """Records of (checkpoint, round, MSE), and the task of the last one."""
    records = []
    for checkpoint, round_number, mse_fixed in steps:
        task = tasks.open(checkpoint, round_number, [4.0] if checkpoint == 0 else [4.0, 4.0])
        records.append(record(task, mse_fixed=mse_fixed))
    return records, task


def delivery(task: OpenTask) -> DeliverTask:
    return DeliverTask(
        job_id=1,
        round=task.round,
        checkpoint=task.checkpoint,
        delivered=task.statements[0].sse,
        statements=task.statements,
    )


def test_checkpoints_follow_each_other_at_the_rounds_of_the_specification(spec: TrainingJobSpec, tasks: Any) -> None:
    records: list[OpenedRecord] = []
    for checkpoint, round_number in ((0, 0), (1, 2), (2, 4)):
        task = tasks.open(checkpoint, round_number, [4.0])
        require_next(spec, records, task)
        records.append(record(task))


@pytest.mark.parametrize(
    ("checkpoint", "round_number"),
    [(0, 1), (1, 0), (1, 1), (1, 3), (1, 6), (2, 2)],
)
def test_a_checkpoint_out_of_order_is_refused(
    spec: TrainingJobSpec, tasks: Any, checkpoint: int, round_number: int
) -> None:
    records = [] if checkpoint == 0 else [record(tasks.open(0, 0, [4.0]))]
    with pytest.raises(ProtocolViolation):
        require_next(spec, records, tasks.open(checkpoint, round_number, [4.0]))


def test_the_same_statements_are_recognised_and_others_refused(tasks: Any) -> None:
    task = tasks.open(0, 0, [4.0])
    records = [record(task)]
    assert repeated(records, task) is records[0]
    with pytest.raises(ProtocolViolation, match="opened once"):
        repeated(records, tasks.open(0, 0, [4.0]))
    with pytest.raises(ProtocolViolation, match="opened once"):
        repeated(records, task.model_copy(update={"statements": task.statements[:1]}))
    assert repeated(records, tasks.open(1, 2, [4.0])) is None


def test_training_ends_at_the_last_round(spec: TrainingJobSpec, tasks: Any) -> None:
    records, task = history(tasks, (0, 0, 100), (1, 2, 60), (2, 4, 50))
    assert require_last(spec, records, delivery(task)) is records[-1]


def test_an_aggregator_that_ends_training_early_is_refused(spec: TrainingJobSpec, tasks: Any) -> None:
    records, task = history(tasks, (0, 0, 100), (1, 2, 60))
    with pytest.raises(ProtocolViolation, match="training must not end at round 2: 4 rounds are agreed"):
        require_last(spec, records, delivery(task))


def test_early_stopping_is_allowed_where_the_specification_says_so(spec: TrainingJobSpec, tasks: Any) -> None:
    stopping = spec.model_copy(update={"early_stop": EarlyStop(minimum_improvement=0.5, patience=1)})
    records, task = history(tasks, (0, 0, 100), (1, 2, 60))
    assert require_last(stopping, records, delivery(task)) is records[-1]
    records, task = history(tasks, (0, 0, 100), (1, 2, 40))
    with pytest.raises(ProtocolViolation):
        require_last(stopping, records, delivery(task))


def test_only_the_latest_checkpoint_with_its_own_statements_ends_training(spec: TrainingJobSpec, tasks: Any) -> None:
    records, task = history(tasks, (0, 0, 100), (1, 2, 60), (2, 4, 50))
    other = tasks.open(2, 4, [4.0, 4.0])
    with pytest.raises(ProtocolViolation, match="other statements"):
        require_last(spec, records, delivery(other))
    with pytest.raises(ProtocolViolation, match="not the latest"):
        require_last(spec, records[:-1], delivery(task))
    with pytest.raises(ProtocolViolation, match="not the latest"):
        require_last(spec, [], delivery(task))
    with pytest.raises(ProtocolViolation, match="not the latest"):
        require_last(spec, [*records[:-1], replace(records[-1], round=3)], delivery(task))
