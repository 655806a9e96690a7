import dataclasses

import phe
import pytest
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier import EncryptedVector, Randomizer
from commons.errors import HeadroomExceeded, InvalidCiphertext, InvalidInput
from tests.support.worthless_keys import worthless_key

KEY = worthless_key(256)
LIMIT = KEY.public_key.max_plaintext
RANDOMIZER = Randomizer(KEY.public_key)

elements = st.integers(-(2**100), 2**100)
pairs_of_vectors = st.integers(0, 5).flatmap(
    lambda size: st.tuples(*(st.lists(elements, min_size=size, max_size=size) for _ in range(2)))
)


def encrypted(values, fractional_bits=8, **kwargs):
    return EncryptedVector.encrypt(RANDOMIZER, values, fractional_bits=fractional_bits, **kwargs)


@settings(deadline=None)
@given(pairs_of_vectors)
def test_arithmetic_on_ciphertexts_is_arithmetic_on_plaintexts(pair):
    left, right = pair
    a, b = encrypted(left), encrypted(right)
    expected = {
        "sum": (a + b, [x + y for x, y in zip(left, right, strict=True)]),
        "difference": (a - b, [x - y for x, y in zip(left, right, strict=True)]),
        "negation": (-a, [-x for x in left]),
        "plain sum": (a.add_encoded(right), [x + y for x, y in zip(left, right, strict=True)]),
        "total": (a.sum(), [sum(left)]),
        "slice": (a[1:3], left[1:3]),
    }
    for name, (vector, plaintexts) in expected.items():
        assert KEY.decrypt_vector(vector) == plaintexts, name
        assert vector.fractional_bits == 8
        assert all(abs(x) <= vector.bound for x in plaintexts), name


@settings(deadline=None)
@given(st.lists(elements, max_size=4), st.integers(-(2**60), 2**60), st.integers(0, 60))
def test_one_factor_multiplies_every_element(values, factor, fractional_bits):
    product = encrypted(values).multiply_encoded(factor, fractional_bits)
    assert KEY.decrypt_vector(product) == [factor * x for x in values]
    assert product.fractional_bits == 8 + fractional_bits
    assert all(abs(factor * x) <= product.bound for x in values)


OPERATIONS = {
    "add": (lambda vector, operand: vector + encrypted([operand]), lambda x, operand: x + operand),
    "subtract": (lambda vector, operand: vector - encrypted([operand]), lambda x, operand: x - operand),
    "add plain": (lambda vector, operand: vector.add_encoded([operand]), lambda x, operand: x + operand),
    "multiply": (lambda vector, operand: vector.multiply_encoded(operand), lambda x, operand: x * operand),
    "double": (lambda vector, _: vector + vector, lambda x, _: 2 * x),
}


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(-(2**90), 2**90)), max_size=10))
def test_whatever_is_computed_either_is_exact_or_raises_before_it_wraps(steps):
    plaintext, vector = 3, encrypted([3])
    for name, operand in steps:
        on_vector, on_plaintext = OPERATIONS[name]
        try:
            result = on_vector(vector, operand)
        except HeadroomExceeded:
            # A refusal has to be earned: the bound it would have given is above the largest plaintext.
            assert abs(on_plaintext(vector.bound, abs(operand) * (-1 if name == "subtract" else 1))) > LIMIT
            continue
        vector, plaintext = result, on_plaintext(plaintext, operand)
        assert KEY.decrypt_vector(vector) == [plaintext]


def test_values_agree_with_phe():
    theirs = KEY.to_phe()
    values = [5, -7, 0, 2**60]
    ours = encrypted(values)
    numbers = [phe.EncryptedNumber(theirs.public_key, int(c)) for c in ours.ciphertexts]
    assert [theirs.decrypt(number) for number in numbers] == values
    expression = [number * -3 + 11 for number in numbers]
    combined = ours.multiply_encoded(-3).add_encoded([11] * 4)
    assert KEY.decrypt_vector(combined) == [theirs.decrypt(number) for number in expression]
    from_theirs = [theirs.public_key.encrypt(value).ciphertext() for value in values]
    wire = KEY.public_key.ciphertexts_to_bytes(KEY.public_key.check_ciphertexts(from_theirs))
    ours_again = EncryptedVector.from_bytes(KEY.public_key, wire, 4, 0, 2**60)
    assert KEY.decrypt_vector(ours_again) == values


