"""Anybody who sees ciphertexts reads their Jacobi symbols, without a key; re-randomising must not leave them as they were.

Where it does, a ciphertext can be followed by one bit, and the parity of every coefficient is public: [Σ_j M_ij·w_j] has
the symbol Π_j symbol([w_j])^M_ij.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import pairwise

import gmpy2
import pytest
from gmpy2 import mpz

from commons.ciphers.paillier import (
    EncryptedVector,
    KeyHolderRandomizer,
    PublicKey,
    Randomizer,
    SecretKey,
    affine_map,
)
from tests.attacks.weak_randomizer import HalfLengthRandomizer
from tests.support.worthless_keys import worthless_key

SIZE = 6
DRAWS = 400
# Heads in 400 tosses: outside of this once in 10^10 times, for the mean is 200 and the standard deviation 10.
FEWEST, MOST = 135, 265

Matrix = list[list[int]]


@pytest.fixture(scope="module")
def secret_key() -> SecretKey:
    return worthless_key(512)


@pytest.fixture(scope="module")
def secret_matrix() -> Matrix:
    return [[secrets.randbits(54) - (1 << 53) for _ in range(SIZE)] for _ in range(SIZE)]


def ciphertext_with_symbol(key: PublicKey, symbol: int) -> mpz:
    """A fresh ciphertext as phe makes it, drawn until it has the symbol."""
    while True:
        ciphertext = mpz(key.to_phe().raw_encrypt(secrets.randbits(60)))
        if gmpy2.jacobi(ciphertext, key.n) == symbol:
            return ciphertext


def kept_symbols(key: PublicKey, randomizer: Randomizer) -> int:
    """How many of `DRAWS` ciphertexts with both symbols have theirs after re-randomising."""
    ciphertexts = [ciphertext_with_symbol(key, symbol) for symbol in (1, -1) for _ in range(DRAWS // 2)]
    return sum(gmpy2.jacobi(c, key.n) == gmpy2.jacobi(randomizer.rerandomize(c), key.n) for c in ciphertexts)


def parities(key: PublicKey, answer: Callable[[EncryptedVector], EncryptedVector]) -> Matrix:
    """What an outsider reads of an owner's matrix: for each column, answers to weights that have symbol -1 there only."""
    columns = []
    for j in range(SIZE):
        sent = tuple(ciphertext_with_symbol(key, -1 if k == j else 1) for k in range(SIZE))
        answered = answer(EncryptedVector(key, sent, 0, 1 << 60)).ciphertexts
        columns.append([int(gmpy2.jacobi(c, key.n) == -1) for c in answered])
    return [list(row) for row in zip(*columns, strict=True)]


def owner(matrix: Matrix, randomizer: Randomizer) -> Callable[[EncryptedVector], EncryptedVector]:
    offset = [secrets.randbits(100) for _ in matrix]
    return lambda weights: affine_map(matrix, weights, offset, matrix_fractional_bits=0).rerandomize(randomizer)


def test_powers_of_a_square_keep_every_symbol(secret_key: SecretKey) -> None:
    key = secret_key.public_key
    assert kept_symbols(key, HalfLengthRandomizer(key)) == DRAWS


@pytest.mark.parametrize("whose", ["everybody's", "the key holder's"])
def test_a_symbol_after_rerandomising_says_nothing_of_the_one_before(secret_key: SecretKey, whose: str) -> None:
    key = secret_key.public_key
    randomizer = Randomizer(key) if whose == "everybody's" else KeyHolderRandomizer(secret_key)
    assert FEWEST <= kept_symbols(key, randomizer) <= MOST


def test_obfuscators_have_either_symbol_alike_and_independently(secret_key: SecretKey) -> None:
    key = secret_key.public_key
    randomizer = Randomizer(key)
    symbols = [gmpy2.jacobi(randomizer.obfuscator(), key.n) for _ in range(DRAWS + 1)]
    assert FEWEST <= symbols[1:].count(1) <= MOST
    assert FEWEST <= sum(a == b for a, b in pairwise(symbols)) <= MOST


def test_powers_of_a_square_give_the_parity_of_every_coefficient_away(
    secret_key: SecretKey, secret_matrix: Matrix
) -> None:
    key = secret_key.public_key
    odd = [[entry % 2 for entry in row] for row in secret_matrix]
    assert parities(key, owner(secret_matrix, HalfLengthRandomizer(key))) == odd


def test_parities_do_not_show_any_more(secret_key: SecretKey, secret_matrix: Matrix) -> None:
    key = secret_key.public_key
    odd = [[entry % 2 for entry in row] for row in secret_matrix]
    # 36 bits that are right by chance once in 10^10 times.
    assert parities(key, owner(secret_matrix, Randomizer(key))) != odd
