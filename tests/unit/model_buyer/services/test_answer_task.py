"""What the buyer answers, what it refuses, and how a job's last tasks turn into the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.jobs import JobSettled, JobState
from commons.chain.signing import CheckpointStatement, recover_checkpoint
from commons.ciphers.paillier import SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.messages import (
    DeliverResult,
    OpenResult,
    OpenTask,
    RefreshResult,
    RefreshTask,
    TrainTask,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.errors import Conflict, ContentRefused, InvalidCiphertext, ProtocolViolation, ServiceUnavailable
from commons.messages import from_hex
from model_buyer.domain.posted_job import DeliveryCheck, PostedJob, Stage
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.carry_on import carry_on
from model_buyer.services.ports import Buyer

TX = "0x" + "cd" * 32
WAD = 10**18
# Weight and bias in training units; in original units: slope 0.5·5/50, intercept 5 + 5·(−0.2) − 0.05·50.
WEIGHTS = [0.5, -0.2]


@pytest.fixture
def answerer(buyer: Buyer, running_job: PostedJob) -> TaskAnswerer:
    return TaskAnswerer(buyer)


def opened(answerer: TaskAnswerer, tasks: Any, *, until: int = 2) -> OpenTask:
    """Open checkpoints 0, 1, … `until`; returns the last task."""
    task = tasks.open(answerer, 0, [8.0])
    answerer.answer(task)
    for checkpoint in range(1, until + 1):
        task = tasks.open(answerer, checkpoint, [4.0, 6.0])
        answerer.answer(task)
    return task


def refresh_task(tasks: Any, number: int = 1, shift_bits: int = 48, values: list[float] | None = None) -> RefreshTask:
    masked = CiphertextVector.of(tasks.vector(values or WEIGHTS, WEIGHT_FRACTIONAL_BITS + shift_bits))
    place = {"round": number, "checkpoint": tasks.spec.checkpoint_of(number)}
    return RefreshTask(job_id=1, **place, masked=masked, shift_bits=shift_bits)


def job_of(buyer: Buyer, job: PostedJob) -> PostedJob:
    with buyer.snapshot() as repository:
        return repository.get(job.id)


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
    answerer: TaskAnswerer, buyer: Buyer, running_job: PostedJob, tasks: Any
) -> None:
    opened(answerer, tasks, until=1)
    with buyer.snapshot() as repository:
        records = repository.openings(running_job.id)
    assert [record.mse for record in records] == [8 / 20 * 25, 4 / 20 * 25]
    assert records[1].leave_one_out_mses_fixed == (6 * WAD // 20,)
    assert records[1].row_count == 20


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
    missing = tasks.validators[1].address.lower()
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
    answerer: TaskAnswerer, buyer: Buyer, running_job: PostedJob, tasks: Any
) -> None:
    task = tasks.open(answerer, 0, [8.0])
    changed = task.statements[0].model_copy(update={"zero_check": task.statements[1].zero_check})
    with pytest.raises(ProtocolViolation):
        answerer.answer(task.model_copy(update={"statements": (changed, task.statements[1])}))
    with buyer.snapshot() as repository:
        assert repository.openings(running_job.id) == []
    answerer.answer(task)


def test_tasks_of_other_jobs_and_other_kinds_are_refused(answerer: TaskAnswerer, tasks: Any) -> None:
    with pytest.raises(ProtocolViolation, match="job 2 is not a job of this buyer"):
        answerer.answer(tasks.open(answerer, 0, [8.0]).model_copy(update={"job_id": 2}))
    vector = CiphertextVector.of(tasks.vector([1.0], WEIGHT_FRACTIONAL_BITS))
    train = TrainTask(job_id=1, round=1, checkpoint=0, weights=vector, averaging_weight=1, averaging_total=1)
    with pytest.raises(ProtocolViolation, match="does not answer train tasks"):
        answerer.answer(train)


def test_a_refresh_is_answered_while_training_and_refused_afterwards(
    answerer: TaskAnswerer, buyer: Buyer, running_job: PostedJob, tasks: Any, secret_key: SecretKey
) -> None:
    task = refresh_task(tasks)
    result = answerer.answer(task)
    assert isinstance(result, RefreshResult)
    fresh = result.refreshed.to_vector(
        secret_key.public_key, count=2, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=1 << 300
    )
    assert secret_key.decrypt_vector(fresh)[0] == 1 << (WEIGHT_FRACTIONAL_BITS - 1)
    with buyer.unit_of_work() as repository:
        repository.save(job_of(buyer, running_job).at(Stage.EXPIRED))
    with pytest.raises(Conflict, match="not in training"):
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


def test_the_delivery_is_signed_for_after_the_last_checkpoint_and_adds_to_no_contribution(
    answerer: TaskAnswerer, account: LocalAccount, world: Any
) -> None:
    task = world.tasks.deliver(opened(answerer, world.tasks), WEIGHTS)
    result = answerer.answer(task)
    assert isinstance(result, DeliverResult)
    delivery = job_of(world.buyer, world.job).delivery
    assert delivery is not None
    assert delivery.delivered == task.delivered
    statement = CheckpointStatement(
        1, 3, 4, 4 * WAD // 20, (4 * WAD // 20,), last=True, delivery_digest=delivery.digest
    )
    signature = bytes.fromhex(result.checkpoint_signature[2:])
    assert recover_checkpoint(world.chain.domain(), statement, signature) == account.address
    assert TaskAnswerer(world.buyer).answer(task) == result


def test_only_one_delivery_is_signed_for(answerer: TaskAnswerer, tasks: Any) -> None:
    last = opened(answerer, tasks)
    answerer.answer(tasks.deliver(last, WEIGHTS))
    with pytest.raises(ProtocolViolation, match="other weights were delivered"):
        answerer.answer(tasks.deliver(last, WEIGHTS))


def test_a_delivery_before_the_end_of_training_is_refused(answerer: TaskAnswerer, tasks: Any) -> None:
    with pytest.raises(ProtocolViolation, match="training must not end at round 2"):
        answerer.answer(tasks.deliver(opened(answerer, tasks, until=1), WEIGHTS))


def test_a_malformed_delivery_is_refused(answerer: TaskAnswerer, tasks: Any) -> None:
    task = tasks.deliver(opened(answerer, tasks), WEIGHTS)
    short = CiphertextVector.of(tasks.vector([1.0], WEIGHT_FRACTIONAL_BITS))
    with pytest.raises(InvalidCiphertext, match="expected 2 ciphertexts, got 1"):
        answerer.answer(task.model_copy(update={"delivered": short}))


def deliver(answerer: TaskAnswerer, tasks: Any) -> None:
    answerer.answer(tasks.deliver(opened(answerer, tasks), WEIGHTS))


def finalize(chain: Any, job: PostedJob, seed: bytes) -> None:
    chain.put(job, JobState.FINISHED, settled=JobSettled(1, seed, 400_000, 600_000, TX))


def test_nothing_is_unmasked_before_everybody_is_paid(
    answerer: TaskAnswerer, buyer: Buyer, running_job: PostedJob, tasks: Any
) -> None:
    deliver(answerer, tasks)
    for _ in range(3):
        carry_on(buyer)
    stored = job_of(buyer, running_job)
    assert (stored.stage, stored.model_json, stored.seed) == (Stage.OFFERED, None, None)


def test_the_published_seed_turns_the_delivery_into_the_model_in_original_units(
    answerer: TaskAnswerer, world: Any
) -> None:
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    # Everybody is paid, so the world.buyer needs nothing from the world.aggregator any more.
    world.aggregator.available = False
    carry_on(world.buyer)
    stored = job_of(world.buyer, world.job)
    assert stored.stage is Stage.FINISHED
    assert stored.settlement is not None
    assert (stored.settlement.paid_wei, stored.settlement.refunded_wei) == (400_000, 600_000)
    model = LinearModel.from_json(stored.model_json or "")
    assert model.weights == (0.05,)
    assert model.intercept == 5 - 1 - 2.5
    assert stored.delivery_check is DeliveryCheck.PENDING


def sign_final(tasks: Any, values: list[float]) -> dict[str, Any]:
    """Have the validators sign `values` as the global model; returns what the aggregator then shows."""
    final = tasks.vector(values, WEIGHT_FRACTIONAL_BITS)
    tasks.candidate_digests = [final.digest(), b"\x01" * 32]
    return {
        "delivered": None,
        "final": CiphertextVector.of(final).model_dump(mode="json"),
        "candidate_digests": ["0x" + digest.hex() for digest in tasks.candidate_digests],
        "round": 4,
    }


def verdict(answerer: TaskAnswerer, world: Any, shown: dict[str, Any]) -> DeliveryCheck:
    """Deliver and settle, and return how the model compares with what the aggregator then shows."""
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    world.aggregator.deliveries[1] = {"delivered": None, "final": None, "candidate_digests": [], "round": 4}
    carry_on(world.buyer)
    assert job_of(world.buyer, world.job).delivery_check is DeliveryCheck.PENDING
    world.aggregator.deliveries[1] = shown
    carry_on(world.buyer)
    return job_of(world.buyer, world.job).delivery_check


def test_a_model_equal_to_the_final_weights_that_the_validators_signed_matches(
    answerer: TaskAnswerer, world: Any
) -> None:
    assert verdict(answerer, world, sign_final(world.tasks, WEIGHTS)) is DeliveryCheck.MATCHES


def test_a_model_other_than_the_final_weights_differs(answerer: TaskAnswerer, world: Any) -> None:
    assert verdict(answerer, world, sign_final(world.tasks, [0.5, 0.2])) is DeliveryCheck.DIFFERS


def test_final_weights_that_the_validators_did_not_sign_differ(answerer: TaskAnswerer, world: Any) -> None:
    shown = sign_final(world.tasks, WEIGHTS)
    other = CiphertextVector.of(world.tasks.vector(WEIGHTS, WEIGHT_FRACTIONAL_BITS))
    unsigned = {**shown, "final": other.model_dump(mode="json")}
    assert verdict(answerer, world, unsigned) is DeliveryCheck.DIFFERS


def test_digests_that_the_validators_did_not_sign_differ(answerer: TaskAnswerer, world: Any) -> None:
    shown = sign_final(world.tasks, WEIGHTS)
    shown["candidate_digests"][1] = "0x" + "02" * 32
    assert verdict(answerer, world, shown) is DeliveryCheck.DIFFERS


def test_an_aggregator_that_never_shows_the_final_weights_is_given_up_on(answerer: TaskAnswerer, world: Any) -> None:
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    world.aggregator.available = False
    carry_on(world.buyer)
    world.clock.now += 601
    carry_on(world.buyer)
    stored = job_of(world.buyer, world.job)
    assert stored.delivery_check is DeliveryCheck.UNAVAILABLE
    assert not stored.needs_attention
    assert stored.model_json is not None


def test_a_growing_plan_widens_the_mask_of_the_delivery(answerer: TaskAnswerer, world: Any, declared: Any) -> None:
    world.aggregator.views[1]["owners"] = declared(1.5)
    world.tasks.plan = replace(world.tasks.plan, growth=1.5)
    deliver(answerer, world.tasks)
    finalize(world.chain, world.job, world.tasks.seed)
    carry_on(world.buyer)
    assert LinearModel.from_json(job_of(world.buyer, world.job).model_json or "").weights == (0.05,)


def test_a_number_that_a_reorganisation_gave_to_another_job_is_answered_under_that_jobs_key(
    answerer: TaskAnswerer, world: Any, job: PostedJob
) -> None:
    answerer.answer(world.tasks.open(answerer, 0, [8.0]))
    with world.buyer.unit_of_work() as repository:
        repository.save(replace(repository.get(world.job.id), chain_job_id=2))
    with pytest.raises(ProtocolViolation, match="not a job of this buyer"):
        answerer.answer(world.tasks.square(1, [4.0, 6.0]))


def test_other_participants_after_a_reorganisation_get_no_answer(answerer: TaskAnswerer, world: Any) -> None:
    answerer.answer(world.tasks.open(answerer, 0, [8.0]))
    world.chain.validators = world.chain.validators[::-1]
    world.chain.put(world.job, JobState.RUNNING)
    with pytest.raises(ProtocolViolation, match="changed who takes part"):
        answerer.answer(world.tasks.square(1, [4.0, 6.0]))


def test_a_round_is_refreshed_once_and_rounds_rise(answerer: TaskAnswerer, buyer: Buyer, tasks: Any) -> None:
    first = refresh_task(tasks)
    answer = answerer.answer(first)
    assert TaskAnswerer(buyer).answer(first) == answer
    with pytest.raises(ProtocolViolation, match="refresh in round 1 was asked before with other contents"):
        answerer.answer(refresh_task(tasks))
    third = refresh_task(tasks, 3)
    answerer.answer(third)
    with pytest.raises(ProtocolViolation, match="round 3 was refreshed already, and rounds rise"):
        answerer.answer(refresh_task(tasks, 2))
    assert answerer.answer(first) == answer


@pytest.mark.parametrize(("number", "shift_bits"), [(1, 0), (1, 192), (1, 47), (3, 8 * 48)])
def test_the_scale_grows_with_the_rounds_and_no_further(
    answerer: TaskAnswerer, tasks: Any, number: int, shift_bits: int
) -> None:
    with pytest.raises(ProtocolViolation, match=f"the scale cannot have grown by {shift_bits} bits since round 0"):
        answerer.answer(refresh_task(tasks, number, shift_bits))
    answerer.answer(refresh_task(tasks, number, (2 * number + 1) * 48))


@pytest.mark.parametrize(("number", "values"), [(1, [0.5] * 4), (2, [0.5] * 2), (2, [0.5] * 6), (1, [0.5])])
def test_all_candidates_are_refreshed_where_a_checkpoint_is_and_one_model_elsewhere(
    answerer: TaskAnswerer, tasks: Any, number: int, values: list[float]
) -> None:
    with pytest.raises(ProtocolViolation, match=f"a refresh of {len(values)} values is not in the protocol here"):
        answerer.answer(refresh_task(tasks, number, values=values))
    answerer.answer(refresh_task(tasks, number, values=[0.5] * (4 if number == 2 else 2)))


def test_the_first_refusal_over_content_ends_the_buyers_part(answerer: TaskAnswerer, world: Any) -> None:
    """One bit in all, not one a question: whoever asks with weights of its choice learns nothing from the second."""
    tasks = world.tasks
    opened(answerer, tasks, until=0)
    stored = answerer.answer(answered := refresh_task(tasks, 1))
    with pytest.raises(ContentRefused, match="a masked weight is larger"):
        answerer.answer(refresh_task(tasks, 2, values=[2.0**400, 0.0, 0.0, 0.0]))
    reason = "this buyer answers nothing more in job 1: refresh: a masked weight is larger"
    for task in (refresh_task(tasks, 2, values=[0.5] * 4), tasks.square(1, [4.0, 4.0]), refresh_task(tasks, 3)):
        for one in (answerer, TaskAnswerer(world.buyer)):
            with pytest.raises(ContentRefused, match=reason):
                one.answer(task)
    assert answerer.answer(answered) == stored
    job = job_of(world.buyer, world.job)
    assert "a masked weight is larger" in job.note
    with world.buyer.snapshot() as repository:
        assert repository.timeline(job.id)[-1].event == job.note


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
    assert "training has diverged" in job_of(world.buyer, world.job).note
    assert answerer.answer(asked) == result
    with pytest.raises(ContentRefused, match="training has diverged"):
        answerer.answer(refresh_task(world.tasks))


def test_nothing_more_is_answered_after_the_delivery(answerer: TaskAnswerer, world: Any) -> None:
    last = opened(answerer, world.tasks)
    delivery = world.tasks.deliver(last, WEIGHTS)
    result = answerer.answer(delivery)
    for task in (last, refresh_task(world.tasks, 4, values=[0.5] * 4)):
        with pytest.raises(ProtocolViolation, match="training is over"):
            answerer.answer(task)
    assert answerer.answer(delivery) == result
