"""What the buyer refreshes, and what a refusal over something that was decrypted means."""

from __future__ import annotations

from typing import Any

import pytest

from commons.ciphers.wire import CiphertextVector
from commons.errors import ContentRefused, ProtocolViolation
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.buyer import Buyer
from tests.doubles.around_buyer import events_of, stored_job


def test_a_round_is_refreshed_once_and_rounds_rise(answerer: TaskAnswerer, buyer: Buyer, tasks: Any) -> None:
    first = tasks.refresh()
    answer = answerer.answer(first)
    assert TaskAnswerer(buyer).answer(first) == answer
    with pytest.raises(ProtocolViolation, match="refresh in round 1 was asked before with other contents"):
        answerer.answer(tasks.refresh())
    third = tasks.refresh(3)
    answerer.answer(third)
    with pytest.raises(ProtocolViolation, match="round 3 was refreshed already, and rounds rise"):
        answerer.answer(tasks.refresh(2))
    assert answerer.answer(first) == answer


@pytest.mark.parametrize(("number", "shift_bits"), [(1, 0), (1, 192), (1, 47), (3, 8 * 48)])
def test_the_scale_grows_with_the_rounds_and_no_further(
    answerer: TaskAnswerer, tasks: Any, number: int, shift_bits: int
) -> None:
    with pytest.raises(ProtocolViolation, match=f"the scale cannot have grown by {shift_bits} bits since round 0"):
        answerer.answer(tasks.refresh(number, shift_bits))
    answerer.answer(tasks.refresh(number, (2 * number + 1) * 48))


@pytest.mark.parametrize(("number", "values"), [(1, [0.5] * 4), (2, [0.5] * 2), (2, [0.5] * 6), (1, [0.5])])
def test_all_candidates_are_refreshed_where_a_checkpoint_is_and_one_model_elsewhere(
    answerer: TaskAnswerer, tasks: Any, number: int, values: list[float]
) -> None:
    with pytest.raises(ProtocolViolation, match=f"a refresh of {len(values)} values is not in the protocol here"):
        answerer.answer(tasks.refresh(number, values=values))
    answerer.answer(tasks.refresh(number, values=[0.5] * (4 if number == 2 else 2)))


def test_the_first_refusal_over_content_ends_the_buyers_part(answerer: TaskAnswerer, world: Any) -> None:
    """One bit in all, not one a question: whoever asks with weights of its choice learns nothing from the second."""
    tasks = world.tasks
    tasks.open_until(answerer, 0)
    stored = answerer.answer(answered := tasks.refresh(1))
    with pytest.raises(ContentRefused, match="a masked weight is larger"):
        answerer.answer(tasks.refresh(2, values=[2.0**400, 0.0, 0.0, 0.0]))
    reason = "this buyer answers nothing more in job 1: refresh: a masked weight is larger"
    for task in (tasks.refresh(2, values=[0.5] * 4), tasks.square(1, [4.0, 4.0]), tasks.refresh(3)):
        for one in (answerer, TaskAnswerer(world.buyer)):
            with pytest.raises(ContentRefused, match=reason):
                one.answer(task)
    assert answerer.answer(answered) == stored
    job = stored_job(world.database, world.job.id)
    assert "a masked weight is larger" in job.note
    assert events_of(world.database, job.id)[-1] == job.note


def test_a_zero_check_that_is_not_zero_ends_the_buyers_part(answerer: TaskAnswerer, tasks: Any) -> None:
    task = tasks.open(answerer, 0, [8.0])
    first, second = task.statements
    smuggled = CiphertextVector.of(tasks.vector([1.0], tasks.plan.sse_fractional_bits))
    lying = tasks.signed(first.model_copy(update={"zero_check": smuggled}), tasks.validators[0], 0)
    with pytest.raises(ContentRefused, match="a zero check is not zero"):
        answerer.answer(task.model_copy(update={"statements": (lying, second)}))
    with pytest.raises(ContentRefused, match="answers nothing more"):
        answerer.answer(task)


@pytest.mark.parametrize("sse", [[-1.0], [64 * 20 + 1.0], [2.0**60]])
def test_errors_above_what_can_be_measured_count_as_divergence(
    answerer: TaskAnswerer, world: Any, sse: list[float]
) -> None:
    result = answerer.answer(asked := world.tasks.square(0, sse))
    assert [item.fault for item in result.validators] == ["above_bound", "above_bound"]
    assert [item.squares for item in result.validators] == [None, None]
    assert "training has diverged" in stored_job(world.database, world.job.id).note
    assert answerer.answer(asked) == result
    with pytest.raises(ContentRefused, match="training has diverged"):
        answerer.answer(world.tasks.refresh())
