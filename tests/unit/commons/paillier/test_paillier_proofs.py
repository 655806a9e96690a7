import json

import gmpy2
import pytest
from gmpy2 import mpz

from commons.errors import InvalidCiphertext, KeyProofInvalid, ProtocolViolation
from commons.paillier import (
    ModulusProof,
    Opening,
    PublicKey,
    verify_modulus,
    verify_opening,
    verify_openings,
)
from commons.paillier.key_generation import random_prime
from commons.paillier.proofs import ROOT_COUNT, modulus_challenges


def best_effort_proof(public_key, group_order):
    """What a prover can do who knows the factors: n-th roots in the part of the group where they are unique."""
    n = public_key.n
    part = group_order // gmpy2.gcd(group_order, n)
    exponent = gmpy2.invert(n, part)
    return ModulusProof(tuple(int(gmpy2.powmod(c, exponent, n)) for c in modulus_challenges(public_key)))


def test_an_honest_modulus_is_proven(secret_key):
    proof = secret_key.prove_modulus()
    verify_modulus(secret_key.public_key, proof)
    assert len(proof.roots) == ROOT_COUNT == 8


def test_a_full_size_modulus_is_proven(full_size_secret_key):
    proof = full_size_secret_key.prove_modulus(context=b"a job")
    verify_modulus(full_size_secret_key.public_key, proof, context=b"a job")


def test_the_best_effort_prover_of_these_tests_proves_a_proper_modulus(secret_key):
    order = gmpy2.lcm(secret_key.p - 1, secret_key.q - 1)
    assert best_effort_proof(secret_key.public_key, order) == secret_key.prove_modulus()


def test_a_proof_is_bound_to_key_and_context(secret_key, other_secret_key):
    proof = secret_key.prove_modulus(context=b"job 1")
    for key, context in (
        (secret_key.public_key, b"job 2"),
        (secret_key.public_key, b""),
        (other_secret_key.public_key, b"job 1"),
    ):
        with pytest.raises(KeyProofInvalid, match="is not an n-th root"):
            verify_modulus(key, proof, context=context)


def test_challenges_are_distinct_elements_of_the_group(public_key):
    challenges = modulus_challenges(public_key)
    assert len(set(challenges)) == ROOT_COUNT
    assert all(0 < c < public_key.n and gmpy2.gcd(c, public_key.n) == 1 for c in challenges)
    assert max(challenges).bit_length() > public_key.bits - 8
    assert modulus_challenges(public_key) == challenges
    assert not set(challenges) & set(modulus_challenges(public_key, context=b"x"))


@pytest.mark.parametrize("index", [0, ROOT_COUNT - 1])
def test_a_changed_root_is_named(secret_key, index):
    n = int(secret_key.public_key.n)
    roots = list(secret_key.prove_modulus().roots)
    for wrong in (roots[index] + 1, roots[index] + n, 0, roots[index] - n, n - roots[index]):
        changed = ModulusProof((*roots[:index], wrong, *roots[index + 1 :]))
        with pytest.raises(KeyProofInvalid, match=f"root {index} is not"):
            verify_modulus(secret_key.public_key, changed)


def test_a_wrong_number_of_roots_is_refused(secret_key):
    roots = secret_key.prove_modulus().roots
    for wrong in ((), roots[:-1], roots + roots[:1]):
        with pytest.raises(KeyProofInvalid, match=f"{len(wrong)} roots, expected 8"):
            verify_modulus(secret_key.public_key, ModulusProof(wrong))


@pytest.mark.parametrize("factor", [3, 257, 65537])
def test_a_small_factor_is_found(factor):
    prime = random_prime(500)
    public_key = PublicKey(factor * prime, unsafe_small_key=True)
    with pytest.raises(KeyProofInvalid, match="prime factor up to 65537"):
        verify_modulus(public_key, best_effort_proof(public_key, (factor - 1) * (prime - 1)))


def test_a_prime_modulus_is_refused():
    public_key = PublicKey(random_prime(512), unsafe_small_key=True)
    proof = best_effort_proof(public_key, public_key.n - 1)
    with pytest.raises(KeyProofInvalid, match="prime, so everybody can decrypt"):
        verify_modulus(public_key, proof)


def test_a_power_of_a_prime_is_refused():
    prime = random_prime(256)
    public_key = PublicKey(prime**2, unsafe_small_key=True)
    with pytest.raises(KeyProofInvalid, match="power of another number"):
        verify_modulus(public_key, best_effort_proof(public_key, prime * (prime - 1)))


def test_a_modulus_with_a_square_is_refused():
    p, q = random_prime(170), random_prime(172)
    public_key = PublicKey(p * p * q, unsafe_small_key=True)
    with pytest.raises(KeyProofInvalid, match="is not an n-th root"):
        verify_modulus(public_key, best_effort_proof(public_key, p * (p - 1) * (q - 1)))


