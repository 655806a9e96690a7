"""A modulus of twenty primes: its n-th roots are in order, but the group of units has more factors than there are bases.

For every prime factor P of n the holder reads the Legendre symbol mod P of a ciphertext's randomness. Eight bases move these
twenty bits within eight dimensions at most; in the twelve others randomness stays as it was, and tells coefficients modulo 2,
as it does modulo every other number that all P - 1 have in common.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import reduce
from operator import mul, xor

import gmpy2
import pytest
from gmpy2 import mpz

from commons.ciphers.paillier import (
    UNSAFE_SMALL_KEYS,
    EncryptedVector,
    ModulusProof,
    PublicKey,
    Randomizer,
    affine_map,
    verify_modulus,
)
from commons.ciphers.paillier.key_generation import random_prime
from commons.ciphers.paillier.proofs import SMALL_FACTOR_LIMIT, root_challenges, square_challenges
from commons.errors import KeyProofInvalid
from tests.support.worthless_keys import worthless_key, worthless_proof

PRIMES, PRIME_BITS = 20, 52
SIZE = 6
SAMPLES = 60

Matrix = list[list[int]]


class ManyPrimesKey:
    """What its holder knows: the primes, and with them roots and Legendre symbols."""

    def __init__(self) -> None:
        while True:
            self.primes = [random_prime(PRIME_BITS) for _ in range(PRIMES)]
            order = reduce(mul, (prime - 1 for prime in self.primes))
            n = reduce(mul, self.primes)
            # As a holder does that has no roots otherwise.
            if len(set(self.primes)) == PRIMES and gmpy2.gcd(n, order) == 1 and n % 4 == 1:
                break
        self.public_key = PublicKey(n, policy=UNSAFE_SMALL_KEYS)
        self._inverse = gmpy2.invert(n, order)

    def proof(self) -> ModulusProof:
        """The n-th roots, and the square roots where there are any."""
        n = self.public_key.n
        roots = [gmpy2.powmod(c, self._inverse, n) for c in root_challenges(self.public_key)]
        square_roots = [
            self._square_root(x) or self._square_root(n - x) or 1 for x in square_challenges(self.public_key)
        ]
        return ModulusProof(tuple(map(int, roots)), tuple(map(int, square_roots)))

    def symbols(self, ciphertext: mpz) -> int:
        """The Legendre symbols, one bit for each prime, 1 where it is -1. The randomness has those of the ciphertext."""
        return sum(1 << i for i, prime in enumerate(self.primes) if gmpy2.legendre(ciphertext, prime) == -1)

    def ciphertext_with_symbols(self, symbols: int) -> mpz:
        root = self._joined([1 if not symbols >> i & 1 else -1 for i in range(PRIMES)])
        square = secrets.randbelow(int(self.public_key.n)) ** 2
        n, n_squared = self.public_key.n, self.public_key.n_squared
        return (1 + n * secrets.randbits(60)) * gmpy2.powmod(root * square, n, n_squared) % n_squared

    def _square_root(self, number: mpz) -> mpz | None:
        if any(gmpy2.legendre(number, prime) != 1 for prime in self.primes):
            return None
        return self._joined([gmpy2.powmod(number, (prime + 1) // 4, prime) for prime in self.primes])

    def _joined(self, residues: list[int]) -> mpz:
        n = self.public_key.n
        parts = (
            r * (n // prime) * gmpy2.invert(n // prime, prime) for r, prime in zip(residues, self.primes, strict=True)
        )
        return sum(parts, mpz(0)) % n


def verify_without_two_primes(key: PublicKey, proof: ModulusProof) -> None:
    """The modulus proof as it was: small factors, primes, powers and the n-th roots."""
    n = key.n
    assert gmpy2.gcd(n, gmpy2.primorial(SMALL_FACTOR_LIMIT)) == 1
    assert not gmpy2.is_prime(n)
    assert not gmpy2.is_power(n)
    assert [gmpy2.powmod(root, n, n) for root in proof.roots] == root_challenges(key)


def orthogonal_to(vectors: list[int], bits: int) -> list[int]:
    """A basis of all x with an even number of bits in common with every one of the vectors."""
    rows: dict[int, int] = {}
    for vector in vectors:
        left = reduce(xor, (row for lead, row in rows.items() if vector >> lead & 1), vector)
        if left:
            lead = left.bit_length() - 1
            rows = {at: row ^ left if row >> lead & 1 else row for at, row in rows.items()} | {lead: left}
    free = [bit for bit in range(bits) if bit not in rows]
    return [reduce(xor, (1 << lead for lead, row in rows.items() if row >> bit & 1), 1 << bit) for bit in free]


def parities(key: ManyPrimesKey, answer: Callable[[EncryptedVector], EncryptedVector]) -> Matrix | None:
    """The owner's matrix mod 2, from the symbols that its randomness leaves alone; None if there are none."""

    def ask(symbols: list[int]) -> list[int]:
        sent = tuple(map(key.ciphertext_with_symbols, symbols))
        return [key.symbols(c) for c in answer(EncryptedVector(key.public_key, sent, 0, 1 << 60)).ciphertexts]

    silent = [symbols for _ in range(SAMPLES // SIZE) for symbols in ask([0] * SIZE)]
    untouched = orthogonal_to(silent, PRIMES)
    if not untouched:
        return None
    loud = next(1 << bit for bit in range(PRIMES) if untouched[0] >> bit & 1)
    columns = [ask([loud if k == j else 0 for k in range(SIZE)]) for j in range(SIZE)]
    return [[(columns[j][i] & untouched[0]).bit_count() % 2 for j in range(SIZE)] for i in range(SIZE)]


@pytest.fixture(scope="module")
def key() -> ManyPrimesKey:
    return ManyPrimesKey()


@pytest.fixture(scope="module")
def secret_matrix() -> Matrix:
    return [[secrets.randbits(54) - (1 << 53) for _ in range(SIZE)] for _ in range(SIZE)]


def test_the_roots_alone_are_in_order(key: ManyPrimesKey) -> None:
    verify_without_two_primes(key.public_key, key.proof())


def test_what_is_not_refused_reads_coefficients_modulo_two(key: ManyPrimesKey, secret_matrix: Matrix) -> None:
    randomizer = Randomizer(key.public_key)
    offset = [secrets.randbits(100) for _ in range(SIZE)]

    def answer(weights: EncryptedVector) -> EncryptedVector:
        return affine_map(secret_matrix, weights, offset, matrix_fractional_bits=0).rerandomize(randomizer)

    assert parities(key, answer) == [[entry % 2 for entry in row] for row in secret_matrix]


def test_the_two_primes_proof_refuses_it(key: ManyPrimesKey) -> None:
    proof = key.proof()
    n = key.public_key.n
    shown = sum(
        mpz(r) ** 2 % n in (x, n - x)
        for r, x in zip(proof.square_roots, square_challenges(key.public_key), strict=True)
    )
    # Two of 2^19 classes have roots.
    assert shown < 10
    with pytest.raises(KeyProofInvalid, match=r"square root \d+ is not one of its challenge"):
        verify_modulus(key.public_key, proof)


def test_three_primes_are_refused_too() -> None:
    primes = [random_prime(340) for _ in range(3)]
    public_key = PublicKey(reduce(mul, primes), policy=UNSAFE_SMALL_KEYS)
    inverse = gmpy2.invert(public_key.n, reduce(mul, (prime - 1 for prime in primes)))
    roots = tuple(int(gmpy2.powmod(c, inverse, public_key.n)) for c in root_challenges(public_key))
    proof = ModulusProof(roots, (1,) * 128)
    verify_without_two_primes(public_key, proof)
    with pytest.raises(KeyProofInvalid, match="not 1 modulo 4"):
        verify_modulus(public_key, proof)


def test_both_verifiers_take_an_honest_key() -> None:
    secret_key, proof = worthless_key(1024), worthless_proof(1024)
    verify_without_two_primes(secret_key.public_key, proof)
    verify_modulus(secret_key.public_key, proof)
