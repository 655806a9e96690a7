"""What the holder of the secret key answers, and above all what it does not."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from commons.chain.signing import recover_message, sign_message
from commons.errors import HeadroomExceeded, InvalidCiphertext, ProtocolViolation
from commons.paillier import EncryptedVector, generate_keypair
from commons.protocol.masks import delivery_mask, draw_seed
from commons.protocol.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.protocol.tasks import OpenTask, RefreshTask, ValidatorResiduals, from_hex, statement_digest
from commons.protocol.wire import CiphertextVector, PackedCiphertexts
from federated_aggregator.domain.refreshing import mask_weights, unmask_weights
from model_buyer.domain.key_holder import KeyHolder

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
        round_number=ROUND,
        checkpoint=CHECKPOINT,
    )


def test_only_the_key_of_the_job_is_taken(shared_job):
    with pytest.raises(ProtocolViolation, match="not this buyer's key"):
        KeyHolder(shared_job.context, generate_keypair(1024, unsafe_small_key=True))


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


@pytest.mark.parametrize("count", [1, 3, 5, 20])
def test_a_refresh_of_an_odd_size_is_refused(shared_job, count):
    """Four weights and three trainers: 4, 8, 12 or 16 values, and nothing else, are decrypted."""
    vector = EncryptedVector.encrypt(shared_job.randomizer, [0] * count, fractional_bits=288, bound=1 << 400)
    task = RefreshTask(**shared_job.head(ROUND, CHECKPOINT), masked=CiphertextVector.of(vector), shift_bits=96)
    with pytest.raises(ProtocolViolation, match=f"a refresh of {count} values is not in the protocol"):
        shared_job.buyer.refresh(task)


def test_a_refresh_whose_scale_is_not_what_the_shift_says_is_refused(shared_job, models):
    task = refresh_task(shared_job, models)
    with pytest.raises(InvalidCiphertext, match="scale of 288"):
        shared_job.buyer.refresh(task.model_copy(update={"shift_bits": 96}))


def test_a_refresh_that_the_key_has_no_room_for_is_refused(shared_job, models):
    lifted = models[0].with_bound(1).multiply_encoded(1 << 800, 800)
    task = RefreshTask(**shared_job.head(ROUND, CHECKPOINT), masked=CiphertextVector.of(lifted), shift_bits=800)
    with pytest.raises(HeadroomExceeded):
        shared_job.buyer.refresh(task)


def test_weights_beyond_their_bounds_are_not_refreshed(shared_job):
    """What a trainer's update beyond all bounds ends in."""
    bound = shared_job.plan.masked_bound(ROUND, WEIGHT_FRACTIONAL_BITS)
    huge = EncryptedVector.encrypt(shared_job.randomizer, [2 * bound, 0, 0, 0], fractional_bits=WEIGHT_FRACTIONAL_BITS)
    task = RefreshTask(**shared_job.head(ROUND, CHECKPOINT), masked=CiphertextVector.of(huge), shift_bits=0)
    with pytest.raises(ProtocolViolation, match="a masked weight is larger than what the specification allows"):
        shared_job.buyer.refresh(task)


# -- square


