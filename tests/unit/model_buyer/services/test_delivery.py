"""How a job's last tasks turn into its result, and what that is compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from sqlalchemy import select

from commons.chain.jobs import JobSettled, JobState
from commons.chain.signing import recover_checkpoint
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.messages import (
    DeliverResult,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.errors import InvalidCiphertext, ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from model_buyer.domain.stages import DeliveryCheck, Stage
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.buyer import Buyer
from model_buyer.services.carry_on import carry_on
from model_buyer.services.job_rows import unfinished
from model_buyer.tables import Job
from tests.doubles.around_buyer import stored_job
from tests.doubles.buyer_tasks import WEIGHTS

TX = "0x" + "cd" * 32
WAD = 10**18


def test_the_delivery_is_signed_for_after_the_last_checkpoint_and_adds_to_no_contribution(
    answerer: TaskAnswerer, account: LocalAccount, world: Any
) -> None:
    task = world.tasks.deliver(world.tasks.open_until(answerer), WEIGHTS)
    result = answerer.answer(task)
    assert isinstance(result, DeliverResult)
    delivery = stored_job(world.database, world.job.id).delivery
    assert delivery is not None
    assert delivery.delivered == task.delivered
    statement = CheckpointStatement(
        1, 3, 4, 4 * WAD // 20, (4 * WAD // 20,), last=True, delivery_digest=task.delivered.digest()
    )
    assert delivery.statement == statement
    signature = bytes.fromhex(result.checkpoint_signature[2:])
    assert recover_checkpoint(world.chain.domain(), statement, signature) == account.address
    assert TaskAnswerer(world.buyer).answer(task) == result


def test_only_one_delivery_is_signed_for(answerer: TaskAnswerer, tasks: Any) -> None:
    last = tasks.open_until(answerer)
    answerer.answer(tasks.deliver(last, WEIGHTS))
    with pytest.raises(ProtocolViolation, match="a delivery was signed for, so nothing else is answered"):
        answerer.answer(tasks.deliver(last, WEIGHTS))


def test_a_delivery_before_the_end_of_training_is_refused(answerer: TaskAnswerer, tasks: Any) -> None:
    with pytest.raises(ProtocolViolation, match="training must not end at round 2"):
        answerer.answer(tasks.deliver(tasks.open_until(answerer, 1), WEIGHTS))


def test_a_malformed_delivery_is_refused(answerer: TaskAnswerer, tasks: Any) -> None:
    task = tasks.deliver(tasks.open_until(answerer), WEIGHTS)
    short = CiphertextVector.of(tasks.vector([1.0], WEIGHT_FRACTIONAL_BITS))
    with pytest.raises(InvalidCiphertext, match="expected 2 ciphertexts, got 1"):
        answerer.answer(task.model_copy(update={"delivered": short}))


def deliver(answerer: TaskAnswerer, tasks: Any) -> None:
    answerer.answer(tasks.deliver(tasks.open_until(answerer), WEIGHTS))


def finalize(chain: Any, job: Job, seed: bytes) -> None:
    chain.put(job, JobState.FINISHED, settled=JobSettled(1, seed, 400_000, 600_000, TX))


def test_nothing_is_unmasked_before_everybody_is_paid(
    answerer: TaskAnswerer, buyer: Buyer, running_job: Job, tasks: Any
) -> None:
    deliver(answerer, tasks)
    for _ in range(3):
        carry_on(buyer)
    stored = stored_job(buyer.database, running_job.id)
    assert (stored.stage, stored.outcome_json, stored.seed) == (Stage.OFFERED, None, None)


def test_the_published_seed_turns_the_delivery_into_the_model_in_original_units(
    answerer: TaskAnswerer, world: Any
) -> None:
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    # Everybody is paid, so the buyer needs nothing from the aggregator any more.
    world.aggregator.available = False
    carry_on(world.buyer)
    stored = stored_job(world.database, world.job.id)
    assert stored.stage is Stage.FINISHED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (400_000, 600_000)
    model = LinearModel.from_json(stored.outcome_json or "")
    assert model.weights == (0.05,)
    assert model.intercept == 5 - 1 - 2.5
    assert stored.delivery_check is DeliveryCheck.PENDING


def sign_final(tasks: Any, values: list[float]) -> dict[str, Any]:
    """Have the validators sign `values` as the global model; returns what the aggregator then shows."""
    final = tasks.vector(values, WEIGHT_FRACTIONAL_BITS)
    tasks.candidate_digests = [final.digest(), b"\x01" * 32]
    return {
        "delivered": None,
        "evidence": {
            "final": CiphertextVector.of(final).model_dump(mode="json"),
            "candidate_digests": ["0x" + digest.hex() for digest in tasks.candidate_digests],
        },
        "round": 4,
    }


def verdict(answerer: TaskAnswerer, world: Any, shown: dict[str, Any]) -> DeliveryCheck:
    """Deliver and settle, and return how the model compares with what the aggregator then shows."""
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    world.aggregator.deliveries[1] = {"delivered": None, "evidence": None, "round": 4}
    carry_on(world.buyer)
    assert stored_job(world.database, world.job.id).delivery_check is DeliveryCheck.PENDING
    world.aggregator.deliveries[1] = shown
    carry_on(world.buyer)
    return stored_job(world.database, world.job.id).delivery_check


def test_a_model_equal_to_the_final_weights_that_the_validators_signed_matches(
    answerer: TaskAnswerer, world: Any
) -> None:
    assert verdict(answerer, world, sign_final(world.tasks, WEIGHTS)) is DeliveryCheck.MATCHES


def test_a_model_other_than_the_final_weights_differs(answerer: TaskAnswerer, world: Any) -> None:
    assert verdict(answerer, world, sign_final(world.tasks, [0.5, 0.2])) is DeliveryCheck.DIFFERS


def test_final_weights_that_the_validators_did_not_sign_differ(answerer: TaskAnswerer, world: Any) -> None:
    shown = sign_final(world.tasks, WEIGHTS)
    other = CiphertextVector.of(world.tasks.vector(WEIGHTS, WEIGHT_FRACTIONAL_BITS))
    shown["evidence"]["final"] = other.model_dump(mode="json")
    assert verdict(answerer, world, shown) is DeliveryCheck.DIFFERS


def test_digests_that_the_validators_did_not_sign_differ(answerer: TaskAnswerer, world: Any) -> None:
    shown = sign_final(world.tasks, WEIGHTS)
    shown["evidence"]["candidate_digests"][1] = "0x" + "02" * 32
    assert verdict(answerer, world, shown) is DeliveryCheck.DIFFERS


def test_an_aggregator_that_never_shows_the_final_weights_is_given_up_on(answerer: TaskAnswerer, world: Any) -> None:
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    world.aggregator.available = False
    carry_on(world.buyer)
    world.clock.now += 601
    carry_on(world.buyer)
    stored = stored_job(world.database, world.job.id)
    assert stored.delivery_check is DeliveryCheck.UNAVAILABLE
    assert stored.outcome_json is not None
    with world.database.snapshot() as session:
        assert session.scalars(select(Job.id).where(unfinished())).all() == []


def test_a_growing_plan_widens_the_mask_of_the_delivery(answerer: TaskAnswerer, world: Any, declared: Any) -> None:
    world.aggregator.views[1]["owners"] = declared(1.5)
    world.tasks.plan = replace(world.tasks.plan, growth=1.5)
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    carry_on(world.buyer)
    assert LinearModel.from_json(stored_job(world.database, world.job.id).outcome_json or "").weights == (0.05,)


def test_nothing_more_is_answered_after_the_delivery(answerer: TaskAnswerer, world: Any) -> None:
    last = world.tasks.open_until(answerer)
    delivery = world.tasks.deliver(last, WEIGHTS)
    result = answerer.answer(delivery)
    for task in (last, world.tasks.refresh(4, values=[0.5] * 4)):
        with pytest.raises(ProtocolViolation, match="a delivery was signed for, so nothing else is answered"):
            answerer.answer(task)
    assert answerer.answer(delivery) == result
