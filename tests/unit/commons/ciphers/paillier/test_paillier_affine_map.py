import numpy as np
import phe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier import (
    EncryptedVector,
    Randomizer,
    affine_map,
    decode,
    encode,
    encode_matrix,
)
from commons.errors import HeadroomExceeded, InvalidInput
from tests.support.worthless_keys import worthless_key

KEY = worthless_key(512)
LIMIT = KEY.public_key.max_plaintext
RANDOMIZER = Randomizer(KEY.public_key)

entries = st.one_of(st.just(0), st.integers(-3, 3), st.integers(-(2**50), 2**50), st.integers(-(2**200), 2**200))


@st.composite
def affine_maps(draw):
    width, height = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    row = st.lists(entries, min_size=width, max_size=width)
    matrix = draw(st.lists(row, min_size=height, max_size=height))
    vector = draw(st.lists(st.integers(-(2**100), 2**100), min_size=width, max_size=width))
    offset = draw(st.none() | st.lists(st.integers(-(2**250), 2**250), min_size=height, max_size=height))
    return matrix, vector, offset


def encrypted(values, fractional_bits=0, bound=None):
    return EncryptedVector.encrypt(RANDOMIZER, values, fractional_bits=fractional_bits, bound=bound)


def plain_affine_map(matrix, vector, offset):
    shifts = [0] * len(matrix) if offset is None else offset
    return [sum(a * x for a, x in zip(row, vector, strict=True)) + b for row, b in zip(matrix, shifts, strict=True)]


@settings(deadline=None, max_examples=150)
@given(affine_maps())
def test_equals_the_affine_map_of_the_plaintexts(case):
    matrix, vector, offset = case
    result = affine_map(matrix, encrypted(vector, 3), offset, matrix_fractional_bits=5)
    expected = plain_affine_map(matrix, vector, offset)
    assert KEY.decrypt_vector(result) == expected
    assert result.fractional_bits == 8
    assert all(abs(x) <= result.bound for x in expected)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 7), (7, 1), (4, 6)])
def test_agrees_with_the_expression_in_phe(rows, columns):
    generator = np.random.default_rng(rows * 10 + columns)
    matrix, offset = generator.normal(size=(rows, columns)), generator.normal(size=rows)
    weights = generator.normal(size=columns)
    theirs = KEY.to_phe()
    numbers = np.array([theirs.public_key.encrypt(weight) for weight in weights.tolist()], dtype=object)
    expected = [theirs.decrypt(number) for number in matrix.dot(numbers) + offset]
    ours = affine_map(
        encode_matrix(matrix, 60), encrypted(encode(weights, 60), 60), encode(offset, 120), matrix_fractional_bits=60
    )
    np.testing.assert_allclose(decode(KEY.decrypt_vector(ours), ours.fractional_bits), expected, rtol=1e-13)


def test_phe_decrypts_the_result():
    theirs = KEY.to_phe()
    result = affine_map([[2, -3]], encrypted([10, 1]), [-40], matrix_fractional_bits=0)
    assert theirs.decrypt(phe.EncryptedNumber(theirs.public_key, int(result.ciphertexts[0]))) == -23


def test_an_upper_triangular_matrix_touches_no_zero_entry():
    size = 5
    matrix = [[(-1) ** j * (10 * i + j + 1) if j >= i else 0 for j in range(size)] for i in range(size)]
    vector = encrypted([1, 2, 3, 4, 5])
    # A base that is not invertible would raise or spoil a product if its zero exponents were computed with.
    spoiled = EncryptedVector(KEY.public_key, (KEY.p, *vector.ciphertexts[1:]), 0, 5)
    full = affine_map(matrix, vector, None, matrix_fractional_bits=0)
    below = affine_map(matrix[1:], spoiled, None, matrix_fractional_bits=0)
    assert KEY.decrypt_vector(full) == plain_affine_map(matrix, [1, 2, 3, 4, 5], None)
    assert KEY.decrypt_vector(below) == KEY.decrypt_vector(full)[1:]


def test_the_derived_bound_is_the_largest_row_sum():
    result = affine_map([[3, -4], [0, 1]], encrypted([1, 1], bound=10), [5, -100], matrix_fractional_bits=0)
    assert result.bound == 110


def test_headroom_is_refused_before_anything_is_computed():
    vector = encrypted([1, 1], bound=LIMIT // 4)
    assert affine_map([[2, -2]], vector, None, matrix_fractional_bits=0).bound <= LIMIT
    for matrix, offset in (([[3, -2]], None), ([[2, 2]], [4]), ([[2**300, 0]], None)):
        with pytest.raises(HeadroomExceeded, match="affine_map"):
            affine_map(matrix, vector, offset, matrix_fractional_bits=0)


def test_a_proven_bound_replaces_the_derived_one():
    vector = encrypted([1, 1], bound=LIMIT // 4)
    result = affine_map([[3, -2]], vector, None, matrix_fractional_bits=0, unsafe_bound=1)
    assert result.bound == 1
    assert KEY.decrypt_vector(result) == [1]
    with pytest.raises(HeadroomExceeded):
        affine_map([[1, 0]], vector, None, matrix_fractional_bits=0, unsafe_bound=LIMIT + 1)


def test_shapes_that_do_not_fit_are_refused():
    vector = encrypted([1, 2])
    with pytest.raises(InvalidInput, match="row 1 has 3 entries, expected 2"):
        affine_map([[1, 2], [1, 2, 3]], vector, None, matrix_fractional_bits=0)
    with pytest.raises(InvalidInput, match="'offset': 1 entries, the matrix has 2 rows"):
        affine_map([[1, 2], [3, 4]], vector, [1], matrix_fractional_bits=0)
    with pytest.raises(InvalidInput, match="fractional_bits"):
        affine_map([[1, 2]], vector, None, matrix_fractional_bits=-1)


def test_the_result_is_deterministic_until_it_is_rerandomized():
    vector = encrypted([1, 2])
    first, second = (affine_map([[5, -6]], vector, [7], matrix_fractional_bits=0) for _ in range(2))
    assert first == second
    assert first.rerandomize(RANDOMIZER).ciphertexts != first.ciphertexts


def test_many_chained_maps_follow_the_plaintexts():
    matrix, offset, plaintext = [[1, -2], [3, 1]], [5, -5], [1, -1]
    vector = encrypted(plaintext)
    for _ in range(60):
        vector = affine_map(matrix, vector, offset, matrix_fractional_bits=0)
        plaintext = plain_affine_map(matrix, plaintext, offset)
    assert KEY.decrypt_vector(vector) == plaintext
