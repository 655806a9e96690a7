"""What the holder of the secret key answers, and above all what it does not."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from commons.chain.signing import recover_message, sign_message
from commons.ciphers.masks import draw_seed
from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.computations.linear_regression.messages import Fault, OpenTask, RefreshTask
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.refreshing import mask_weights, unmask_weights
from commons.computations.linear_regression.statements import evaluation_digest, statement_digest
from commons.errors import ContentRefused, HeadroomExceeded, InvalidCiphertext, ProtocolViolation
from commons.market.delivery import delivery_mask
from commons.messages import from_hex
from tests.support.worthless_keys import worthless_key

ROUND, CHECKPOINT = 3, 1
W = [np.array([5.0, -3.0, 1.0, 7.0]), *(np.array([4.0, -2.5, c, 6.0]) for c in (0.0, 0.5, 2.0))]


@pytest.fixture(scope="module")
def models(shared_job):
    return [shared_job.encrypt_weights(weights, ROUND) for weights in W]


@pytest.fixture(scope="module")
def evaluation(shared_job, models):
    return shared_job.evaluate_task(ROUND, CHECKPOINT, models)


@pytest.fixture(scope="module")
def statements(shared_job, evaluation):
    return shared_job.statements(evaluation)


def open_task(job, statements):
    return OpenTask(**job.head(ROUND, CHECKPOINT), statements=tuple(statements))


def refresh_task(job, models, seed=None):
    return mask_weights(
        job.context,
        models,
        seed or draw_seed(),
        job.randomizer,
        round_number=ROUND,
        checkpoint=CHECKPOINT,
    )


def test_only_the_key_of_the_job_is_taken(shared_job):
    with pytest.raises(ProtocolViolation, match="not this buyer's key"):
        KeyHolder(shared_job.context, worthless_key(1024, "b"))


# -- refresh


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_refresh_of_one_model_or_of_all_candidates_keeps_them(shared_job, models, count):
    chosen = models[: max(count, 1)]
    seed = draw_seed()
    lifted = [model.multiply_encoded(1 << 96, 96) for model in chosen]
    task = refresh_task(shared_job, lifted, seed)
    result = shared_job.buyer.refresh(task)
    fresh = result.refreshed.to_vector(
        shared_job.context.key, count=4 * len(chosen), fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=1 << 400
    )
    refreshed = unmask_weights(shared_job.context, task, fresh, seed)
    for weights, model in zip(W, refreshed, strict=False):
        exact = [int(Fraction(w) * 2**WEIGHT_FRACTIONAL_BITS) for w in weights]
        found = shared_job.secret_key.decrypt_vector(model)
        assert all(abs(a - b) <= 1 for a, b in zip(found, exact, strict=True))


def test_the_buyer_sees_masked_weights_only(shared_job, models):
    """The same weights twice: what the buyer decrypts differs by about as much as masks do."""
    plan = shared_job.plan
    bits = plan.mask_bits(ROUND, WEIGHT_FRACTIONAL_BITS)
    seen = []
    for _ in range(2):
        task = refresh_task(shared_job, models)
        vector = task.masked.to_vector(
            shared_job.context.key, count=16, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=1 << 400
        )
        seen.append(shared_job.secret_key.decrypt_vector(vector))
    differences = [abs(a - b).bit_length() for a, b in zip(*seen, strict=True)]
    assert all(bits - 40 <= difference <= bits for difference in differences)
    assert bits - plan.weight_bits(ROUND) - WEIGHT_FRACTIONAL_BITS == 100


def test_a_refresh_whose_scale_is_not_what_the_shift_says_is_refused(shared_job, models):
    task = refresh_task(shared_job, models)
    with pytest.raises(InvalidCiphertext, match="scale of 288"):
        shared_job.buyer.refresh(task.model_copy(update={"shift_bits": 96}))


def test_a_refresh_that_the_key_has_no_room_for_is_refused(shared_job, models):
    lifted = models[0].unsafe_with_bound(1).multiply_encoded(1 << 800, 800).rerandomize(shared_job.randomizer)
    task = RefreshTask(**shared_job.head(ROUND, CHECKPOINT), masked=CiphertextVector.of(lifted), shift_bits=800)
    with pytest.raises(HeadroomExceeded):
        shared_job.buyer.refresh(task)


def test_weights_beyond_their_bounds_are_not_refreshed(shared_job):
    """What a trainer's update beyond all bounds ends in."""
    bound = shared_job.plan.masked_bound(ROUND, WEIGHT_FRACTIONAL_BITS)
    huge = EncryptedVector.encrypt(shared_job.randomizer, [2 * bound, 0, 0, 0], fractional_bits=WEIGHT_FRACTIONAL_BITS)
    task = RefreshTask(**shared_job.head(ROUND, CHECKPOINT), masked=CiphertextVector.of(huge), shift_bits=0)
    with pytest.raises(ContentRefused, match="a masked weight is larger than what the specification allows"):
        shared_job.buyer.refresh(task)


