import secrets
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier import EncryptedVector, KeyHolderRandomizer, Opening
from commons.computations.linear_regression import refresh_proof
from commons.computations.linear_regression.range_proof import REPETITIONS, RangeProof, prove_range
from commons.computations.linear_regression.refresh_proof import (
    RefreshProof,
    refresh,
    required_bits,
    round_shift,
    verify_refresh,
)
from commons.errors import ComputationFault, HeadroomExceeded, InvalidCiphertext, ProtocolViolation

SCALE, SHIFT = 288, 96
WEIGHT_BITS, MASK_BITS = 12, 100
BOUND = 1 << (WEIGHT_BITS + SCALE + MASK_BITS + 1)
CONTEXT = b"job 7, round 10, checkpoint 1"
WEIGHTS = [3.7, -150.25, 0.001, 42.0, -7e-5]


@pytest.fixture(scope="module")
def party(job_secret_key):
    return SimpleNamespace(key=job_secret_key, randomizer=KeyHolderRandomizer(job_secret_key))


@pytest.fixture(scope="module")
def sent(party):
    """Weights under masks, as the aggregator sends them, and the plaintexts."""
    masks = [secrets.randbits(WEIGHT_BITS + SCALE + MASK_BITS) for _ in WEIGHTS]
    plain = [int(Fraction(weight) * 2**SCALE) + mask for weight, mask in zip(WEIGHTS, masks, strict=True)]
    vector = EncryptedVector.encrypt(party.randomizer, plain, fractional_bits=SCALE, bound=BOUND)
    return SimpleNamespace(vector=vector, plain=plain, masks=masks)


@pytest.fixture(scope="module")
def honest(party, sent):
    return refresh(party.key, party.randomizer, sent.vector, shift_bits=SHIFT, context=CONTEXT)


def prove(party, sent, values, *, context=CONTEXT, blinding=None, range_proof=None):
    """What a buyer sends that returns `values` and otherwise follows the protocol."""
    key, masked = party.key, sent.vector
    fresh = EncryptedVector.encrypt(party.randomizer, values, fractional_bits=SCALE - SHIFT)
    fresh_range = range_proof or prove_range(
        key,
        party.randomizer,
        fresh,
        values,
        bound_bits=BOUND.bit_length() - SHIFT,
        context=refresh_proof._range_context(masked, context),
    )
    y = secrets.randbits(refresh_proof._window_bits(SHIFT, len(masked))) if blinding is None else blinding
    encrypted_y = EncryptedVector.encrypt(party.randomizer, [y], fractional_bits=SCALE)
    challenges = refresh_proof._challenges(context, masked, fresh, encrypted_y)
    combined = refresh_proof._combination(masked, fresh, encrypted_y, shift_bits=SHIFT, challenges=challenges)
    return fresh, RefreshProof(fresh_range, encrypted_y, key.open(combined.ciphertexts[0]))


def verify(sent, answer, **changes):
    fresh, proof = answer
    verify_refresh(sent.vector, fresh, proof, **{"shift_bits": SHIFT, "context": CONTEXT} | changes)


def truncated(sent):
    return [round_shift(value, SHIFT) for value in sent.plain]


def test_an_honest_refresh_keeps_the_weights_at_the_smaller_scale(party, sent, honest):
    fresh, _ = honest
    verify(sent, honest)
    assert fresh.fractional_bits == SCALE - SHIFT
    values = party.key.decrypt_vector(fresh)
    for weight, mask, value in zip(WEIGHTS, sent.masks, values, strict=True):
        unmasked = value - round_shift(mask, SHIFT)
        assert abs(Fraction(unmasked, 2 ** (SCALE - SHIFT)) - Fraction(weight)) <= Fraction(1, 2 ** (SCALE - SHIFT - 1))


@settings(max_examples=12)
@given(
    plain=st.lists(st.integers(-BOUND, BOUND), min_size=1, max_size=3),
    shift=st.sampled_from([0, 1, 48, 96, 250]),
    context=st.binary(max_size=40),
)
def test_an_honest_refresh_of_any_values_inside_the_bound_verifies(party, plain, shift, context):
    vector = EncryptedVector.encrypt(party.randomizer, plain, fractional_bits=SCALE, bound=BOUND)
    fresh, proof = refresh(party.key, party.randomizer, vector, shift_bits=shift, context=context)
    verify_refresh(vector, fresh, proof, shift_bits=shift, context=context)
    expected = [round(Fraction(value, 2**shift)) for value in plain]
    assert all(abs(a - b) <= 1 for a, b in zip(party.key.decrypt_vector(fresh), expected, strict=True))


@given(value=st.integers(-(2**200), 2**200), bits=st.integers(0, 120))
def test_round_shift_rounds_to_the_nearest_with_halves_up(value, bits):
    assert round_shift(value, bits) == (Fraction(value, 2**bits) + Fraction(1, 2)).__floor__()


def _one_weight_off(sent):
    values = truncated(sent)
    values[1] += int(Fraction(WEIGHTS[1]) * 2 ** (SCALE - SHIFT - 20))
    return values


