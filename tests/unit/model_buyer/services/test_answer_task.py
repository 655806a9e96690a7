"""What the buyer answers, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.jobs import JobState
from commons.chain.signing import recover_checkpoint
from commons.ciphers.paillier import SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import (
    OpenResult,
    RefreshResult,
    TaskKind,
    TrainTask,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.errors import Conflict, ProtocolViolation, ServiceUnavailable
from commons.market.checkpoint_statement import CheckpointStatement
from commons.messages import from_hex
from model_buyer.domain.stages import Stage
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.buyer import Buyer
from model_buyer.services.questions import questions_of, scores_of
from model_buyer.tables import Job
from tests.doubles.around_buyer import change_job

WAD = 10**18


def test_an_opening_shows_the_sum_and_signs_the_checkpoint(
    answerer: TaskAnswerer, buyer: Buyer, chain: Any, tasks: Any, account: LocalAccount
) -> None:
    result = answerer.answer(tasks.open(answerer, 0, [8.0]))
    assert isinstance(result, OpenResult)
    bits = tasks.plan.sse_fractional_bits
    assert from_hex(result.sums[0].value) == 8 << bits
    assert [from_hex(item.value) for item in result.zero_checks] == [0, 0]
    # 20 rows of two validators; under range scaling errors are in half widths already.
    statement = CheckpointStatement(job_id=1, index=0, round=0, mse_fixed=8 * WAD // 20)
    signature = bytes.fromhex(result.checkpoint_signature[2:])
    assert recover_checkpoint(chain.domain(), statement, signature) == account.address


def test_what_was_opened_is_remembered_in_the_targets_unit(
    answerer: TaskAnswerer, buyer: Buyer, running_job: Job, tasks: Any
) -> None:
    tasks.open_until(answerer, 1)
    with buyer.database.snapshot() as session:
        scores = scores_of(session, running_job)
    assert [score.loss for score in scores] == [8 / 20 * 25, 4 / 20 * 25]
    assert scores[1].leave_one_out_mses_fixed == (6 * WAD // 20,)
    assert scores[1].details["row_count"] == 20
    assert scores[1].opened_at == buyer.clock()


def test_the_same_opening_gets_the_same_answer_also_after_a_restart(
    answerer: TaskAnswerer, buyer: Buyer, tasks: Any
) -> None:
    task = tasks.open(answerer, 0, [8.0])
    first = answerer.answer(task)
    assert answerer.answer(task) == first
    assert TaskAnswerer(buyer).answer(task) == first


def test_a_checkpoint_is_not_opened_with_other_statements(answerer: TaskAnswerer, tasks: Any) -> None:
    task = tasks.open(answerer, 0, [8.0])
    answerer.answer(task)
    with pytest.raises(ProtocolViolation, match="each question is answered once"):
        answerer.answer(task.model_copy(update={"statements": task.statements[:1]}))


def test_checkpoints_are_squared_and_opened_in_order(answerer: TaskAnswerer, tasks: Any) -> None:
    with pytest.raises(ProtocolViolation, match="square at checkpoint 1: the next one is 0"):
        answerer.answer(tasks.square(1, [4.0, 4.0]))
    first = tasks.open(answerer, 0, [8.0])
    with pytest.raises(ProtocolViolation, match="round 2 is not in this job's specification"):
        answerer.answer(first.model_copy(update={"round": 2}))
    second = tasks.open(answerer, 1, [4.0, 4.0])
    with pytest.raises(ProtocolViolation, match="open at checkpoint 1: the next one is 0"):
        answerer.answer(second)
    answerer.answer(first)
    answerer.answer(second)


def test_what_was_not_squared_is_not_opened(answerer: TaskAnswerer, tasks: Any) -> None:
    """A validator chooses its error before it sees the others', and does not change it afterwards."""
    task = tasks.open(answerer, 0, [8.0])
    first, second = task.statements
    other = CiphertextVector.of(tasks.vector([1.0], tasks.plan.sse_fractional_bits))
    changed = tasks.signed(first.model_copy(update={"sse": other}), tasks.validators[0], 0)
    with pytest.raises(ProtocolViolation, match="its error is not the one that was squared for"):
        answerer.answer(task.model_copy(update={"statements": (changed, second)}))
    models = tasks.signed(first.model_copy(update={"candidates_digest": "0x" + "00" * 32}), tasks.validators[0], 0)
    with pytest.raises(ProtocolViolation, match="other models than were squared for"):
        answerer.answer(task.model_copy(update={"statements": (models, second)}))
    answerer.answer(task)


def test_fewer_validators_than_must_stay_are_waited_for(answerer: TaskAnswerer, tasks: Any) -> None:
    asked = tasks.square(0, [8.0])
    missing = tasks.validators[1].address
    with pytest.raises(ProtocolViolation, match=f"too few validators; the job waits for {missing}"):
        answerer.answer(asked.model_copy(update={"validators": asked.validators[:1]}))
    task = tasks.opening(asked, answerer.answer(asked))
    with pytest.raises(ProtocolViolation, match=f"too few validators; the job waits for {missing}"):
        answerer.answer(task.model_copy(update={"statements": task.statements[:1]}))
    answerer.answer(task)


