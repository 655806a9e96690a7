from dataclasses import replace

import numpy as np
import pytest

from commons.ciphers.masks import draw_seed, refresh_mask
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.numeric_plan import (
    MASK_BITS,
    MATRIX_FRACTIONAL_BITS,
    WEIGHT_FRACTIONAL_BITS,
)
from commons.computations.linear_regression.refreshing import check_refresh, mask_weights, unmask_weights
from commons.errors import InvalidCiphertext, ProtocolViolation

ROUND, CHECKPOINT, LIFT = 3, 1, 2 * MATRIX_FRACTIONAL_BITS
W = [np.array([5.0, -3.0, 1.0, 7.0]), np.array([-4.0, 2.5, 1e-9, 0.0])]


@pytest.fixture(scope="module")
def seed():
    return draw_seed()


@pytest.fixture(scope="module")
def models(shared_job):
    lifted = []
    for weights in W:
        model = shared_job.encrypt_weights(weights, ROUND)
        bound = shared_job.plan.weight_bound(ROUND, model.fractional_bits + LIFT)
        lifted.append(model.multiply_encoded(1 << LIFT, LIFT).unsafe_with_bound(bound))
    return lifted


def mask(job, models, seed):
    place = {"round_number": ROUND, "checkpoint": CHECKPOINT}
    return mask_weights(job.context, models, seed, job.randomizer, **place)


@pytest.fixture(scope="module")
def task(shared_job, models, seed):
    return mask(shared_job, models, seed)


@pytest.fixture(scope="module")
def result(shared_job, task):
    return shared_job.buyer.refresh(task)


def test_a_refresh_ends_one_unit_in_the_last_place_from_where_it_began(shared_job, task, result, seed):
    fresh = check_refresh(shared_job.context, task, result)
    unmasked = unmask_weights(shared_job.context, task, fresh, seed)
    assert len(unmasked) == 2
    for weights, model in zip(W, unmasked, strict=True):
        encoded = [round(float(w) * 2**64) << (WEIGHT_FRACTIONAL_BITS - 64) for w in weights]
        found = shared_job.secret_key.decrypt_vector(model)
        assert all(abs(a - b) <= 1 for a, b in zip(found, encoded, strict=True))
        assert model.fractional_bits == WEIGHT_FRACTIONAL_BITS
        assert model.bound == shared_job.plan.weight_bound(ROUND, WEIGHT_FRACTIONAL_BITS)


def test_the_task_says_where_it_belongs_and_what_to_take_off(shared_job, task):
    assert (task.job_id, task.round, task.checkpoint) == (shared_job.context.job_id, ROUND, CHECKPOINT)
    assert task.shift_bits == LIFT
    assert (task.masked.count, task.masked.fractional_bits) == (8, WEIGHT_FRACTIONAL_BITS + LIFT)


def test_every_weight_has_a_mask_of_its_own_100_bits_wider(shared_job, models, task, seed):
    scale = WEIGHT_FRACTIONAL_BITS + LIFT
    bits = shared_job.plan.mask_bits(ROUND, scale)
    assert bits == shared_job.plan.weight_bits(ROUND) + scale + MASK_BITS
    masks = refresh_mask(seed, 8, bits)
    assert len(set(masks)) == 8
    masked = shared_job.secret_key.decrypt_vector(
        task.masked.to_vector(shared_job.context.key, count=8, fractional_bits=scale, bound=1 << 500)
    )
    plain = [value for model in models for value in shared_job.secret_key.decrypt_vector(model)]
    assert [a - b for a, b in zip(masked, plain, strict=True)] == masks


def test_two_refreshes_never_use_the_same_mask_or_ciphertext(shared_job, models, task):
    other = mask(shared_job, models, draw_seed())
    assert other.masked.ciphertexts != task.masked.ciphertexts
    again = mask(shared_job, models, draw_seed())
    form = {"count": 8, "fractional_bits": WEIGHT_FRACTIONAL_BITS + LIFT, "bound": 1 << 500}
    one, two = (
        shared_job.secret_key.decrypt_vector(item.masked.to_vector(shared_job.context.key, **form))
        for item in (other, again)
    )
    assert set(one).isdisjoint(two)


def test_an_answer_to_another_task_is_refused(shared_job, models, result):
    for other in (mask(shared_job, models, draw_seed()), mask(shared_job, models[::-1], draw_seed())):
        with pytest.raises(ProtocolViolation):
            check_refresh(shared_job.context, other, result)


def test_an_answer_from_another_place_or_job_is_refused(shared_job, task, result):
    for change in ({"round": ROUND + 1}, {"checkpoint": CHECKPOINT + 1}):
        with pytest.raises(ProtocolViolation):
            check_refresh(shared_job.context, task.model_copy(update=change), result)
    with pytest.raises(ProtocolViolation):
        check_refresh(replace(shared_job.context, job_id=8), task, result)


def test_exchanged_ciphertexts_are_refused(shared_job, task, result):
    form = {"count": 8, "fractional_bits": WEIGHT_FRACTIONAL_BITS, "bound": 1 << 500}
    vector = result.refreshed.to_vector(shared_job.context.key, **form)
    swapped = CiphertextVector.of(vector[4:].concatenate(vector[:4]), unsafe_not_rerandomized="a liar does not care")
    with pytest.raises(ProtocolViolation):
        check_refresh(shared_job.context, task, result.model_copy(update={"refreshed": swapped}))


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("refreshed", {"count": 7}),
        ("refreshed", {"fractional_bits": 191}),
        ("refreshed", {"ciphertexts": ""}),
        ("blinding", {"count": 2}),
        ("blinding", {"fractional_bits": 0}),
        ("range_blindings", {"count": 79}),
        ("range_blindings", {"fractional_bits": 0}),
    ],
)
def test_malformed_vectors_are_refused(shared_job, task, result, field, change):
    broken = getattr(result, field).model_copy(update=change)
    with pytest.raises(InvalidCiphertext):
        check_refresh(shared_job.context, task, result.model_copy(update={field: broken}))


@pytest.mark.parametrize("field", ["opened_value", "opened_randomness"])
def test_a_forged_opening_is_refused(shared_job, task, result, field):
    with pytest.raises(ProtocolViolation, match="opening 0 does not fit"):
        check_refresh(shared_job.context, task, result.model_copy(update={field: "0x1"}))