def _smallest_weight_off(sent):
    values = truncated(sent)
    values[4] += int(Fraction(WEIGHTS[4]) * 2 ** (SCALE - SHIFT)) >> 10
    return values


def _swapped(sent):
    values = truncated(sent)
    return [values[1], values[0], *values[2:]]


LIES = {
    "one weight off by 2^-20 of its value": _one_weight_off,
    "a small weight off by 2^-10 of its value": _smallest_weight_off,
    "zeros": lambda sent: [0] * len(WEIGHTS),
    "swapped": _swapped,
    "all doubled": lambda sent: [2 * value for value in truncated(sent)],
    "not truncated far enough": lambda sent: [round_shift(value, SHIFT - 1) for value in sent.plain],
    "masks only": lambda sent: [round_shift(mask, SHIFT) for mask in sent.masks],
    "opposite errors": lambda sent: [
        value + error for value, error in zip(truncated(sent), [1 << 170, -1 << 170, 0, 0, 0], strict=True)
    ],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_buyer_that_returns_other_weights_is_refused(party, sent, lie):
    verify(sent, prove(party, sent, truncated(sent)))
    with pytest.raises(ProtocolViolation, match="refresh: the returned weights are not the masked weights"):
        verify(sent, prove(party, sent, lie(sent)))


def test_a_lie_in_the_last_places_is_all_that_can_pass(party, sent):
    """The stated bound on accepted errors: 2^(S + ⌈log₂ J⌉ + 67) units, 2^-35 of a weight and less."""
    values = truncated(sent)
    for bits, passes in [(80 - 1, True), (80 + 3 + 67, False)]:
        off = [values[0] + (1 << bits), *values[1:]]
        if passes:
            verify(sent, prove(party, sent, off))
        else:
            with pytest.raises(ProtocolViolation):
                verify(sent, prove(party, sent, off))
    assert 80 + 3 + 67 - (SCALE - SHIFT) < -35


def _modular_lies(sent, n):
    """Other answers for which every u·2^t − m is small modulo n: of the size of n, and not small as integers."""

    def signed(value):
        return (value + n // 2) % n - n // 2

    inverse = pow(2, -SHIFT, n)
    third = pow(3, -1, n)
    honest = truncated(sent)
    return {
        "shifted modulo n": [signed((value + 12345) * inverse) for value in sent.plain],
        "a third modulo n": [signed(value * third) for value in honest],
        "one weight plus a multiple of 2^-t": [signed(honest[0] + 99 * inverse), *honest[1:]],
    }


@pytest.mark.parametrize("name", ["shifted modulo n", "a third modulo n", "one weight plus a multiple of 2^-t"])
def test_weights_that_are_small_modulo_n_only_are_refused(party, sent, name):
    values = _modular_lies(sent, int(party.key.public_key.n))[name]
    with pytest.raises(ProtocolViolation, match="larger than what the specification allows"):
        verify(sent, prove(party, sent, values))


def test_without_the_range_proof_weights_shifted_modulo_n_would_pass(party, sent, monkeypatch):
    """Why the range proof is there: the second check alone cannot tell."""
    monkeypatch.setattr(refresh_proof, "verify_range", lambda *_, **__: None)
    verify(sent, prove(party, sent, _modular_lies(sent, int(party.key.public_key.n))["shifted modulo n"]))


def test_a_range_proof_of_other_weights_does_not_help(party, sent, honest):
    values = _modular_lies(sent, int(party.key.public_key.n))["shifted modulo n"]
    with pytest.raises(ProtocolViolation, match="does not fit its ciphertext"):
        verify(sent, prove(party, sent, values, range_proof=honest[1].fresh_range))


def test_claimed_sums_must_be_those_of_the_ciphertexts(party, sent, honest):
    fresh, proof = honest
    claimed = (proof.fresh_range.values[0] + 1, *proof.fresh_range.values[1:])
    forged = replace(proof, fresh_range=replace(proof.fresh_range, values=claimed))
    with pytest.raises(ProtocolViolation, match="does not fit its ciphertext"):
        verify(sent, (fresh, forged))


def test_a_range_proof_of_another_shape_is_refused(sent, honest):
    fresh, proof = honest
    whole = proof.fresh_range
    assert len(whole.values) == REPETITIONS
    for part in (
        RangeProof(whole.blindings, whole.values[:-1], whole.randomness),
        RangeProof(whole.blindings[:-1], whole.values, whole.randomness),
        RangeProof(whole.blindings, whole.values, whole.randomness[:1]),
        RangeProof(whole.blindings, (), ()),
    ):
        with pytest.raises(ProtocolViolation, match="expected 80 blinded sums and 5 openings"):
            verify(sent, (fresh, replace(proof, fresh_range=part)))


def test_a_proof_cannot_be_replayed_in_another_place(sent, honest):
    with pytest.raises(ProtocolViolation):
        verify(sent, honest, context=b"job 7, round 20, checkpoint 2")


def test_a_proof_cannot_be_replayed_for_other_masked_weights(party, sent, honest):
    again = EncryptedVector.encrypt(party.randomizer, sent.plain, fractional_bits=SCALE, bound=BOUND)
    with pytest.raises(ProtocolViolation):
        verify(SimpleNamespace(vector=again), honest)


def test_a_proof_does_not_verify_for_another_shift(sent, honest):
    with pytest.raises(InvalidCiphertext, match="fractional_bits"):
        verify(sent, honest, shift_bits=SHIFT + 1)


def test_fresh_ciphertexts_cannot_be_exchanged_after_the_proof(party, sent, honest):
    _, proof = honest
    other = EncryptedVector.encrypt(party.randomizer, truncated(sent), fractional_bits=SCALE - SHIFT)
    with pytest.raises(ProtocolViolation):
        verify(sent, (other, proof))


@pytest.mark.parametrize("change", ["value", "randomness", "both zero"])
def test_a_forged_opening_is_refused(sent, honest, change):
    fresh, proof = honest
    opening = {
        "value": Opening(proof.opening.value + 1, proof.opening.randomness),
        "randomness": Opening(proof.opening.value, proof.opening.randomness + 1),
        "both zero": Opening(0, 0),
    }[change]
    with pytest.raises(ProtocolViolation):
        verify(sent, (fresh, replace(proof, opening=opening)))


def test_a_blinding_out_of_its_range_is_refused(party, sent):
    window = refresh_proof._window_bits(SHIFT, len(WEIGHTS))
    verify(sent, prove(party, sent, truncated(sent), blinding=(1 << window) - 1))
    for blinding in (1 << (window + 2), -1 << (window + 2)):
        with pytest.raises(ProtocolViolation, match="refresh: the returned weights are not"):
            verify(sent, prove(party, sent, truncated(sent), blinding=blinding))


def test_a_blinding_cannot_make_up_for_a_lie(party, sent):
    # The challenges depend on the blinding, so it cannot be chosen to cancel what they make of the lie.
    values = _one_weight_off(sent)
    error = (values[1] - truncated(sent)[1]) << SHIFT
    with pytest.raises(ProtocolViolation):
        verify(sent, prove(party, sent, values, blinding=-error << 127))


def test_what_is_opened_hides_the_remainders(party):
    """All remainders zero or all as large as can be: the opened values are spread over the same wide window."""
    window = refresh_proof._window_bits(SHIFT, 2)
    for remainder in (0, (1 << (SHIFT - 1)) - 1):
        plain = [(5 << SHIFT) + remainder, (9 << SHIFT) + remainder]
        vector = EncryptedVector.encrypt(party.randomizer, plain, fractional_bits=SCALE, bound=BOUND)
        _, proof = refresh(party.key, party.randomizer, vector, shift_bits=SHIFT, context=CONTEXT)
        # All but 2^-40 of the values are so large that the remainders, 80 bits below the window, do not matter.
        assert window - 40 < proof.opening.value.bit_length() <= window + 1
        sums = proof.fresh_range.values
        assert max(abs(value).bit_length() for value in sums) > BOUND.bit_length() - SHIFT + 80 - 10


def test_a_buyer_does_not_try_to_prove_weights_beyond_their_bound(party):
    vector = EncryptedVector.encrypt(party.randomizer, [BOUND + 1], fractional_bits=SCALE).unsafe_with_bound(BOUND)
    with pytest.raises(ProtocolViolation, match="a masked weight is larger than what the specification allows"):
        refresh(party.key, party.randomizer, vector, shift_bits=SHIFT, context=CONTEXT)


def test_a_key_without_room_for_the_proof_is_refused(party, sent, honest):
    fresh, proof = honest
    bits = party.key.public_key.bits
    for extra, fits in [(0, True), (1, False)]:
        bound = 1 << (bits - 1 - required_bits(0, len(WEIGHTS)) + extra - 1)
        assert (required_bits(bound.bit_length(), len(WEIGHTS)) < bits) is fits
        wide = SimpleNamespace(vector=sent.vector.unsafe_with_bound(bound))
        with pytest.raises(ProtocolViolation if fits else HeadroomExceeded):
            verify(wide, (fresh, replace(proof, opening=Opening(0, 1))))


def test_no_proof_is_given_with_a_blinding_that_holds_something_else(party, sent, monkeypatch):
    """A ciphertext that a fault spoiled modulo one prime: its opening would be close to a multiple of the other prime."""
    encrypt, p = EncryptedVector.encrypt, int(party.key.p)

    def faulty(randomizer, encoded, **form):
        spoiled = [encoded[0] + p] if len(encoded) == 1 else encoded
        return encrypt(randomizer, spoiled, **form)

    monkeypatch.setattr(EncryptedVector, "encrypt", faulty)
    with pytest.raises(ComputationFault):
        refresh(party.key, party.randomizer, sent.vector, shift_bits=SHIFT, context=CONTEXT)