def test_a_stranger_cannot_have_anything_opened(answerer: TaskAnswerer, tasks: Any) -> None:
    stranger = Account.from_key("0x" + "ee" * 32)
    task = tasks.open(answerer, 0, [8.0])
    foreign = tasks.signed(task.statements[0].model_copy(update={"validator": stranger.address}), stranger, 0)
    smuggled = task.model_copy(update={"statements": (*task.statements, foreign)})
    with pytest.raises(ProtocolViolation, match="does not take part in this job"):
        answerer.answer(smuggled)


def test_a_changed_statement_is_not_opened(answerer: TaskAnswerer, tasks: Any) -> None:
    task = tasks.open(answerer, 0, [8.0])
    changed = task.statements[0].model_copy(update={"zero_check": task.statements[1].zero_check})
    with pytest.raises(ProtocolViolation, match="signature"):
        answerer.answer(task.model_copy(update={"statements": (changed, task.statements[1])}))
    malformed = task.statements[0].model_copy(update={"signature": "0x00"})
    with pytest.raises(ProtocolViolation, match="malformed"):
        answerer.answer(task.model_copy(update={"statements": (malformed, task.statements[1])}))


def test_a_refused_opening_leaves_nothing_behind(
    answerer: TaskAnswerer, buyer: Buyer, running_job: Job, tasks: Any
) -> None:
    task = tasks.open(answerer, 0, [8.0])
    changed = task.statements[0].model_copy(update={"zero_check": task.statements[1].zero_check})
    with pytest.raises(ProtocolViolation):
        answerer.answer(task.model_copy(update={"statements": (changed, task.statements[1])}))
    with buyer.database.snapshot() as session:
        assert scores_of(session, running_job) == []
        assert [one.kind for one in questions_of(session, running_job)] == [TaskKind.SQUARE]
    answerer.answer(task)


def test_tasks_of_other_jobs_and_other_kinds_are_refused(answerer: TaskAnswerer, tasks: Any) -> None:
    with pytest.raises(ProtocolViolation, match="job 2 is not a job of this buyer"):
        answerer.answer(tasks.open(answerer, 0, [8.0]).model_copy(update={"job_id": 2}))
    vector = CiphertextVector.of(tasks.vector([1.0], WEIGHT_FRACTIONAL_BITS))
    train = TrainTask(job_id=1, round=1, checkpoint=0, weights=vector, averaging_weight=1, averaging_total=1)
    with pytest.raises(ProtocolViolation, match="does not answer linear_regression/train tasks"):
        answerer.answer(train)


def test_a_refresh_is_answered_while_the_job_runs_and_refused_afterwards(
    answerer: TaskAnswerer, buyer: Buyer, running_job: Job, tasks: Any, secret_key: SecretKey
) -> None:
    task = tasks.refresh()
    result = answerer.answer(task)
    assert isinstance(result, RefreshResult)
    fresh = result.refreshed.to_vector(
        secret_key.public_key, count=2, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=1 << 300
    )
    assert secret_key.decrypt_vector(fresh)[0] == 1 << (WEIGHT_FRACTIONAL_BITS - 1)
    change_job(buyer.database, running_job.id, stage=Stage.EXPIRED)
    with pytest.raises(Conflict, match="not running any more"):
        answerer.answer(task)


def test_the_first_task_waits_until_the_start_is_confirmed_and_looks_at_the_chain_at_once(
    answerer: TaskAnswerer, world: Any
) -> None:
    world.chain.put(world.job, JobState.POSTED)
    with pytest.raises(ServiceUnavailable, match="its start is not confirmed"):
        answerer.answer(world.tasks.square(0, [8.0]))
    follow = lambda: world.chain.put(world.job, JobState.RUNNING)  # noqa: E731
    TaskAnswerer(replace(world.buyer, follow=follow)).answer(world.tasks.square(0, [8.0]))


def test_training_goes_on_while_the_chain_is_away(answerer: TaskAnswerer, chain: Any, tasks: Any) -> None:
    answerer.answer(tasks.open(answerer, 0, [8.0]))
    chain.available = False
    answerer.answer(tasks.open(answerer, 1, [4.0, 6.0]))


def test_a_number_that_a_reorganisation_gave_to_another_job_is_answered_under_that_jobs_key(
    answerer: TaskAnswerer, world: Any
) -> None:
    answerer.answer(world.tasks.open(answerer, 0, [8.0]))
    change_job(world.database, world.job.id, chain_job_id=2)
    with pytest.raises(ProtocolViolation, match="not a job of this buyer"):
        answerer.answer(world.tasks.square(1, [4.0, 6.0]))


def test_other_participants_after_a_reorganisation_get_no_answer(answerer: TaskAnswerer, world: Any) -> None:
    answerer.answer(world.tasks.open(answerer, 0, [8.0]))
    world.chain.validators = world.chain.validators[::-1]
    world.chain.put(world.job, JobState.RUNNING)
    with pytest.raises(ProtocolViolation, match="changed who takes part"):
        answerer.answer(world.tasks.square(1, [4.0, 6.0]))