def test_headroom_is_refused_before_anything_is_computed():
    full = encrypted([1], bound=LIMIT)
    half = encrypted([1, 1], bound=LIMIT // 2 + 1)
    for wrapping in (
        lambda: full + full,
        lambda: full - full,
        lambda: full.add_encoded([1]),
        lambda: full.add_encoded([-1]),
        lambda: full.multiply_encoded(2),
        lambda: full.multiply_encoded(-2),
        half.sum,
        lambda: full.unsafe_with_bound(LIMIT + 1),
        lambda: encrypted([LIMIT + 1]),
        lambda: encrypted([1], bound=LIMIT + 1),
    ):
        with pytest.raises(HeadroomExceeded):
            wrapping()
    assert KEY.decrypt_vector(full.multiply_encoded(-1)) == [-1]
    assert KEY.decrypt_vector(half[:1].sum()) == [1]


def test_a_value_above_the_declared_bound_is_named_by_its_index_and_not_shown():
    with pytest.raises(HeadroomExceeded, match=r"encoded\[1\]") as caught:
        encrypted([3, -1234567, 4], bound=1000)
    assert "1234567" not in str(caught.value)


def test_a_proven_bound_makes_room():
    vector = encrypted([5], bound=LIMIT).unsafe_with_bound(5)
    assert KEY.decrypt_vector(vector + vector) == [10]
    assert (vector + vector).bound == 10


def test_operands_of_different_form_are_refused():
    vector = encrypted([1, 2])
    other_key = Randomizer(worthless_key(256, "b").public_key)
    for field, other in (
        ("length", encrypted([1])),
        ("fractional_bits", encrypted([1, 2], fractional_bits=9)),
        ("key", EncryptedVector.encrypt(other_key, [1, 2], fractional_bits=8)),
    ):
        with pytest.raises(InvalidCiphertext, match=f"'{field}'"):
            vector + other
        with pytest.raises(InvalidCiphertext, match=f"'{field}'"):
            vector - other
    with pytest.raises(InvalidCiphertext, match="'key'"):
        vector.rerandomize(other_key)
    with pytest.raises(InvalidInput, match="expected 2 integers, got 1"):
        vector.add_encoded([1])


def test_rerandomizing_changes_every_ciphertext_and_no_plaintext():
    vector = encrypted([1, -2, 0], bound=7)
    again = vector.rerandomize(RANDOMIZER)
    assert KEY.decrypt_vector(again) == [1, -2, 0]
    assert (again.fractional_bits, again.bound) == (8, 7)
    assert not set(again.ciphertexts) & set(vector.ciphertexts)


def test_a_vector_survives_the_wire():
    vector = encrypted([1, -2, 3])
    back = EncryptedVector.from_bytes(KEY.public_key, vector.to_bytes(), count=3, fractional_bits=8, bound=vector.bound)
    assert back == vector
    assert len(vector.to_bytes()) == 3 * 64


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_wrong_count_is_refused(count):
    with pytest.raises(InvalidCiphertext, match="expected"):
        EncryptedVector.from_bytes(KEY.public_key, encrypted([1, 2, 3]).to_bytes(), count, 8, 3)


def test_malformed_ciphertexts_are_refused():
    good = encrypted([1, 2, 3]).to_bytes()
    for malformed in (0, KEY.public_key.n_squared, KEY.p * 12345, 2**512 - 1):
        wire = good[:64] + int(malformed).to_bytes(64, "big") + good[128:]
        with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[1\]"):
            EncryptedVector.from_bytes(KEY.public_key, wire, 3, 8, 3)


def test_the_digest_covers_ciphertexts_and_scale():
    vector = encrypted([1, 2])
    assert vector.digest() == keccak(vector.to_bytes() + (8).to_bytes(8, "big"))
    assert dataclasses.replace(vector, fractional_bits=9).digest() != vector.digest()
    assert vector.rerandomize(RANDOMIZER).digest() != vector.digest()
    assert vector.unsafe_with_bound(99).digest() == vector.digest()


def test_form_is_checked_where_a_vector_is_made():
    with pytest.raises(InvalidInput, match="fractional_bits"):
        encrypted([1], fractional_bits=-1)
    with pytest.raises(InvalidInput, match="bound"):
        encrypted([1]).unsafe_with_bound(-1)
    with pytest.raises(InvalidInput, match="fractional_bits"):
        encrypted([1]).multiply_encoded(2, -1)


def test_single_elements_are_taken_as_slices_only():
    with pytest.raises(TypeError, match="sliced"):
        encrypted([1, 2])[0]


def test_a_vector_is_frozen_and_its_representation_short():
    vector = encrypted([1] * 50)
    with pytest.raises(dataclasses.FrozenInstanceError):
        vector.bound = 3
    assert len(repr(vector)) < 120
    assert len(vector) == 50