@pytest.mark.parametrize("prime_bits", [17, 256])
def test_a_modulus_that_is_not_coprime_to_its_order_is_refused(prime_bits):
    q = gmpy2.next_prime(mpz(1) << prime_bits)
    p = next(p for p in (2 * k * q + 1 for k in range(2**250, 2**251)) if gmpy2.is_prime(p))
    public_key = PublicKey(p * q, unsafe_small_key=True)
    with pytest.raises(KeyProofInvalid, match="is not an n-th root"):
        verify_modulus(public_key, best_effort_proof(public_key, (p - 1) * (q - 1)))


def test_a_proof_survives_json(secret_key):
    proof = secret_key.prove_modulus()
    assert ModulusProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof


@pytest.mark.parametrize("malformed", [["xyz"], [12], None, [None], 5])
def test_a_malformed_proof_is_refused(malformed):
    with pytest.raises(KeyProofInvalid, match="hexadecimal"):
        ModulusProof.from_json(malformed)


@pytest.mark.parametrize("value", [0, 1, -1, 2**300, -(2**300)])
def test_an_opening_shows_what_was_encrypted(secret_key, randomizer, value):
    ciphertext = randomizer.encrypt(value)
    opening = secret_key.open(ciphertext)
    assert opening.value == value
    verify_opening(secret_key.public_key, ciphertext, opening)


def test_an_opening_is_the_randomness_that_phe_encrypted_with(secret_key):
    theirs = secret_key.public_key.to_phe()
    ciphertext = theirs.raw_encrypt(31, r_value=123456789)
    assert secret_key.open(ciphertext) == Opening(value=31, randomness=123456789)
    verify_opening(secret_key.public_key, ciphertext, Opening(31, 123456789))


def test_a_forged_opening_is_refused(secret_key, randomizer):
    key, n = secret_key.public_key, int(secret_key.public_key.n)
    ciphertext = randomizer.encrypt(1000)
    honest = secret_key.open(ciphertext)
    for forged in (
        Opening(999, honest.randomness),
        Opening(-1000, honest.randomness),
        Opening(1000 + n, honest.randomness),
        Opening(1000 - n, honest.randomness),
        Opening(1000, honest.randomness + 1),
        Opening(1000, honest.randomness + n),
        Opening(1000, n - honest.randomness),
        Opening(1000, 0),
        Opening(1000, int(secret_key.p)),
    ):
        with pytest.raises(ProtocolViolation, match="opening 0"):
            verify_opening(key, ciphertext, forged)
    with pytest.raises(ProtocolViolation):
        verify_opening(key, randomizer.encrypt(1000), honest)
    with pytest.raises(InvalidCiphertext):
        verify_opening(key, 0, honest)


@pytest.fixture(scope="module")
def opened(secret_key, randomizer):
    ciphertexts = [randomizer.encrypt(value) for value in (5, -7, 0, 2**200, 11)]
    return [(ciphertext, secret_key.open(ciphertext)) for ciphertext in ciphertexts]


def test_many_openings_are_verified_together(secret_key, opened):
    verify_openings(secret_key.public_key, opened)
    verify_openings(secret_key.public_key, opened[:1])
    verify_openings(secret_key.public_key, [])


@pytest.mark.parametrize("index", range(5))
def test_a_forged_value_among_many_is_named(secret_key, opened, index):
    ciphertext, opening = opened[index]
    forged = [*opened]
    forged[index] = (ciphertext, Opening(opening.value + 1, opening.randomness))
    with pytest.raises(ProtocolViolation, match=f"opening {index} ") as caught:
        verify_openings(secret_key.public_key, forged)
    assert caught.value.fields["index"] == index


def test_errors_that_cancel_in_the_sum_are_found(secret_key, opened):
    (c0, first), (c1, second), *rest = opened
    moved = [
        (c0, Opening(first.value + 1, first.randomness)),
        (c1, Opening(second.value - 1, second.randomness)),
        *rest,
    ]
    with pytest.raises(ProtocolViolation, match="opening 0 "):
        verify_openings(secret_key.public_key, moved)
    swapped = [(c0, second), (c1, first), *rest]
    with pytest.raises(ProtocolViolation, match="opening 0 "):
        verify_openings(secret_key.public_key, swapped)


def test_values_that_are_right_only_modulo_n_are_found_among_many(secret_key, opened):
    n = int(secret_key.public_key.n)
    *rest, (ciphertext, opening) = opened
    with pytest.raises(ProtocolViolation, match="opening 4 "):
        verify_openings(secret_key.public_key, [*rest, (ciphertext, Opening(opening.value + n, opening.randomness))])


def test_a_malformed_ciphertext_among_many_is_named(secret_key, opened):
    with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[5\]"):
        verify_openings(secret_key.public_key, [*opened, (secret_key.p, opened[0][1])])
