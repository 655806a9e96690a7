from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from commons.errors import InvalidCiphertext, InvalidInput, ProtocolViolation
from commons.learning import GradientMap
from commons.protocol.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS, NumericPlan
from commons.protocol.tasks import TrainTask
from commons.protocol.wire import CiphertextVector
from data_owner.domain.local_training import LocalTrainer

W = np.array([5.0, -3.0, 1.5, 7.0])


@pytest.fixture
def owner(shared_job):
    return shared_job.trainers[1]


def task_of(job, weights=W, number=2, **changes):
    vector = job.encrypt_weights(weights, number - 1)
    fields = {
        "job_id": job.context.job_id,
        "round": number,
        "checkpoint": 0,
        "weights": CiphertextVector.of(vector),
        "averaging_weight": 3,
        "averaging_total": 8,
    }
    return TrainTask(**fields | changes)


def decrypt(job, update):
    scale = WEIGHT_FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS
    vector = update.to_vector(job.context.key, count=4, fractional_bits=scale, bound=1 << 400)
    return job.decrypt_weights(vector)


def test_the_update_is_the_owners_share_of_its_local_steps(shared_job, owner):
    result = owner.trainer(shared_job.context).train(task_of(shared_job), shared_job.randomizer)
    expected = W - 1.5 * owner.X.T @ (owner.X @ W - owner.y) / len(owner.y)
    assert decrypt(shared_job, result.update) == pytest.approx(3 / 8 * expected, rel=1e-12)


def test_only_the_share_of_the_averaging_weights_matters(shared_job, owner):
    trainer = owner.trainer(shared_job.context)
    halves = [
        decrypt(
            shared_job,
            trainer.train(task_of(shared_job, averaging_weight=a, averaging_total=b), shared_job.randomizer).update,
        )
        for a, b in ((1, 2), (7, 14))
    ]
    assert halves[0] == pytest.approx(halves[1], rel=1e-12)


def test_what_leaves_is_rerandomised(shared_job, owner):
    trainer, task = owner.trainer(shared_job.context), task_of(shared_job)
    one, other = (trainer.train(task, shared_job.randomizer).update for _ in range(2))
    assert one.ciphertexts != other.ciphertexts
    assert (decrypt(shared_job, one) == decrypt(shared_job, other)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"averaging_weight": 9}, "averaging_weight must not exceed averaging_total"),
        ({"round": 7}, "round 7 is not in the specification, which has 6"),
        ({"round": 0}, "round 0 is not in the specification"),
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
        LocalTrainer(shared_job.context, fast)
    plan = NumericPlan(shared_job.plan.spec, shared_job.plan.key_bits, growth=3.0)
    LocalTrainer(replace(shared_job.context, plan=plan), fast)


def test_rows_outside_of_the_declared_ranges_are_refused(shared_job, owner):
    far = replace(owner, y=owner.y + 1e6)
    with pytest.raises(InvalidInput) as caught:
        far.trainer(shared_job.context)
    assert caught.value.fields["field"] == "features"


def test_nothing_of_the_rows_is_in_a_repr(shared_job, owner):
    text = repr(owner.trainer(shared_job.context)) + repr(owner.step(shared_job.plan.spec))
    assert not any(str(round(float(value), 4)) in text for value in owner.step(shared_job.plan.spec).b)


def test_shares_are_exact_rationals(shared_job, owner):
    """One third and two thirds of the same update add up to it, to the matrix' precision."""
    trainer = owner.trainer(shared_job.context)
    parts = [
        decrypt(
            shared_job,
            trainer.train(task_of(shared_job, averaging_weight=k, averaging_total=3), shared_job.randomizer).update,
        )
        for k in (1, 2, 3)
    ]
    limit = float(Fraction(20, 2**MATRIX_FRACTIONAL_BITS)) * np.abs(W).sum()
    assert np.abs(parts[0] + parts[1] - parts[2]).max() <= limit
