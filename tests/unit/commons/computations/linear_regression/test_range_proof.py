from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, EncryptedVector, KeyHolderRandomizer, SecretKey
from commons.computations.linear_regression.range_proof import prove_range, proven_bits, verify_range
from commons.errors import ComputationFault, HeadroomExceeded, ProtocolViolation

BITS = 200


@pytest.fixture(scope="module")
def party(job_secret_key):
    return SimpleNamespace(key=job_secret_key, randomizer=KeyHolderRandomizer(job_secret_key))


class LyingKey(SecretKey):
    """Does not mind if what it opens is not what it claims."""

    def open_all(self, ciphertexts, *, expected=None, parallel_map=map):
        return super().open_all(ciphertexts, parallel_map=parallel_map)


def proof_of(party, values, *, bound_bits=BITS, context=b"here"):
    vector = EncryptedVector.encrypt(party.randomizer, values, fractional_bits=40)
    return vector, prove_range(party.key, party.randomizer, vector, values, bound_bits=bound_bits, context=context)


@settings(max_examples=10)
@given(values=st.lists(st.integers(-(2**BITS) + 1, 2**BITS - 1), min_size=1, max_size=5))
def test_values_inside_the_bound_are_always_shown_to_be(party, values):
    vector, proof = proof_of(party, values)
    verify_range(vector, proof, bound_bits=BITS, context=b"here")
    assert all(abs(value) < 1 << proven_bits(BITS, len(values)) for value in values)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_value_that_reaches_what_is_proven_is_refused(party, sign):
    values = [3, sign << proven_bits(BITS, 2)]
    with pytest.raises(ProtocolViolation, match="larger than what the specification allows"):
        verify_range(*proof_of(party, values), bound_bits=BITS, context=b"here")


@pytest.mark.parametrize("denominator", [2, 3, 2**48, 2**96 + 1])
def test_fractions_modulo_n_are_not_small(party, denominator):
    n = int(party.key.public_key.n)
    value = pow(denominator, -1, n)
    with pytest.raises(ProtocolViolation, match="larger than what the specification allows"):
        verify_range(*proof_of(party, [value - n if value > n // 2 else value]), bound_bits=BITS, context=b"here")


def test_sums_reduced_to_what_the_verifier_accepts_do_not_fit_the_ciphertexts(party):
    """A prover that claims sums inside the window for a value that is outside of it."""
    large = 1 << 600
    vector = EncryptedVector.encrypt(party.randomizer, [large], fractional_bits=40)
    liar = LyingKey(party.key.p, party.key.q, policy=UNSAFE_SMALL_KEYS)
    claimed = prove_range(liar, party.randomizer, vector, [17], bound_bits=BITS, context=b"here")
    with pytest.raises(ProtocolViolation, match="does not fit its ciphertext"):
        verify_range(vector, claimed, bound_bits=BITS, context=b"here")


def test_a_proof_holds_in_its_context_only(party):
    vector, proof = proof_of(party, [1, 2])
    with pytest.raises(ProtocolViolation):
        verify_range(vector, proof, bound_bits=BITS, context=b"there")


def test_a_proof_holds_for_its_vector_only(party):
    vector, proof = proof_of(party, [1, 2])
    with pytest.raises(ProtocolViolation):
        verify_range(vector.rerandomize(party.randomizer), proof, bound_bits=BITS, context=b"here")


def test_a_bound_that_the_key_cannot_hold_is_refused(party):
    vector, proof = proof_of(party, [1])
    with pytest.raises(HeadroomExceeded, match="range proof"):
        verify_range(vector, proof, bound_bits=party.key.public_key.bits, context=b"here")


def test_no_proof_is_given_for_a_ciphertext_that_holds_something_else(party):
    """A ciphertext that is wrong modulo one prime only would give the key away by the opening of a sum that all know."""
    vector = EncryptedVector.encrypt(party.randomizer, [5, 6 + int(party.key.p)], fractional_bits=40)
    with pytest.raises(ComputationFault):
        prove_range(party.key, party.randomizer, vector, [5, 6], bound_bits=BITS, context=b"here")
