import itertools
import math

import pytest
from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier.multi_exponentiation import batch_inverse, multi_exponentiation, signed_windows
from commons.errors import InvalidCiphertext, InvalidInput

MODULUS = mpz((2**89 - 1) * (2**61 - 1)) ** 2
units = st.integers(1, int(MODULUS) - 1).filter(lambda x: math.gcd(x, int(MODULUS)) == 1).map(mpz)
exponents = st.one_of(st.integers(-(2**60), 2**60), st.integers(-4, 4), st.integers(-(2**400), 2**400), st.just(0))


@st.composite
def bases_and_rows(draw):
    width, height = draw(st.integers(0, 5)), draw(st.integers(0, 6))
    rows = st.lists(st.lists(exponents, min_size=width, max_size=width), min_size=height, max_size=height)
    return draw(st.lists(units, min_size=width, max_size=width)), draw(rows)


@settings(deadline=None)
@given(bases_and_rows())
def test_equals_the_product_of_single_powers(case):
    bases, rows = case
    expected = tuple(
        math.prod(pow(int(base), exponent, int(MODULUS)) for base, exponent in zip(bases, row, strict=True)) % MODULUS
        for row in rows
    )
    assert multi_exponentiation(bases, rows, MODULUS) == expected


def test_one_base_and_many_rows_use_wide_windows_correctly():
    rows = [[e] for e in range(-600, 600)] + [[2**2000 - 3], [-(3**900)]]
    powers = multi_exponentiation([mpz(7)], rows, MODULUS)
    assert powers == tuple(pow(7, row[0], int(MODULUS)) for row in rows)


@settings(deadline=None)
@given(exponents, st.integers(2, 10))
def test_signed_windows_are_a_sparse_form_of_the_exponent(exponent, width):
    digits = signed_windows(exponent, width)
    assert sum(digit << position for position, digit in digits) == exponent
    assert all(digit % 2 and abs(digit) < 2 ** (width - 1) for _, digit in digits)
    positions = [position for position, _ in digits]
    assert all(later - earlier >= width for earlier, later in itertools.pairwise(positions))


@settings(deadline=None)
@given(st.lists(units, max_size=8))
def test_batch_inverse_inverts_every_value(values):
    inverses = batch_inverse(values, MODULUS)
    assert len(inverses) == len(values)
    assert all(value * inverse % MODULUS == 1 for value, inverse in zip(values, inverses, strict=True))


def test_a_base_without_an_inverse_is_refused():
    with pytest.raises(InvalidCiphertext, match="shares a factor"):
        multi_exponentiation([mpz(3), mpz(2**61 - 1)], [[1, -1]], MODULUS)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(InvalidInput, match="row 1 has 1 entries, expected 2"):
        multi_exponentiation([mpz(3), mpz(5)], [[1, 2], [3]], MODULUS)
