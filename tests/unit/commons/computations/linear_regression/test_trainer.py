from dataclasses import replace

import numpy as np
import pytest

from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.learning import GradientMap
from commons.computations.linear_regression.messages import TrainTask
from commons.computations.linear_regression.numeric_plan import (
    MATRIX_FRACTIONAL_BITS,
    WEIGHT_FRACTIONAL_BITS,
    NumericPlan,
)
from commons.computations.linear_regression.trainer import LocalTrainer
from commons.errors import InvalidCiphertext, InvalidInput, ProtocolViolation

W = np.array([5.0, -3.0, 1.5, 7.0])


@pytest.fixture
def owner(shared_job):
    return shared_job.trainers[1]


def task_of(job, weights=W, number=2, **changes):
    vector = job.encrypt_weights(weights, number - 1)
    fields = {
        "job_id": job.context.job_id,
        "round": number,
        "checkpoint": job.plan.spec.checkpoint_of(number),
        "weights": CiphertextVector.of(vector),
        "averaging_weight": 31,
        "averaging_total": 66,
    }
    return TrainTask(**fields | changes)


def decrypt(job, update):
    scale = WEIGHT_FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS
    vector = update.to_vector(job.context.key, count=4, fractional_bits=scale, bound=1 << 400)
    return job.decrypt_weights(vector)


def test_the_update_is_the_owners_share_of_its_local_steps(shared_job, owner):
    result = owner.trainer(shared_job.context).train(task_of(shared_job), shared_job.randomizer)
    expected = W - 1.5 * owner.X.T @ (owner.X @ W - owner.y) / len(owner.y)
    assert decrypt(shared_job, result.update) == pytest.approx(31 / 66 * expected, rel=1e-12)


def test_a_share_may_be_written_in_other_numbers(shared_job, owner):
    trainer = owner.trainer(shared_job.context)
    updates = [
        decrypt(
            shared_job,
            trainer.train(task_of(shared_job, averaging_weight=a, averaging_total=b), shared_job.randomizer).update,
        )
        for a, b in ((31, 66), (310, 660))
    ]
    assert (updates[0] == updates[1]).all()


@pytest.mark.parametrize(("weight", "total"), [(1, 1), (66, 66), (30, 66), (1, 3), (67, 66)])
def test_another_share_than_the_accepted_rows_give_is_refused(shared_job, owner, weight, total):
    """With its whole update instead of its share a trainer would tell more than an average needs."""
    task = task_of(shared_job, averaging_weight=weight, averaging_total=total)
    with pytest.raises(ProtocolViolation, match="by the accepted rows it is 31/66"):
        owner.trainer(shared_job.context).train(task, shared_job.randomizer)


def test_where_all_count_alike_the_share_is_one_over_their_number(make_job, make_parts):
    parts = make_parts(3, (20, 31, 15, 18), 4)
    job = make_job(parts[:3], parts[3:], rounds=6, evaluate_every=3, averaging="uniform")
    task = task_of(job, averaging_weight=1, averaging_total=3)
    result = job.trainers[1].trainer(job.context).train(task, job.randomizer)
    X, y = parts[1]
    expected = (W - 1.5 * X.T @ (X @ W - y) / len(y)) / 3
    assert decrypt(job, result.update) == pytest.approx(expected, rel=1e-12)


def test_what_leaves_is_rerandomised(shared_job, owner):
    trainer, task = owner.trainer(shared_job.context), task_of(shared_job)
    one, other = (trainer.train(task, shared_job.randomizer).update for _ in range(2))
    assert one.ciphertexts != other.ciphertexts
    assert (decrypt(shared_job, one) == decrypt(shared_job, other)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"round": 7, "checkpoint": 3}, "checkpoint 3 in round 7 is not in this job's specification"),
        ({"round": 2, "checkpoint": 0}, "checkpoint 0 in round 2 is not in this job's specification"),
        ({"round": 4, "checkpoint": 1}, "checkpoint 1 in round 4 is not in this job's specification"),
        ({"round": 0, "checkpoint": 0}, "nothing is trained in it"),
    ],
)
def test_a_task_that_the_protocol_does_not_have_is_refused(shared_job, owner, changes, message):
    trainer = owner.trainer(shared_job.context)
    with pytest.raises(ProtocolViolation, match=message):
        trainer.train(task_of(shared_job).model_copy(update=changes), shared_job.randomizer)


@pytest.mark.parametrize("scale", [0, WEIGHT_FRACTIONAL_BITS - 1, 900])
def test_a_scale_that_the_protocol_does_not_produce_is_refused(shared_job, owner, scale):
    task = task_of(shared_job)
    scaled = task.weights.model_copy(update={"fractional_bits": scale})
    with pytest.raises(ProtocolViolation, match=f"weights of scale {scale} cannot be trained on in round 2"):
        owner.trainer(shared_job.context).train(task.model_copy(update={"weights": scaled}), shared_job.randomizer)


def test_malformed_weights_are_refused(shared_job, owner):
    task = task_of(shared_job)
    trainer = owner.trainer(shared_job.context)
    three = task.weights.model_copy(update={"count": 3})
    with pytest.raises(InvalidCiphertext, match="expected 4 ciphertexts, got 3"):
        trainer.train(task.model_copy(update={"weights": three}), shared_job.randomizer)
    cut = task.weights.model_copy(update={"ciphertexts": task.weights.ciphertexts[:-8]})
    with pytest.raises(InvalidCiphertext, match="expected 4 ciphertexts"):
        trainer.train(task.model_copy(update={"weights": cut}), shared_job.randomizer)


def test_local_steps_that_grow_faster_than_declared_are_refused(shared_job, owner):
    step = owner.step(shared_job.plan.spec)
    fast = GradientMap(A=step.A * 3, b=step.b, spectral_norm=step.spectral_norm * 3)
    with pytest.raises(InvalidInput, match="learning_rate: local steps grow faster than was declared"):
        LocalTrainer(shared_job.context, fast, address=owner.address)
    plan = NumericPlan(shared_job.plan.spec, shared_job.plan.key_bits, growth=3.0)
    LocalTrainer(replace(shared_job.context, plan=plan), fast, address=owner.address)


def test_rows_outside_of_the_declared_ranges_are_refused(shared_job, owner):
    far = replace(owner, y=owner.y + 1e6)
    with pytest.raises(InvalidInput) as caught:
        far.trainer(shared_job.context)
    assert caught.value.fields["field"] == "features"


def test_nothing_of_the_rows_is_in_a_repr(shared_job, owner):
    text = repr(owner.trainer(shared_job.context)) + repr(owner.step(shared_job.plan.spec))
    assert not any(str(round(float(value), 4)) in text for value in owner.step(shared_job.plan.spec).b)