# -- square


def test_the_sums_of_squares_are_those_of_the_masked_residuals(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    answer = square(shared_job, task).result
    plan, key = shared_job.plan, shared_job.secret_key
    for asked, item in zip(task.validators, answer.validators, strict=True):
        assert item.validator == asked.validator
        for scaled in (False, True):
            wire = item.scaled_squares if scaled else item.squares
            vector = wire.to_vector(
                key.public_key, count=4, fractional_bits=plan.sse_fractional_bits, bound=key.public_key.max_plaintext
            )
            expected = []
            for pair in asked.masked:
                packed = pair.scaled_residuals if scaled else pair.residuals
                opened = packed.to_packed(
                    key.public_key,
                    count=4,
                    fractional_bits=plan.residual_fractional_bits,
                    slot_bits=packed.slot_bits,
                )
                expected.append(sum(value**2 for value in key.decrypt_packed(opened)))
            assert key.decrypt_vector(vector) == expected


def square(job, task):
    return job.buyer.square(task, recover_message)


def evaluated_again(job, owner, item, **changes):
    """A validator's evaluation with changes, and its signature over what it says then."""
    changed = item.model_copy(update=changes)
    digest = evaluation_digest(
        place=job.context.place(ROUND, CHECKPOINT),
        row_count=job.context.rows_of(owner.address),
        candidates=bytes.fromhex(changed.candidates_digest[2:]),
        masked=[one.digest() for pair in changed.masked for one in (pair.residuals, pair.scaled_residuals)],
        corrections=changed.corrections.digest(),
    )
    return changed.model_copy(update={"signature": "0x" + sign_message(owner.account, digest).hex()})


def overflown(job, item):
    """Residuals whose first plaintext has as many bits as a plaintext can have: a negative number modulo n."""
    wire = item.masked[0].residuals
    form = {"count": 4, "fractional_bits": job.plan.residual_fractional_bits, "slot_bits": wire.slot_bits}
    packed = wire.to_packed(job.context.key, **form)
    wide = replace(packed, ciphertexts=(job.randomizer.encrypt(-1), *packed.ciphertexts[1:]))
    wire = PackedCiphertexts.of(wide.rerandomize(job.randomizer))
    return (item.masked[0].model_copy(update={"residuals": wire}), *item.masked[1:])


def moved(job, item, amounts):
    """Corrections with these amounts, in squared units, added."""
    scale = job.plan.sse_fractional_bits
    vector = item.corrections.to_vector(job.context.key, count=4, fractional_bits=scale, bound=1)
    more = vector.add_encoded([int(Fraction(amount) * 2**scale) for amount in amounts])
    return CiphertextVector.of(more.rerandomize(job.randomizer))


@pytest.fixture
def crowd(make_job, make_parts):
    """A job of one trainer and four validators, of which three must stay, before its checkpoint 0."""
    parts = make_parts(12, (15, 9, 8, 7, 6), 4)
    job = make_job(parts[:1], parts[1:], rounds=3, evaluate_every=3)
    task = job.evaluate_task(0, 0, [job.encrypt_weights(np.zeros(4), 0)])
    return job, job.square_task(task)


def test_evaluations_that_their_validator_did_not_sign_are_not_squared(shared_job, evaluation):
    """Residuals could be anything that somebody wants to have squared."""
    task = shared_job.square_task(evaluation)
    first, second = task.validators
    for forged in (
        second.model_copy(update={"masked": first.masked}),
        second.model_copy(update={"corrections": first.corrections}),
        second.model_copy(update={"candidates_digest": "0x" + "00" * 32}),
        second.model_copy(update={"signature": first.signature}),
        second.model_copy(update={"signature": "0x00"}),
    ):
        with pytest.raises(ProtocolViolation, match=f"statement of {second.validator}"):
            square(shared_job, task.model_copy(update={"validators": (first, forged)}))


def test_evaluations_of_different_models_are_not_squared(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    first, second = task.validators
    other = evaluated_again(shared_job, shared_job.validators[1], second, candidates_digest="0x" + "00" * 32)
    with pytest.raises(ProtocolViolation, match="different models"):
        square(shared_job, task.model_copy(update={"validators": (first, other)}))


def test_an_evaluation_of_another_checkpoint_is_not_squared(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    with pytest.raises(ProtocolViolation, match="the signature is not its own"):
        square(shared_job, task.model_copy(update={"round": 6, "checkpoint": 2}))


@pytest.mark.parametrize("count", [3, 1])
def test_residuals_of_another_number_of_candidates_are_not_squared(shared_job, evaluation, count):
    task = shared_job.square_task(evaluation)
    fewer = tuple(item.model_copy(update={"masked": item.masked[:count]}) for item in task.validators)
    with pytest.raises(ProtocolViolation, match=f"{count} candidates at checkpoint 1"):
        square(shared_job, task.model_copy(update={"validators": fewer}))


def test_slots_are_as_wide_as_the_accepted_rows_make_them(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    first, second = task.validators
    wire = first.masked[0].residuals
    wide = wire.model_copy(update={"slot_bits": wire.slot_bits + 1})
    pair = first.masked[0].model_copy(update={"residuals": wide})
    other = evaluated_again(shared_job, shared_job.validators[0], first, masked=(pair, *first.masked[1:]))
    with pytest.raises(InvalidCiphertext, match="slot_bits"):
        square(shared_job, task.model_copy(update={"validators": (other, second)}))


def test_a_validator_whose_residuals_overflow_their_slots_is_named_and_the_others_are_squared(crowd):
    job, task = crowd
    first, *rest = task.validators
    place = job.context.place(0, 0)
    masked = overflown(job, first)
    digest = evaluation_digest(
        place=place,
        row_count=9,
        candidates=bytes.fromhex(first.candidates_digest[2:]),
        masked=[one.digest() for pair in masked for one in (pair.residuals, pair.scaled_residuals)],
        corrections=first.corrections.digest(),
    )
    signature = "0x" + job.validators[0].sign(digest).hex()
    bad = first.model_copy(update={"masked": masked, "signature": signature})
    done = square(job, task.model_copy(update={"validators": (bad, *rest)}))
    assert done.faults == {first.validator: Fault.MALFORMED}
    assert [item.squares is None for item in done.result.validators] == [True, False, False, False]
    assert set(done.squared.sse_digests) == {item.validator for item in rest}


@pytest.mark.parametrize("wrong", [[0, 0, 64 * 18 * 1e9, 0], [-1e9, 0, 0, 0]])
def test_where_too_few_are_left_nobodys_residuals_are_squared(shared_job, evaluation, wrong):
    """Two validators, and both must stay; the error of one is outside of what can be measured."""
    task = shared_job.square_task(evaluation)
    first, second = task.validators
    corrections = moved(shared_job, first, wrong)
    bad = evaluated_again(shared_job, shared_job.validators[0], first, corrections=corrections)
    done = square(shared_job, task.model_copy(update={"validators": (bad, second)}))
    assert done.faults == {first.validator: Fault.ABOVE_BOUND}
    assert all(item.squares is None and item.scaled_squares is None for item in done.result.validators)
    assert done.squared.sse_digests == {}


def test_the_buyer_compares_with_64_squared_magnitudes_a_row(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    first, second = task.validators
    owner = shared_job.validators[0]
    limit = 64 * 18 * shared_job.plan.spec.target.magnitude**2
    errors = [float(np.sum((owner.X @ weights - owner.y) ** 2)) for weights in W]
    for factor, fault in ((1 - 1e-6, None), (1 + 1e-6, Fault.ABOVE_BOUND)):
        corrections = moved(shared_job, first, [0, 0, 0, factor * limit - errors[3]])
        item = evaluated_again(shared_job, owner, first, corrections=corrections)
        done = square(shared_job, task.model_copy(update={"validators": (item, second)}))
        assert done.faults.get(first.validator) is fault


def test_what_is_opened_later_must_be_the_correction_with_the_squares(shared_job, evaluation, statements):
    task = shared_job.square_task(evaluation)
    done = square(shared_job, task)
    for asked, item in zip(task.validators, done.result.validators, strict=True):
        form = {"count": 4, "fractional_bits": shared_job.plan.sse_fractional_bits, "bound": 1}
        squares, corrections = (
            one.to_vector(shared_job.context.key, **form) for one in (item.squares, asked.corrections)
        )
        assert done.squared.sse_digests[item.validator] == (squares + corrections).digest().hex()
    assert done.squared.candidates_digest == statements[0].candidates_digest


# -- open


def test_openings_are_those_of_the_sum_over_the_validators(shared_job, statements):
    opened = shared_job.buyer.open(open_task(shared_job, statements), recover_message)
    scale = 1 << shared_job.plan.sse_fractional_bits
    rows = [(owner.X, owner.y) for owner in shared_job.validators]
    expected = [sum(float(np.sum((X @ weights - y) ** 2)) for X, y in rows) for weights in W]
    noise = 2**-24 * 41 * shared_job.plan.spec.target.half_width**2
    for item, error in zip(opened.sums, expected, strict=True):
        assert -1e-9 * error < from_hex(item.value) / scale - error < noise
    assert [from_hex(item.value) for item in opened.zero_checks] == [0, 0]
    assert opened.values.row_count == 41


def test_statements_that_nobody_signed_are_not_opened(shared_job, statements):
    first, second = statements
    forged = second.model_copy(update={"sse": first.sse})
    with pytest.raises(ProtocolViolation, match="the signature is not its own"):
        shared_job.buyer.open(open_task(shared_job, [first, forged]), recover_message)


def signed(job, owner, statement, **changes):
    changed = statement.model_copy(update=changes)
    digest = statement_digest(
        place=job.context.place(ROUND, CHECKPOINT),
        row_count=job.context.rows_of(changed.validator),
        candidates=bytes.fromhex(changed.candidates_digest[2:]),
        sse=changed.sse.digest(),
        zero_check=changed.zero_check.digest(),
    )
    return changed.model_copy(update={"signature": "0x" + sign_message(owner.account, digest).hex()})


def test_a_validator_cannot_have_weights_decrypted_as_its_zero_check(shared_job, models, statements):
    """A validator holds [w]; an opening of it would show everybody the weights."""
    first, second = statements
    owner = shared_job.validators[0]
    scale = shared_job.plan.sse_fractional_bits
    weight = models[0][0:1].unsafe_with_bound(1).multiply_encoded(1 << (scale - WEIGHT_FRACTIONAL_BITS), 0)
    smuggled = CiphertextVector(
        count=1,
        fractional_bits=scale,
        ciphertexts=CiphertextVector.of(weight.rerandomize(shared_job.randomizer)).ciphertexts,
    )
    lying = signed(shared_job, owner, first, zero_check=smuggled)
    with pytest.raises(ContentRefused, match="a zero check is not zero"):
        shared_job.buyer.open(open_task(shared_job, [lying, second]), recover_message)


# -- delivery


def test_the_published_seed_turns_the_delivery_into_the_final_weights(shared_job, models):
    seed = draw_seed()
    bits = shared_job.plan.mask_bits(ROUND, WEIGHT_FRACTIONAL_BITS)
    mask = delivery_mask(seed, shared_job.context.job_id, 4, bits)
    delivered = models[0].add_encoded(mask).rerandomize(shared_job.randomizer)
    weights = shared_job.buyer.unmask_delivery(delivered, seed, round_number=ROUND)
    assert weights == pytest.approx(W[0], rel=1e-15)
    assert (weights == shared_job.buyer.decrypt_final(models[0])).all()
    wrong = shared_job.buyer.unmask_delivery(delivered, draw_seed(), round_number=ROUND)
    assert np.abs(wrong - W[0]).min() > 1e10


def test_no_secret_is_in_a_repr(shared_job):
    text = repr(shared_job.buyer) + repr(shared_job.buyer.__dict__)
    assert str(shared_job.secret_key.p) not in text
    assert hex(shared_job.secret_key.p)[2:] not in text
