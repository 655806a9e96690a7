"""What may become bytes for others: what was re-randomised, or what somebody gives a reason for."""

import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.ciphers.paillier import EncryptedVector, PackedVector, Randomizer, affine_map, pack
from tests.support.worthless_keys import worthless_key

KEY = worthless_key(256)
RANDOMIZER = Randomizer(KEY.public_key)
FORM = {"fractional_bits": 8, "bound": 1 << 40}


def encrypted(values):
    return EncryptedVector.encrypt(RANDOMIZER, values, **FORM)


def received(vector):
    return EncryptedVector.from_bytes(KEY.public_key, vector.to_bytes(), len(vector), **FORM)


ARITHMETIC = {
    "sum of two": lambda v: v + v,
    "negative": lambda v: -v,
    "difference": lambda v: v - v,
    "shift": lambda v: v.add_encoded([0] * len(v)),
    "multiple": lambda v: v.multiply_encoded(1),
    "sum of all": lambda v: v.sum(),
    "map": lambda v: affine_map([[1] + [0] * (len(v) - 1)], v, None, matrix_fractional_bits=0),
    "packed": lambda v: pack(v, slot_bits=60),
    "made anew": lambda v: EncryptedVector(v.public_key, v.ciphertexts, v.fractional_bits, v.bound),
    "replaced": lambda v: dataclasses.replace(v, bound=v.bound),
    "received": received,
    "packed and received": lambda v: PackedVector.from_bytes(
        KEY.public_key, pack(v, slot_bits=60).rerandomize(RANDOMIZER).to_bytes(), len(v), 60, v.fractional_bits
    ),
}
PARTS = {
    "itself": lambda v: v,
    "part": lambda v: v[: (len(v) + 1) // 2],
    "joined": lambda v: v[1:].concatenate(v[:1]),
    "another bound": lambda v: v.unsafe_with_bound(v.bound + 1),
    "pickled": lambda v: pickle.loads(pickle.dumps(v)),
}
VECTORS = st.lists(st.integers(-100, 100), min_size=1, max_size=4)


@given(values=VECTORS, of=st.sampled_from(sorted(ARITHMETIC)), then=st.sampled_from(sorted(PARTS)))
def test_what_was_computed_made_or_received_does_not_leave_until_it_is_rerandomized(values, of, then):
    result = ARITHMETIC[of](encrypted(values))
    assert not result.is_rerandomized
    if isinstance(result, EncryptedVector):
        result = PARTS[then](result)
    with pytest.raises(ValueError, match="not re-randomised"):
        result.to_bytes()
    fresh = result.rerandomize(RANDOMIZER)
    assert fresh.is_rerandomized
    assert fresh.to_bytes() != result.to_bytes(unsafe_not_rerandomized="the same test compares them")


@given(values=VECTORS, of=st.sampled_from(sorted(PARTS)))
def test_parts_of_what_is_fresh_are_fresh(values, of):
    part = PARTS[of](encrypted(values))
    assert part.is_rerandomized
    assert part.to_bytes() == KEY.public_key.ciphertexts_to_bytes(part.ciphertexts)


def test_one_part_that_is_not_fresh_is_enough():
    fresh, old = encrypted([1]), -encrypted([2])
    assert not fresh.concatenate(old).is_rerandomized
    assert not old.concatenate(fresh).is_rerandomized


def test_equality_and_digest_are_of_the_ciphertexts_alone():
    vector = encrypted([1, -2])
    assert received(vector) == vector
    assert hash(received(vector)) == hash(vector)
    assert received(vector).digest() == vector.digest()


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_empty_reason_is_none(reason):
    with pytest.raises(ValueError, match="not re-randomised"):
        (-encrypted([1])).to_bytes(unsafe_not_rerandomized=reason)


def test_a_vector_cannot_be_called_fresh_from_outside():
    vector = -encrypted([1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        vector.is_rerandomized = True
    with pytest.raises(ValueError, match="init=False"):
        dataclasses.replace(vector, is_rerandomized=True)
    with pytest.raises(TypeError, match="is_rerandomized"):
        EncryptedVector(KEY.public_key, vector.ciphertexts, 8, 1, is_rerandomized=True)
