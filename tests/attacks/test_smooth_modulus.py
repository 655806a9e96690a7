"""A model buyer that makes its modulus so that it can take discrete logarithms, and reads owners' coefficients.

The buyer encrypts weights w_j with randomness g^{L_j}, where it knows the L_j. An owner answers with [Σ_j M_ij·w_j + r_i],
packed and re-randomised. Whatever masks r the plaintexts have, the randomness of an answer has the logarithm
Σ_j L_j·M_j + H·e, with M_j the packed coefficients of column j, and H·e the logarithm of what the owner re-randomised with. Is
that a power e of one base, and e shorter than the order of the group, then

1. answers to weights with L_j = 0 give multiples of H by short numbers, and lattice reduction H;
2. answers to weights with a single L_j that is not 0 give, by lattice reduction again, the coefficients of that column.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import reduce

import gmpy2
import pytest
from gmpy2 import mpz

from commons.ciphers.paillier import EncryptedVector, Randomizer, affine_map, pack, verify_modulus
from tests.attacks.lattice import lll_reduced
from tests.attacks.smooth_key import SmoothKey
from tests.attacks.weak_randomizer import HalfLengthRandomizer

SIZE = 3
WEIGHT_BITS, MATRIX_BITS, MASK_BITS, SLOT_BITS = 96, 48, 260, 300
ENTRY_BITS = MATRIX_BITS + 6
SILENT_ANSWERS, IN_LATTICE = 36, 5
LARGEST_DIVISOR = 1000

Matrix = list[list[int]]
Answer = Callable[[EncryptedVector], mpz]


@pytest.fixture(scope="module")
def key() -> SmoothKey:
    return SmoothKey(1024)


@pytest.fixture(scope="module")
def secret_matrix() -> Matrix:
    """Coefficients of either sign as owners encode them: real numbers up to 32, with 48 fractional bits."""
    return [[secrets.randbits(ENTRY_BITS) - (1 << (ENTRY_BITS - 1)) for _ in range(SIZE)] for _ in range(SIZE)]


def owner(matrix: Matrix, randomizer: Randomizer) -> Answer:
    """What a validator does with weights: a linear map, a mask for each result, one packed ciphertext, re-randomised."""

    def answer(weights: EncryptedVector) -> mpz:
        masks = [secrets.randbits(MASK_BITS) for _ in matrix]
        mapped = affine_map(matrix, weights, masks, matrix_fractional_bits=MATRIX_BITS)
        (ciphertext,) = pack(mapped, slot_bits=SLOT_BITS).rerandomize(randomizer).ciphertexts
        return ciphertext

    return answer


class Buyer:
    """The attacker; `exponent_bits` is how long it takes the owners' exponents to be."""

    def __init__(self, key: SmoothKey, exponent_bits: int) -> None:
        self._key = key
        self._modulus = key.unseen
        self._exponent_bits = exponent_bits

    def weights(self, logarithms: Sequence[int]) -> EncryptedVector:
        public, values = self._key.public_key, [secrets.randbits(WEIGHT_BITS) for _ in logarithms]
        ciphertexts = tuple(
            (1 + public.n * value)
            * gmpy2.powmod(self._key.unit(logarithm), public.n, public.n_squared)
            % public.n_squared
            for value, logarithm in zip(values, logarithms, strict=True)
        )
        return EncryptedVector(public, ciphertexts, WEIGHT_BITS, 1 << WEIGHT_BITS)

    def seen(self, ciphertext: mpz) -> mpz:
        randomness = self._key.secret_key.open(ciphertext).randomness
        return self._key.logarithm(randomness) % self._modulus

    def silent(self) -> int:
        """A logarithm that looks like any other in the ciphertext and is 0 mod the part of the order that counts."""
        return int(self._modulus) * secrets.randbits(60)

    def matrix(self, answer: Answer, bases: Sequence[mpz] | None = None) -> Matrix | None:
        """The owner's coefficients, or None where nothing fits; `bases` if somebody has told the buyer their logarithms."""
        found = [self.base(answer)] if bases is None else bases
        columns = [] if None in found else [self._column_of(answer, j, found) for j in range(SIZE)]
        return None if not columns or None in columns else [list(row) for row in zip(*columns, strict=True)]

    def base(self, answer: Answer) -> mpz | None:
        """H, from answers to weights that are silent: they are to each other as the short exponents are."""
        seen = [self.seen(answer(self.weights([self.silent()] * SIZE))) for _ in range(SILENT_ANSWERS)]
        # Where H is 0, nothing can be told.
        self._modulus //= reduce(gmpy2.gcd, seen, self._modulus)
        modulus = self._modulus
        first = next(one for one in seen if gmpy2.gcd(one, modulus) == 1)
        ratios = [one * gmpy2.invert(first, modulus) % modulus for one in seen if one != first]
        chosen = [mpz(1), *ratios[: IN_LATTICE - 1]]
        lattice = [chosen] + [[modulus if i == j else 0 for i in range(IN_LATTICE)] for j in range(1, IN_LATTICE)]
        shortest = [abs(entry) for entry in lll_reduced(lattice)[0]]
        # The exponents up to a common divisor, which all the other answers tell.
        for divisor in range(1, LARGEST_DIVISOR):
            exponents = (ratio * shortest[0] * divisor % modulus for ratio in ratios)
            if all(exponent.bit_length() <= self._exponent_bits for exponent in exponents):
                return first * gmpy2.invert(shortest[0] * divisor, modulus) % modulus
        return None

    def _column_of(self, answer: Answer, j: int, bases: Sequence[mpz]) -> list[int] | None:
        loud = secrets.randbelow(int(self._modulus))
        logarithms = [loud if k == j else self.silent() for k in range(SIZE)]
        return self._column(self.seen(answer(self.weights(logarithms))), loud, bases)

    def _column(self, seen: mpz, loud: int, bases: Sequence[mpz]) -> list[int] | None:
        """Short x_i and e_k with Σ_i 2^(slot·i)·loud·x_i + Σ_k H_k·e_k = what was seen, mod the order."""
        bits, modulus = self._exponent_bits, int(self._modulus)
        heavy, half = 1 << (bits + 60), 1 << (bits - 1)
        scale = 1 << (bits - ENTRY_BITS)
        known = [(scale, loud << (SLOT_BITS * i)) for i in range(SIZE)] + [(1, int(base)) for base in bases]
        unknowns = len(known)
        lattice = [
            [size if k == i else 0 for k in range(unknowns)] + [0, heavy * times]
            for i, (size, times) in enumerate(known)
        ]
        # Exponents are positive: those around 0 are half as long.
        lattice.append([0] * unknowns + [half, -heavy * int((seen - half * sum(bases)) % modulus)])
        lattice.append([0] * unknowns + [0, heavy * modulus])
        for row in lll_reduced(lattice):
            if abs(row[-2]) == half and row[-1] == 0:
                sign = 1 if row[-2] > 0 else -1
                return [sign * entry // scale for entry in row[:SIZE]]
        return None


def entries_in_common(found: Matrix | None, secret: Matrix) -> int:
    if found is None:
        return 0
    return sum(a == b for rows in zip(found, secret, strict=True) for a, b in zip(*rows, strict=True))


def test_the_modulus_has_every_proof_that_is_asked_for(key: SmoothKey) -> None:
    verify_modulus(key.public_key, key.secret_key.prove_modulus())


def test_the_key_holder_takes_logarithms(key: SmoothKey) -> None:
    exponent = secrets.randbelow(int(key.order))
    assert key.logarithm(key.unit(exponent)) == exponent


def test_half_length_powers_of_one_base_give_every_coefficient_away(key: SmoothKey, secret_matrix: Matrix) -> None:
    weak = HalfLengthRandomizer(key.public_key)
    assert Buyer(key, weak.exponent_bits).matrix(owner(secret_matrix, weak)) == secret_matrix


def test_independent_bases_and_long_exponents_give_nothing_away(key: SmoothKey, secret_matrix: Matrix) -> None:
    randomizer = Randomizer(key.public_key)
    for exponent_bits in (key.public_key.bits // 2, randomizer._powers.exponent_bits // 8):
        assert Buyer(key, exponent_bits).base(owner(secret_matrix, randomizer)) is None


def test_not_even_to_somebody_who_knows_the_bases(key: SmoothKey, secret_matrix: Matrix) -> None:
    """The second step on its own, with the logarithms of the bases for a present."""
    weak, randomizer = HalfLengthRandomizer(key.public_key), Randomizer(key.public_key)
    buyer = Buyer(key, weak.exponent_bits)
    found = buyer.matrix(owner(secret_matrix, weak), [buyer.seen(weak._base)])
    assert entries_in_common(found, secret_matrix) == SIZE**2
    buyer = Buyer(key, randomizer._powers.exponent_bits // 8)
    bases = [buyer.seen(table[1]) for table in randomizer._powers._tables]
    assert entries_in_common(buyer.matrix(owner(secret_matrix, randomizer), bases), secret_matrix) == 0
