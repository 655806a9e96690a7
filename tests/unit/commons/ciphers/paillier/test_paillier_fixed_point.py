import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier import decode, encode, encode_matrix
from commons.errors import InvalidInput

finite_floats = st.floats(allow_nan=False, allow_infinity=False)
scales = st.integers(0, 3000)


@settings(deadline=None)
@given(finite_floats, scales)
def test_encoding_is_the_exactly_rounded_product(value, fractional_bits):
    assert encode([value], fractional_bits) == [round(Fraction(value) * 2**fractional_bits)]


@settings(deadline=None)
@given(st.fractions(), st.integers(0, 300))
def test_fractions_are_rounded_once_half_to_even(value, fractional_bits):
    assert encode([value], fractional_bits) == [round(value * 2**fractional_bits)]


@settings(deadline=None)
@given(st.integers(), scales)
def test_integers_are_shifted(value, fractional_bits):
    assert encode([value], fractional_bits) == [value << fractional_bits]


@settings(deadline=None)
@given(finite_floats, st.integers(1074, 3000))
def test_a_fine_enough_scale_loses_nothing(value, fractional_bits):
    assert decode(encode([value], fractional_bits), fractional_bits).tolist() == [value]


@settings(deadline=None)
@given(st.integers(-(2**3000), 2**3000), st.integers(2000, 6000))
def test_decoding_rounds_correctly_at_any_size(integer, fractional_bits):
    assert decode([integer], fractional_bits).tolist() == [float(Fraction(integer, 2**fractional_bits))]


@settings(deadline=None)
@given(st.lists(finite_floats.filter(lambda v: abs(v) < 1e6), max_size=20))
def test_a_round_trip_is_off_by_half_a_unit_at_most(values):
    decoded = decode(encode(values, 40), 40)
    assert all(
        abs(Fraction(a) - Fraction(b)) <= Fraction(1, 2**41) for a, b in zip(decoded.tolist(), values, strict=True)
    )


def test_halves_go_to_even():
    assert encode([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, -0.51], 0) == [0, 2, 2, 0, -2, -2, 0, -1]


def test_numpy_values_of_any_width_are_taken():
    assert encode(np.array([1.5, -2.0], dtype=np.float32), 1) == [3, -4]
    assert encode(np.array([3, -4], dtype=np.int64), 2) == [12, -16]
    assert encode([np.float32(0.25), np.int8(-1), np.float64(2)], 2) == [1, -4, 8]
    encoded = encode(np.array([1.0]), 100)
    assert all(type(value) is int for value in encoded)


def test_a_matrix_keeps_its_shape():
    assert encode_matrix(np.array([[1.0, -0.5], [0.0, 2.0]]), 1) == [[2, -1], [0, 4]]
    assert encode_matrix([[1], [Fraction(1, 3)]], 2) == [[4], [1]]
    assert encode_matrix(np.zeros((0, 3)), 2) == []


def test_nothing_encodes_and_decodes_to_nothing():
    assert encode([], 40) == []
    assert decode([], 40).shape == (0,)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), None, "1", 1j])
def test_what_is_no_finite_number_is_named_by_its_index(value):
    with pytest.raises(InvalidInput, match=r"values\[1\]"):
        encode([0.0, value], 40)


def test_wrong_shapes_are_refused():
    with pytest.raises(InvalidInput, match="one dimension"):
        encode(np.zeros((2, 2)), 40)
    with pytest.raises(InvalidInput, match="one dimension"):
        encode_matrix(np.zeros((2, 2, 2)), 40)
    with pytest.raises(InvalidInput, match="differ in length"):
        encode_matrix([[1, 2], [3]], 40)


@pytest.mark.parametrize("fractional_bits", [-1, 1.5, None])
def test_a_scale_that_is_no_count_of_bits_is_refused(fractional_bits):
    with pytest.raises(InvalidInput, match="fractional_bits"):
        encode([1.0], fractional_bits)
    with pytest.raises(InvalidInput, match="fractional_bits"):
        decode([1], fractional_bits)


def test_a_quotient_beyond_float64_is_refused():
    assert decode([2**2000], 1000).tolist() == [2.0**1000]
    with pytest.raises(InvalidInput, match=r"integers\[1\].*range of a float64"):
        decode([1, 2**2100], 1000)


def test_quotients_below_float64_vanish():
    assert decode([1, -1], 3000).tolist() == [0.0, 0.0]