def test_the_sums_of_squares_are_those_of_the_masked_residuals(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    answer = shared_job.buyer.square(task)
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


def test_residuals_of_strangers_and_of_one_validator_twice_are_not_squared(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    first, second = task.validators
    trainer = shared_job.trainers[0].address
    for validators in (
        (first, second.model_copy(update={"validator": trainer})),
        (first, first),
        (first, first.model_copy(update={"validator": first.validator.lower()})),
    ):
        with pytest.raises(ProtocolViolation, match="a validator that the job does not have, or one twice"):
            shared_job.buyer.square(task.model_copy(update={"validators": validators}))


@pytest.mark.parametrize(("checkpoint", "count"), [(1, 3), (1, 1), (0, 4)])
def test_residuals_of_another_number_of_candidates_are_not_squared(shared_job, evaluation, checkpoint, count):
    task = shared_job.square_task(evaluation)
    fewer = tuple(ValidatorResiduals(validator=item.validator, masked=item.masked[:count]) for item in task.validators)
    with pytest.raises(ProtocolViolation, match=f"{count} candidates at checkpoint {checkpoint}"):
        shared_job.buyer.square(task.model_copy(update={"validators": fewer, "checkpoint": checkpoint}))


def test_slots_whose_squares_do_not_fit_are_refused(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    first = task.validators[0]
    wide = PackedCiphertexts(count=4, slot_bits=511, fractional_bits=240, ciphertexts="AAAA")
    pair = first.masked[0].model_copy(update={"residuals": wide})
    validators = (first.model_copy(update={"masked": (pair, *first.masked[1:])}),)
    with pytest.raises(ProtocolViolation, match="slots of 511 bits have no room"):
        shared_job.buyer.square(task.model_copy(update={"validators": validators}))


def test_residuals_that_overflow_their_slots_are_refused(shared_job, evaluation):
    task = shared_job.square_task(evaluation)
    first = task.validators[0]
    wire, plan = first.masked[0].residuals, shared_job.plan
    form = {"count": 4, "fractional_bits": plan.residual_fractional_bits, "slot_bits": wire.slot_bits}
    packed = wire.to_packed(shared_job.context.key, **form)
    # As many bits as a plaintext has: a negative number modulo n.
    overflown = replace(packed, ciphertexts=(shared_job.randomizer.encrypt(-1), *packed.ciphertexts[1:]))
    pair = first.masked[0].model_copy(update={"residuals": PackedCiphertexts.of(overflown)})
    validators = (first.model_copy(update={"masked": (pair, *first.masked[1:])}),)
    with pytest.raises(InvalidCiphertext, match="holds more than"):
        shared_job.buyer.square(task.model_copy(update={"validators": validators}))


# -- open


def test_openings_are_those_of_the_sum_over_the_validators(shared_job, statements):
    opened = shared_job.buyer.open(open_task(shared_job, statements), recover_message)
    scale = 1 << shared_job.plan.sse_fractional_bits
    rows = [(owner.X, owner.y) for owner in shared_job.validators]
    expected = [sum(float(np.sum((X @ weights - y) ** 2)) for X, y in rows) for weights in W]
    assert [from_hex(item.value) / scale for item in opened.sums] == pytest.approx(expected, rel=1e-12)
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
        job_id=job.context.job_id,
        checkpoint=CHECKPOINT,
        row_count=changed.row_count,
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
    weight = models[0][0:1].with_bound(1).multiply_encoded(1 << (scale - WEIGHT_FRACTIONAL_BITS), 0)
    smuggled = CiphertextVector(
        count=1,
        fractional_bits=scale,
        ciphertexts=CiphertextVector.of(weight.rerandomize(shared_job.randomizer)).ciphertexts,
    )
    lying = signed(shared_job, owner, first, zero_check=smuggled)
    with pytest.raises(ProtocolViolation, match="a zero check is not zero"):
        shared_job.buyer.open(open_task(shared_job, [lying, second]), recover_message)


@pytest.mark.parametrize("value", [-1, 1 << 700])
def test_sums_out_of_the_bounds_of_the_specification_are_not_opened(shared_job, statements, value):
    first, second = statements
    owner = shared_job.validators[0]
    scale = shared_job.plan.sse_fractional_bits
    # Below zero: the other validator's part must not make up for it.
    amount = value << (scale + 60) if value < 0 else value
    wrong = EncryptedVector.encrypt(shared_job.randomizer, [amount] * 4, fractional_bits=scale)
    lying = signed(shared_job, owner, first, sse=CiphertextVector.of(wrong))
    with pytest.raises(ProtocolViolation, match="out of the bounds that the specification gives"):
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
