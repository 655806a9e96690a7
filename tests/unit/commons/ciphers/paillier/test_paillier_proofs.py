import json
import secrets

import gmpy2
import pytest
from gmpy2 import mpz

from commons.ciphers.paillier import (
    MAXIMUM_KEY_BITS,
    UNSAFE_SMALL_KEYS,
    ModulusProof,
    PublicKey,
    SecretKey,
    verify_modulus,
)
from commons.ciphers.paillier.key_generation import random_prime
from commons.ciphers.paillier.proofs import ROOT_COUNT, SQUARE_COUNT, root_challenges, square_challenges
from commons.errors import InvalidInput, KeyProofInvalid


def root_of(number, primes):
    """A square root mod the product of the primes, or None."""
    root, modulus = mpz(0), mpz(1)
    for prime in primes:
        if gmpy2.legendre(number, prime) != 1:
            return None
        residue = mpz(square_root(int(number % prime), int(prime)))
        root += modulus * ((residue - root) * gmpy2.invert(modulus, prime) % prime)
        modulus *= prime
    return root


def square_root(number, prime):
    """Tonelli-Shanks, for primes of any form."""
    if prime % 4 == 3:
        return pow(number, (prime + 1) // 4, prime)
    odd, twos = prime - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    other = next(z for z in range(2, 1000) if gmpy2.legendre(z, prime) == -1)
    power, check, root, left = pow(other, odd, prime), pow(number, odd, prime), pow(number, (odd + 1) // 2, prime), twos
    while check != 1:
        order = next(i for i in range(1, left) if pow(check, 1 << i, prime) == 1)
        factor = pow(power, 1 << (left - order - 1), prime)
        power, left = factor * factor % prime, order
        check, root = check * power % prime, root * factor % prime
    return root


def best_effort_proof(public_key, group_order, primes=(), *, context=b""):
    """What a prover can do who knows the factors: the roots that there are, and n-th ones where they are unique."""
    n = public_key.n
    exponent = gmpy2.invert(n, group_order // gmpy2.gcd(group_order, n))
    roots = [gmpy2.powmod(c, exponent, n) for c in root_challenges(public_key, context=context)]
    numbers = square_challenges(public_key, context=context)
    square_roots = (
        [root_of(x, primes) or root_of(n - x, primes) or 1 for x in numbers] if primes else [1] * SQUARE_COUNT
    )
    return ModulusProof(tuple(map(int, roots)), tuple(map(int, square_roots)))


def order_of(primes):
    order = mpz(1)
    for prime in primes:
        order *= prime - 1
    return order


def product_of(primes):
    product = mpz(1)
    for prime in primes:
        product *= prime
    return product


def missing_square_roots(public_key, proof):
    n = public_key.n
    numbers = square_challenges(public_key)
    return sum(mpz(r) ** 2 % n not in (x, n - x) for r, x in zip(proof.square_roots, numbers, strict=True))


def any_prime(bits, residue):
    """A prime that is `residue` mod 4."""
    while True:
        candidate = gmpy2.next_prime(mpz(secrets.randbits(bits)) | 3 << (bits - 2))
        if candidate % 4 == residue and candidate.bit_length() == bits:
            return candidate


def test_an_honest_modulus_is_proven(secret_key):
    proof = secret_key.prove_modulus()
    verify_modulus(secret_key.public_key, proof)
    assert len(proof.roots) == ROOT_COUNT == 8
    assert len(proof.square_roots) == SQUARE_COUNT == 128
    assert len(proof.to_json()) == ModulusProof.LENGTH == 136


def test_a_full_size_modulus_is_proven(full_size_secret_key):
    proof = full_size_secret_key.prove_modulus(context=b"a job")
    verify_modulus(full_size_secret_key.public_key, proof, context=b"a job")


def test_the_best_effort_prover_of_these_tests_proves_a_proper_modulus(secret_key):
    primes = (secret_key.p, secret_key.q)
    proof = best_effort_proof(secret_key.public_key, gmpy2.lcm(secret_key.p - 1, secret_key.q - 1), primes)
    verify_modulus(secret_key.public_key, proof)
    assert proof == secret_key.prove_modulus()


def test_the_same_proof_comes_out_every_time(secret_key):
    """Two different square roots of one number would give a factor of the modulus to whoever sees both."""
    assert secret_key.prove_modulus(context=b"job") == secret_key.prove_modulus(context=b"job")
    swapped = SecretKey(secret_key.q, secret_key.p, policy=UNSAFE_SMALL_KEYS)
    assert swapped.prove_modulus(context=b"job") == secret_key.prove_modulus(context=b"job")


def test_every_square_root_is_a_square_itself(secret_key):
    for root in secret_key.prove_modulus().square_roots:
        assert gmpy2.legendre(root, secret_key.p) == gmpy2.legendre(root, secret_key.q) == 1


def test_a_proof_is_bound_to_key_and_context(secret_key, other_secret_key):
    proof = secret_key.prove_modulus(context=b"job 1")
    for key, context in (
        (secret_key.public_key, b"job 2"),
        (secret_key.public_key, b""),
        (other_secret_key.public_key, b"job 1"),
    ):
        with pytest.raises(KeyProofInvalid, match="is not an n-th root"):
            verify_modulus(key, proof, context=context)


def test_square_roots_are_bound_to_the_context_too(secret_key):
    first, second = (secret_key.prove_modulus(context=context) for context in (b"job 1", b"job 2"))
    mixed = ModulusProof(first.roots, second.square_roots)
    with pytest.raises(KeyProofInvalid, match="square root 0 is not one of its challenge"):
        verify_modulus(secret_key.public_key, mixed, context=b"job 1")


def test_challenges_are_distinct_elements_of_the_group(public_key):
    for draw, count in ((root_challenges, ROOT_COUNT), (square_challenges, SQUARE_COUNT)):
        challenges = draw(public_key)
        assert len(set(challenges)) == count
        assert all(0 < c < public_key.n and gmpy2.gcd(c, public_key.n) == 1 for c in challenges)
        assert max(challenges).bit_length() > public_key.bits - 8
        assert draw(public_key) == challenges
        assert not set(challenges) & set(draw(public_key, context=b"x"))
    assert not set(root_challenges(public_key)) & set(square_challenges(public_key))


def test_challenges_for_square_roots_have_jacobi_symbol_one_and_are_squares_half_of_the_time(secret_key):
    challenges = square_challenges(secret_key.public_key)
    assert {gmpy2.jacobi(c, secret_key.public_key.n) for c in challenges} == {1}
    # 64 on average; outside of these bounds once in 10^12 keys.
    assert 24 < sum(gmpy2.legendre(c, secret_key.p) == 1 for c in challenges) < 104


@pytest.mark.parametrize("index", [0, ROOT_COUNT - 1])
def test_a_changed_root_is_named(secret_key, index):
    n = int(secret_key.public_key.n)
    proof = secret_key.prove_modulus()
    roots = list(proof.roots)
    for wrong in (roots[index] + 1, roots[index] + n, 0, roots[index] - n, n - roots[index]):
        changed = ModulusProof((*roots[:index], wrong, *roots[index + 1 :]), proof.square_roots)
        with pytest.raises(KeyProofInvalid, match=f"root {index} is not an n-th root"):
            verify_modulus(secret_key.public_key, changed)


@pytest.mark.parametrize("index", [0, SQUARE_COUNT - 1])
def test_a_changed_square_root_is_named(secret_key, index):
    n = int(secret_key.public_key.n)
    proof = secret_key.prove_modulus()
    roots = list(proof.square_roots)
    for wrong in (roots[index] + 1, roots[index] + n, 0, roots[index] - n, roots[(index + 1) % SQUARE_COUNT]):
        changed = ModulusProof(proof.roots, (*roots[:index], wrong, *roots[index + 1 :]))
        with pytest.raises(KeyProofInvalid, match=f"square root {index} is not one of its challenge"):
            verify_modulus(secret_key.public_key, changed)


def test_another_square_root_of_the_same_number_does(secret_key):
    proof = secret_key.prove_modulus()
    negative = tuple(int(secret_key.public_key.n) - root for root in proof.square_roots)
    verify_modulus(secret_key.public_key, ModulusProof(proof.roots, negative))


def test_a_wrong_number_of_roots_is_refused(secret_key):
    proof = secret_key.prove_modulus()
    for wrong in ((), proof.roots[:-1], proof.roots + proof.roots[:1]):
        with pytest.raises(KeyProofInvalid, match=f"{len(wrong)} n-th roots, expected 8"):
            verify_modulus(secret_key.public_key, ModulusProof(wrong, proof.square_roots))
    for wrong in ((), proof.square_roots[:-1], proof.square_roots + proof.square_roots[:1]):
        with pytest.raises(KeyProofInvalid, match=f"{len(wrong)} square roots, expected 128"):
            verify_modulus(secret_key.public_key, ModulusProof(proof.roots, wrong))


@pytest.mark.parametrize("factor", [3, 257, 65537])
def test_a_small_factor_is_found(factor):
    prime = random_prime(500)
    public_key = PublicKey(factor * prime, policy=UNSAFE_SMALL_KEYS)
    with pytest.raises(KeyProofInvalid, match="prime factor up to 65537"):
        verify_modulus(public_key, best_effort_proof(public_key, (factor - 1) * (prime - 1)))


@pytest.mark.parametrize("residue", [1, 3])
def test_a_prime_modulus_is_refused(residue):
    prime = any_prime(512, residue)
    public_key = PublicKey(prime, policy=UNSAFE_SMALL_KEYS)
    proof = best_effort_proof(public_key, public_key.n - 1, (prime,))
    with pytest.raises(KeyProofInvalid, match="prime, so everybody can decrypt"):
        verify_modulus(public_key, proof)


def test_a_power_of_a_prime_is_refused():
    prime = random_prime(256)
    public_key = PublicKey(prime**2, policy=UNSAFE_SMALL_KEYS)
    with pytest.raises(KeyProofInvalid, match="power of another number"):
        verify_modulus(public_key, best_effort_proof(public_key, prime * (prime - 1)))


def test_a_modulus_with_a_square_is_refused():
    p, q = random_prime(170), random_prime(172)
    public_key = PublicKey(p * p * q, policy=UNSAFE_SMALL_KEYS)
    with pytest.raises(KeyProofInvalid, match="is not an n-th root"):
        verify_modulus(public_key, best_effort_proof(public_key, p * (p - 1) * (q - 1)))


@pytest.mark.parametrize("prime_bits", [17, 256])
def test_a_modulus_that_is_not_coprime_to_its_order_is_refused(prime_bits):
    q = gmpy2.next_prime(mpz(1) << prime_bits)
    p = next(p for p in (2 * k * q + 1 for k in range(2**250, 2**251)) if gmpy2.is_prime(p))
    public_key = PublicKey(p * q, policy=UNSAFE_SMALL_KEYS)
    with pytest.raises(KeyProofInvalid, match="is not an n-th root"):
        verify_modulus(public_key, best_effort_proof(public_key, (p - 1) * (q - 1)))


@pytest.mark.parametrize(
    "residues", [(1, 1), (3, 3, 1), (1, 1, 1), (3, 3, 3, 3), (1, 3, 1, 3), (3, 3, 3, 3, 1)], ids=str
)
def test_of_other_factors_than_two_that_are_3_modulo_4_half_of_the_square_roots_are_missing(residues):
    primes = [any_prime(900 // len(residues), residue) for residue in residues]
    public_key = PublicKey(product_of(primes), policy=UNSAFE_SMALL_KEYS)
    proof = best_effort_proof(public_key, order_of(primes), primes)
    # At most 64 of 128 on average; outside of this bound once in 10^12 keys.
    assert missing_square_roots(public_key, proof) > 24
    with pytest.raises(KeyProofInvalid, match=r"square root \d+ is not one of its challenge"):
        verify_modulus(public_key, proof)


@pytest.mark.parametrize("residues", [(1, 3), (3, 3, 3)], ids=str)
def test_a_modulus_that_is_3_modulo_4_is_refused(residues):
    primes = [any_prime(900 // len(residues), residue) for residue in residues]
    public_key = PublicKey(product_of(primes), policy=UNSAFE_SMALL_KEYS)
    proof = best_effort_proof(public_key, order_of(primes), primes)
    assert missing_square_roots(public_key, proof) > 24
    with pytest.raises(KeyProofInvalid, match="not 1 modulo 4"):
        verify_modulus(public_key, proof)


@pytest.mark.parametrize("residues", [(1, 1), (1, 3), (3, 1)], ids=str)
def test_a_key_of_other_primes_says_that_it_cannot_prove_that_there_are_two(residues):
    key = SecretKey(*(any_prime(256, residue) for residue in residues), policy=UNSAFE_SMALL_KEYS)
    with pytest.raises(InvalidInput, match="both 3 modulo 4") as caught:
        key.prove_modulus()
    assert caught.value.fields["field"] == "p"
    assert str(key.p)[:20] not in str(caught.value)


def test_a_proof_survives_json(secret_key):
    proof = secret_key.prove_modulus()
    listed = json.loads(json.dumps(proof.to_json()))
    assert listed == [hex(root) for root in (*proof.roots, *proof.square_roots)]
    assert ModulusProof.from_json(listed) == proof


@pytest.mark.parametrize("malformed", [None, 5, "0x1" * 136, "1" * 136, {}, [], ["0x1"], ["0x1"] * 135, ["0x1"] * 137])
def test_what_is_no_list_of_136_strings_is_refused(malformed):
    with pytest.raises(KeyProofInvalid, match="expected a list of 136 hexadecimal strings"):
        ModulusProof.from_json(malformed)


@pytest.mark.parametrize(
    "malformed", ["0xyz", "1f", "0X1F", " 0x1", "0x1\n", "-0x1", "0x_1", "0x", "", 12, None, ["0x1"]]
)
def test_an_entry_that_is_no_hexadecimal_string_is_named(malformed):
    with pytest.raises(KeyProofInvalid, match="entry 17 is no hexadecimal string"):
        ModulusProof.from_json([*["0x1"] * 17, malformed, *["0x1"] * 118])


def test_longer_numbers_than_a_key_may_have_are_not_read():
    longest = "0x" + "f" * (MAXIMUM_KEY_BITS // 4)
    assert ModulusProof.from_json([longest] * 136).roots[0] == 2**MAXIMUM_KEY_BITS - 1
    with pytest.raises(KeyProofInvalid, match="entry 135 is no hexadecimal string of at most 4096 digits"):
        ModulusProof.from_json([*["0x1"] * 135, longest + "f"])


def test_a_proof_in_another_order_is_refused(secret_key):
    listed = secret_key.prove_modulus().to_json()
    swapped = [*listed[:20], listed[21], listed[20], *listed[22:]]
    for wrong in ([*listed[8:], *listed[:8]], listed[::-1], swapped):
        with pytest.raises(KeyProofInvalid, match="root"):
            verify_modulus(secret_key.public_key, ModulusProof.from_json(wrong))
