"""The validator's side of a checkpoint, with buyers that lie to it and aggregators that ask for more than was agreed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.chain.signing import recover_message
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.numeric_plan import CHECK_FACTOR_BITS, MASK_BITS
from commons.errors import InvalidCiphertext, ProtocolViolation
from commons.messages import from_hex

ROUND, CHECKPOINT = 3, 1
W = [np.array([5.0, -3.0, 1.0, 7.0]), *(np.array([4.0, -2.5, c, 6.0]) for c in (0.0, 0.5, 2.0))]


@pytest.fixture(scope="module")
def task(shared_job):
    models = [shared_job.encrypt_weights(weights, ROUND) for weights in W]
    return shared_job.evaluate_task(ROUND, CHECKPOINT, models)


@pytest.fixture
def owner(shared_job):
    return shared_job.validators[0]


def packed_values(job, owner, pair, *, scaled):
    plan, rows = job.plan, len(owner.y)
    slot = plan.scaled_residual_slot_bits(ROUND, rows) if scaled else plan.residual_slot_bits(ROUND, rows)
    wire = pair.scaled_residuals if scaled else pair.residuals
    packed = wire.to_packed(
        job.context.key, count=plan.spec.n_weights, fractional_bits=plan.residual_fractional_bits, slot_bits=slot
    )
    return job.secret_key.decrypt_packed(packed)


def residual(owner, weights):
    metric = owner.metric()
    return metric.R @ weights - metric.q


def adjust(squares, plan, key, plain, scaled):
    """A lie: constants added to the sums of squares, which the buyer can do to what it encrypts."""

    def moved(wire, encoded):
        form = {"count": len(encoded), "fractional_bits": plan.sse_fractional_bits, "bound": 1 << 500}
        false = wire.to_vector(key, **form).add_encoded(encoded)
        return CiphertextVector.of(false, unsafe_not_rerandomized="a liar does not care")

    return squares.model_copy(
        update={
            "squares": moved(squares.squares, plain),
            "scaled_squares": moved(squares.scaled_squares, scaled),
        }
    )


def zero_checks(job, task, lie):
    opened = job.open_without_checks(job.statements(task, lie=lie), task)
    return [from_hex(item.value) for item in opened.zero_checks]


def test_masks_are_100_bits_wider_than_what_they_hide(shared_job, task, owner):
    validator = owner.validator(shared_job.context)
    result = validator.evaluate(task, shared_job.randomizer, owner.sign)
    plan = shared_job.plan
    value_bits = plan.residual_bits(ROUND, len(owner.y))
    for weights, pair in zip(W, result.masked, strict=True):
        real = residual(owner, weights)
        masked = packed_values(shared_job, owner, pair, scaled=False)
        scaled = packed_values(shared_job, owner, pair, scaled=True)
        assert max(abs(real)) * 2**plan.residual_fractional_bits < 2**value_bits
        # A uniform mask of that width is smaller than 2^-30 of it with a chance of 2^-30.
        for value, bits in (
            (min(masked), value_bits + MASK_BITS),
            (min(scaled), value_bits + MASK_BITS + CHECK_FACTOR_BITS),
        ):
            assert bits - 30 <= value.bit_length() <= bits + 1


def test_masks_are_uniform_over_their_width(shared_job, owner):
    """The top bytes of many masked residuals of one value look like uniform bytes."""
    validator = owner.validator(shared_job.context)
    top = shared_job.plan.residual_bits(ROUND, len(owner.y)) + MASK_BITS - 8
    seen = []
    for _ in range(20):
        models = [shared_job.encrypt_weights(W[0], ROUND) for _ in range(4)]
        result = validator.evaluate(
            shared_job.evaluate_task(ROUND, CHECKPOINT, models), shared_job.randomizer, owner.sign
        )
        for pair in result.masked:
            seen += [value >> top for value in packed_values(shared_job, owner, pair, scaled=False)]
    assert len(seen) == 20 * 4 * 4
    assert all(0 <= value <= 256 for value in seen)
    # 320 uniform bytes: mean 127.5 ± 4.1, about 30 % of the 256 values missing.
    assert np.mean(seen) == pytest.approx(127.5, abs=6 * 4.1)
    assert len(set(seen)) > 150


def test_masks_differ_between_candidates_and_places_and_repeat_for_the_same(shared_job, task, owner):
    validator, key = owner.validator(shared_job.context), shared_job.context.key
    vectors = [one.to_vector(key, count=4, fractional_bits=192, bound=1 << 300) for one in task.candidates]
    again = shared_job.encrypt_weights(W[0], ROUND)
    places = [(ROUND, CHECKPOINT, vector) for vector in (*vectors, again)] + [
        (6, 2, vectors[0]),
        (0, 0, vectors[0]),
    ]
    masks = [validator._secrets(*place) for place in places]
    drawn = [mask for one in masks for mask in (*one.mask, *one.scaled_mask)]
    assert len(set(drawn)) == len(places) * 2 * 4
    assert validator._secrets(*places[0]) == masks[0]
    first, second = (validator.evaluate(task, shared_job.randomizer, owner.sign) for _ in range(2))
    for one, other in zip(first.masked, second.masked, strict=True):
        assert one.residuals.ciphertexts != other.residuals.ciphertexts
        assert one.scaled_residuals.ciphertexts != other.scaled_residuals.ciphertexts
        for scaled in (False, True):
            values = packed_values(shared_job, owner, one, scaled=scaled)
            assert values == packed_values(shared_job, owner, other, scaled=scaled)


def test_two_validators_with_the_same_rows_do_not_share_masks(shared_job, task, make_owner):
    rows = shared_job.validators[0]
    twins = [make_owner(rows.X, rows.y, rows.account) for _ in range(2)]
    seen = [
        packed_values(
            shared_job,
            twin,
            twin.validator(shared_job.context).evaluate(task, shared_job.randomizer, twin.sign).masked[0],
            scaled=False,
        )
        for twin in twins
    ]
    assert set(seen[0]).isdisjoint(seen[1])


def test_the_unmasked_sum_is_the_squared_error_of_the_rows(shared_job, task):
    statements = shared_job.statements(task)
    plan = shared_job.plan
    for owner, statement in zip(shared_job.validators, statements, strict=True):
        vector = statement.sse.to_vector(
            shared_job.context.key, count=4, fractional_bits=plan.sse_fractional_bits, bound=1 << 900
        )
        errors = [shared_job.secret_key.decrypt(c) / (1 << plan.sse_fractional_bits) for c in vector.ciphertexts]
        expected = [float(np.sum((owner.X @ weights - owner.y) ** 2)) for weights in W]
        noise = 2**-24 * len(owner.y) * plan.spec.target.half_width**2
        for found, error in zip(errors, expected, strict=True):
            assert -1e-9 * error < found - error < noise


def test_what_a_validator_sends_is_rerandomised(shared_job, task, owner):
    first, second = (shared_job.residuals(owner, task) for _ in range(2))
    assert first.corrections.ciphertexts != second.corrections.ciphertexts
    squares = shared_job.buyer.square(shared_job.square_task(task), recover_message).result.validators[0]
    one, other = (shared_job.statement(task, squares) for _ in range(2))
    assert (one.validator, one.candidates_digest, one.sse) == (other.validator, other.candidates_digest, other.sse)
    assert one.zero_check.ciphertexts != other.zero_check.ciphertexts


def test_noise_is_drawn_anew_and_uniform_below_its_bound(shared_job, task, owner):
    """The same models evaluated again differ by noise alone, of which the largest of 80 draws is rarely small."""
    plan, key = shared_job.plan, shared_job.secret_key
    bound = 2**-24 * len(owner.y) * plan.spec.target.half_width**2
    form = {"count": 4, "fractional_bits": plan.sse_fractional_bits, "bound": 1}
    drawn = []
    for _ in range(20):
        corrections = shared_job.residuals(owner, task).corrections.to_vector(key.public_key, **form)
        drawn.append(key.decrypt_vector(corrections))
    for first, *rest in zip(*drawn, strict=True):
        differences = [(value - first) / 2**plan.sse_fractional_bits / bound for value in rest]
        assert len(set(differences)) == 19
        assert all(abs(difference) < 1 for difference in differences)
        # 20 uniform numbers span less than half of their range with a chance of 2e-5.
        assert max(differences) - min(0, *differences) > 0.5


def test_a_correction_alone_tells_nothing_without_the_masked_residuals(shared_job, task, owner):
    """It is as wide as the squares of the masks, of which the buyer alone knows the sum."""
    plan, key = shared_job.plan, shared_job.secret_key
    corrections = shared_job.residuals(owner, task).corrections.to_vector(
        key.public_key, count=4, fractional_bits=plan.sse_fractional_bits, bound=1
    )
    mask_bits = plan.residual_bits(ROUND, len(owner.y)) + MASK_BITS
    assert all(value < 0 and value.bit_length() > 2 * (mask_bits - 20) for value in key.decrypt_vector(corrections))


def test_fewer_rows_than_weights_are_evaluated_too(make_job, make_parts):
    parts = make_parts(8, (9, 2), 4)
    job = make_job(parts[:1], parts[1:], rounds=1, evaluate_every=1)
    values = job.evaluate(0, 0, [job.encrypt_weights(np.zeros(4), 0)])
    noise = 2**-24 * job.plan.spec.target.half_width**2
    assert 0 <= values.mse_target_units - float(np.mean(parts[1][1] ** 2)) < noise


def test_an_honest_buyer_passes_the_zero_check(shared_job, task):
    assert zero_checks(shared_job, task, lambda squares: squares) == [0, 0]


@settings(max_examples=5)
@given(
    plain=st.lists(st.integers(-(2**490), 2**490), min_size=4, max_size=4),
    guess=st.integers(2 ** (CHECK_FACTOR_BITS - 1), 2**CHECK_FACTOR_BITS - 1),
)
def test_a_buyer_that_adds_anything_to_the_squares_is_caught(shared_job, task, plain, guess):
    """Plain sums alone, and both with the scaled ones moved consistently for a guessed factor."""
    plan, key = shared_job.plan, shared_job.context.key
    honest = not any(plain)

    def alone(squares):
        return adjust(squares, plan, key, plain, [0, 0, 0, 0])

    def both(squares):
        return adjust(squares, plan, key, plain, [value * guess**2 for value in plain])

    for lie in (alone, both):
        assert all((value == 0) is honest for value in zero_checks(shared_job, task, lie))


def test_a_buyer_that_adds_to_the_scaled_squares_only_is_caught(shared_job, task):
    plan, key = shared_job.plan, shared_job.context.key
    found = zero_checks(shared_job, task, lambda squares: adjust(squares, plan, key, [0] * 4, [0, 0, 1, 0]))
    assert all(found)


def test_opposite_lies_about_two_candidates_do_not_cancel(shared_job, task):
    plan, key = shared_job.plan, shared_job.context.key
    amount = 1 << 480
    found = zero_checks(shared_job, task, lambda squares: adjust(squares, plan, key, [amount, -amount, 0, 0], [0] * 4))
    assert all(found)


def test_only_who_knows_the_secret_factor_could_lie(shared_job, task, owner):
    """The check is tight: with the true factor a consistent lie passes, so all rests on that nobody else knows it."""
    validator = owner.validator(shared_job.context)
    key, plan = shared_job.context.key, shared_job.plan
    weights = task.candidates[0].to_vector(key, count=4, fractional_bits=192, bound=1 << 300)
    factor = validator._secrets(ROUND, CHECKPOINT, weights).factor
    assert factor.bit_length() == CHECK_FACTOR_BITS

    def lie(squares):
        if squares.validator != owner.address:
            return squares
        return adjust(squares, plan, key, [7, 0, 0, 0], [7 * factor**2, 0, 0, 0])

    assert zero_checks(shared_job, task, lie) == [0, 0]


def test_factors_are_secret_fresh_for_each_candidate_and_have_their_full_size(shared_job, task, make_owner):
    key = shared_job.context.key
    vectors = [one.to_vector(key, count=4, fractional_bits=192, bound=1 << 300) for one in task.candidates]
    rows = shared_job.validators[0]
    secrets_of = [
        make_owner(rows.X, rows.y, rows.account).validator(shared_job.context)._secrets(ROUND, CHECKPOINT, vector)
        for vector in vectors
        for _ in range(5)
    ]
    numbers = [number for one in secrets_of for number in (one.factor, one.check_factor)]
    assert len(set(numbers)) == 2 * 20
    assert {number.bit_length() for number in numbers} == {CHECK_FACTOR_BITS}
    assert "mask" not in repr(secrets_of[0])


def test_squares_of_another_number_of_candidates_are_refused(shared_job, task):
    def shorter(squares):
        return squares.model_copy(update={"squares": squares.squares.model_copy(update={"count": 3})})

    with pytest.raises(InvalidCiphertext, match="expected 4 ciphertexts, got 3"):
        shared_job.statements(task, lie=shorter)


@pytest.mark.parametrize(
    ("number", "checkpoint"),
    [(7, 3), (100, 1), (3, 2), (0, 1), (1, 2), (6, 3), (2, 1), (6, 1), (4, 2), (3, 0)],
)
def test_evaluations_beyond_those_of_the_specification_are_refused(shared_job, owner, number, checkpoint):
    """Six rounds with an evaluation every third: checkpoints 0, 1 and 2."""
    models = [shared_job.encrypt_weights(weights, ROUND) for weights in W]
    asked = shared_job.evaluate_task(number, checkpoint, models)
    validator = owner.validator(shared_job.context)
    with pytest.raises(ProtocolViolation, match="in this job's specification"):
        validator.evaluate(asked, shared_job.randomizer, owner.sign)


@pytest.mark.parametrize(("checkpoint", "count"), [(1, 1), (1, 3), (1, 5), (0, 2), (0, 4)])
def test_another_number_of_candidates_is_refused(shared_job, owner, checkpoint, count):
    number = shared_job.plan.spec.round_of(checkpoint)
    models = [shared_job.encrypt_weights(W[0], number) for _ in range(count)]
    asked = shared_job.evaluate_task(number, checkpoint, models)
    with pytest.raises(ProtocolViolation, match=f"{count} candidates at checkpoint {checkpoint}"):
        owner.validator(shared_job.context).evaluate(asked, shared_job.randomizer, owner.sign)


def test_candidates_of_another_scale_are_refused(shared_job, task, owner):
    wrong = task.candidates[0].model_copy(update={"fractional_bits": 193})
    asked = task.model_copy(update={"candidates": (wrong, *task.candidates[1:])})
    with pytest.raises(InvalidCiphertext, match="scale of 192"):
        owner.validator(shared_job.context).evaluate(asked, shared_job.randomizer, owner.sign)


@pytest.fixture(scope="module")
def opened(shared_job, task):
    return shared_job.open_without_checks(shared_job.statements(task), task)


def test_a_validator_accepts_honest_openings(shared_job, opened, owner):
    result = owner.validator(shared_job.context).verify(opened, recover_message)
    assert (result.accepted, result.reason) == (True, "")


def test_a_validator_objects_to_a_false_opening_and_says_why(shared_job, opened, owner):
    first = opened.sums[0].model_copy(update={"value": hex(from_hex(opened.sums[0].value) - 1)})
    false = opened.model_copy(update={"sums": (first, *opened.sums[1:])})
    result = owner.validator(shared_job.context).verify(false, recover_message)
    assert not result.accepted
    assert "opening 0 does not fit its ciphertext" in result.reason


def test_a_validator_objects_when_its_statement_was_left_out(shared_job, task, opened, owner):
    without = opened.model_copy(update={"statements": opened.statements[1:], "zero_checks": opened.zero_checks[1:]})
    result = owner.validator(shared_job.context).verify(without, recover_message)
    assert not result.accepted
    assert "own statement was left out" in result.reason
    other = shared_job.validators[1].validator(shared_job.context).verify(without, recover_message)
    assert not other.accepted
    assert "needs those of 2 validators" in other.reason


def test_a_validator_objects_to_a_statement_that_its_validator_did_not_sign(shared_job, opened, owner):
    first, second = opened.statements
    forged = opened.model_copy(
        update={"statements": (first, second.model_copy(update={"zero_check": first.zero_check}))}
    )
    result = owner.validator(shared_job.context).verify(forged, recover_message)
    assert not result.accepted
    assert "signature is not its own" in result.reason
