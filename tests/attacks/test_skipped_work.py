"""One round instead of many, and validators left out of the metric: an aggregator alone.

The controls are the same participants without their memory, or with a quorum of one: they answer everything.
"""

from __future__ import annotations

import numpy as np
import pytest

from commons.chain.signing import recover_message
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression import checkpoint as checkpoint_module
from commons.computations.linear_regression import key_holder, question_ledger
from commons.computations.linear_regression.messages import DeliverTask
from commons.errors import ProtocolViolation
from commons.messages import from_hex
from tests.doubles.arena import Arena

LAST_ROUND, LAST_CHECKPOINT = 6, 2


@pytest.fixture
def arena(make_arena) -> Arena:
    """Six rounds with a checkpoint every third; three trainers, three validators of whom two must stay."""
    return make_arena((60, 50, 40), (30, 28, 27))


def models(arena: Arena):
    return [arena.weights] * (1 + len(arena.context.trainers))


# -- skipped rounds


def test_control_owners_without_a_memory_answer_the_last_round_first(arena: Arena) -> None:
    trainer, validator = arena.job.trainers[0], arena.job.validators[0]
    trainer.trainer(arena.context).train(arena.job.train_task(trainer.address, LAST_ROUND), arena.job.randomizer)
    task = arena.evaluate_task(LAST_CHECKPOINT, models(arena))
    part = validator.validator(arena.context)
    part.evaluate(task, arena.job.randomizer, validator.sign)


def test_a_trainer_does_not_skip_rounds(arena: Arena) -> None:
    arena.train(1)
    address = arena.context.trainers[0]
    for number in (LAST_ROUND, 3):
        with pytest.raises(ProtocolViolation, match="skips round 2, and nothing says that it came too late"):
            arena.ask(address, arena.job.train_task(address, number))
    arena.ask(address, arena.job.train_task(address, 2))


def test_a_validator_does_not_skip_checkpoints_and_knows_their_rounds(arena: Arena) -> None:
    arena.measure(0, models(arena)[:1])
    address = arena.context.validators[0]
    with pytest.raises(ProtocolViolation, match="checkpoint 2 is not evaluated now"):
        arena.ask(address, arena.evaluate_task(LAST_CHECKPOINT, models(arena)))
    early = arena.job.evaluate_task(LAST_ROUND, 1, models(arena))
    with pytest.raises(ProtocolViolation, match="checkpoint 1 in round 6 is not in this job's specification"):
        arena.ask(address, early)


def test_control_the_key_holder_opens_the_last_checkpoint_right_after_the_first(arena: Arena) -> None:
    opened = open_past_the_services(arena, LAST_CHECKPOINT)
    assert len(opened.sums) == 1 + len(arena.context.trainers)


def open_past_the_services(arena: Arena, checkpoint: int, *, keep: int = 3):
    """A checkpoint by participants without a memory, with the first `keep` validators."""
    task = arena.evaluate_task(checkpoint, models(arena) if checkpoint else [arena.weights])
    owners = arena.job.validators[:keep]
    residuals = [arena.job.residuals(owner, task) for owner in owners]
    squared = arena.job.buyer.square(arena.square_task(task, residuals), recover_message).result
    statements = [arena.job.statement(task, squares) for squares in squared.validators]
    return arena.job.buyer.open(arena.open_task(task, statements), recover_message)


def test_the_buyer_neither_squares_nor_opens_nor_ends_before_the_training_is_done(arena: Arena) -> None:
    arena.measure(0, models(arena)[:1])
    last = arena.evaluate_task(LAST_CHECKPOINT, models(arena))
    residuals = [arena.job.residuals(owner, last) for owner in arena.job.validators]
    with pytest.raises(ProtocolViolation, match="square at checkpoint 2: the next one is 1"):
        arena.ask(None, arena.square_task(last, residuals))
    arena.measure(1, arena.train_to(1))
    first = arena.evaluate_task(1, models(arena))
    statements = list(arena.job.statements(first))
    delivered = CiphertextVector.of(arena.weights.rerandomize(arena.job.randomizer))
    delivery = DeliverTask(**arena.job.head(3, 1), delivered=delivered, statements=tuple(statements))
    with pytest.raises(ProtocolViolation, match=r"opened with other statements|training must not end at round 3"):
        arena.ask(None, delivery)


# -- validators left out


def own_error(arena: Arena) -> float:
    """What the first validator alone would be opened with, of the start model, a row."""
    owner = arena.job.validators[0]
    return float(np.mean(owner.y**2))


def test_control_with_a_quorum_of_one_a_single_validators_error_is_opened(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (checkpoint_module, question_ledger):
        monkeypatch.setattr(module, "validator_quorum", lambda _count: 1)
    assert key_holder.enough_validators(arena.context, [arena.context.validators[0]])
    opened = open_past_the_services(arena, 0, keep=1)
    found = from_hex(opened.sums[0].value) / 2**480 / arena.context.rows_of(arena.context.validators[0])
    assert found == pytest.approx(own_error(arena), abs=2**-23)


def test_a_single_validators_error_is_never_opened(arena: Arena) -> None:
    task = arena.evaluate_task(0, [arena.weights])
    residuals = [arena.residuals(owner, task) for owner in arena.job.validators]
    with pytest.raises(ProtocolViolation, match="square: too few validators; the job waits for"):
        arena.ask(None, arena.square_task(task, residuals[:1]))
    squared = arena.ask(None, arena.square_task(task, residuals))
    statements = arena.statements(task, squared, arena.job.validators)
    with pytest.raises(ProtocolViolation, match="open: too few validators; the job waits for"):
        arena.ask(None, arena.open_task(task, statements[:1]))
    arena.ask(None, arena.open_task(task, statements))


def test_two_sets_of_validators_are_never_opened_for_the_same_model(arena: Arena) -> None:
    """Their difference would be one validator's error; who is left out once is out for good."""
    task = arena.evaluate_task(0, [arena.weights])
    residuals = [arena.residuals(owner, task) for owner in arena.job.validators]
    squared = arena.ask(None, arena.square_task(task, residuals))
    statements = arena.statements(task, squared, arena.job.validators)
    arena.ask(None, arena.open_task(task, statements))
    with pytest.raises(ProtocolViolation, match="asked before with other contents"):
        arena.ask(None, arena.open_task(task, statements[:2]))
    again = arena.evaluate_task(1, models(arena))
    residuals = [arena.residuals(owner, again) for owner in arena.job.validators]
    arena.ask(None, arena.square_task(again, residuals[:2]))
    later = arena.evaluate_task(2, models(arena))
    residuals = [arena.residuals(owner, later) for owner in arena.job.validators]
    with pytest.raises(ProtocolViolation, match="not any more"):
        arena.ask(None, arena.square_task(later, residuals))
