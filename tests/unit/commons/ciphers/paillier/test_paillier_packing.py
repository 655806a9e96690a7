import dataclasses

import pytest
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.ciphers.paillier import (
    EncryptedVector,
    PackedVector,
    Randomizer,
    ciphertexts_needed,
    minimum_slot_bits,
    pack,
    slots_per_ciphertext,
)
from commons.errors import HeadroomExceeded, InvalidCiphertext, InvalidInput
from tests.support.worthless_keys import worthless_key

KEY = worthless_key(256)
RANDOMIZER = Randomizer(KEY.public_key)


def encrypted(values, bound=None):
    return EncryptedVector.encrypt(RANDOMIZER, values, fractional_bits=4, bound=bound)


@st.composite
def values_with_slots(draw):
    slot_bits = draw(st.integers(2, 255))
    largest = 2 ** (slot_bits - 1) - 1
    extremes = st.sampled_from([largest, -largest, 0])
    values = draw(st.lists(st.one_of(extremes, st.integers(-largest, largest)), max_size=9))
    return values, slot_bits, largest


@settings(deadline=None)
@given(values_with_slots())
def test_what_is_packed_is_unpacked(case):
    values, slot_bits, largest = case
    packed = pack(encrypted(values, bound=largest), slot_bits=slot_bits)
    assert KEY.decrypt_packed(packed) == values
    assert len(packed) == len(values)
    assert len(packed.ciphertexts) == -(-len(values) // (255 // slot_bits))
    assert packed.fractional_bits == 4


@settings(deadline=None)
@given(st.integers(0, 2**300))
def test_the_minimum_slot_is_the_smallest_with_the_bound_below_its_half(bound):
    slot_bits = minimum_slot_bits(bound)
    assert bound < 2 ** (slot_bits - 1)
    assert slot_bits == 1 or bound >= 2 ** (slot_bits - 2)


def test_the_layout_is_value_plus_offset_at_multiples_of_the_slot():
    packed = pack(encrypted([3, -2, 0]), slot_bits=8)
    assert KEY.decrypt(packed.ciphertexts[0]) == (3 + 128) + ((-2 + 128) << 8) + (128 << 16)


def test_phe_decrypts_a_packed_ciphertext():
    packed = pack(encrypted([1, -1]), slot_bits=16)
    assert KEY.to_phe().raw_decrypt(int(packed.ciphertexts[0])) == (2**15 + 1) + ((2**15 - 1) << 16)


def test_a_slot_that_its_bound_could_overflow_is_refused():
    assert KEY.decrypt_packed(pack(encrypted([1], bound=127), slot_bits=8)) == [1]
    with pytest.raises(HeadroomExceeded, match="at least 9 bits, got 8"):
        pack(encrypted([1], bound=128), slot_bits=8)


def test_a_slot_larger_than_a_plaintext_is_refused():
    assert KEY.decrypt_packed(pack(encrypted([5, -5]), slot_bits=255)) == [5, -5]
    with pytest.raises(HeadroomExceeded, match="does not fit a plaintext"):
        pack(encrypted([5]), slot_bits=256)


def test_counts_follow_from_the_slots():
    key = KEY.public_key
    assert slots_per_ciphertext(key, 100) == 2
    assert [ciphertexts_needed(key, count, slot_bits=100) for count in range(6)] == [0, 1, 1, 2, 2, 3]
    for slot_bits in (0, -1, 256):
        with pytest.raises(InvalidInput, match="slot_bits"):
            slots_per_ciphertext(key, slot_bits)
    with pytest.raises(InvalidInput, match="count"):
        ciphertexts_needed(key, -1, slot_bits=100)


def test_rerandomizing_changes_every_ciphertext_and_no_plaintext():
    packed = pack(encrypted([1, 2, 3]), slot_bits=100)
    again = packed.rerandomize(RANDOMIZER)
    assert KEY.decrypt_packed(again) == [1, 2, 3]
    assert not set(again.ciphertexts) & set(packed.ciphertexts)
    other = Randomizer(worthless_key(256, "b").public_key)
    with pytest.raises(InvalidCiphertext, match="another key"):
        packed.rerandomize(other)


def test_a_packed_vector_survives_the_wire():
    packed = pack(encrypted([1, -2, 3]), slot_bits=100).rerandomize(RANDOMIZER)
    wire = packed.to_bytes()
    assert len(wire) == 2 * 64
    assert PackedVector.from_bytes(KEY.public_key, wire, count=3, slot_bits=100, fractional_bits=4) == packed


def test_what_does_not_fit_the_prescribed_form_is_refused():
    wire = pack(encrypted([1, -2, 3]), slot_bits=100).rerandomize(RANDOMIZER).to_bytes()
    for count, slot_bits in ((5, 100), (2, 100), (3, 10), (3, 200)):
        with pytest.raises(InvalidCiphertext, match="expected"):
            PackedVector.from_bytes(KEY.public_key, wire, count, slot_bits, 4)
    for malformed in (0, KEY.public_key.n_squared, KEY.q):
        with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[0\]"):
            PackedVector.from_bytes(KEY.public_key, int(malformed).to_bytes(64, "big") + wire[64:], 3, 100, 4)
    with pytest.raises(InvalidInput, match="slot_bits"):
        PackedVector.from_bytes(KEY.public_key, wire, 3, 0, 4)
    with pytest.raises(InvalidCiphertext, match="take 2 ciphertexts, got 1"):
        PackedVector(KEY.public_key, (RANDOMIZER.encrypt(0),), 3, 100, 4)


def test_a_plaintext_outside_the_slots_is_refused():
    for plaintext in (1 << 200, -1):
        foreign = PackedVector(KEY.public_key, (RANDOMIZER.encrypt(plaintext),), 2, 100, 4)
        with pytest.raises(InvalidCiphertext, match="more than 2 slots"):
            KEY.decrypt_packed(foreign)


def test_the_digest_covers_ciphertexts_and_form():
    packed = pack(encrypted([1, 2]), slot_bits=100).rerandomize(RANDOMIZER)
    form = b"".join(number.to_bytes(8, "big") for number in (2, 100, 4))
    assert packed.digest() == keccak(packed.to_bytes() + form)
    for change in ({"count": 1}, {"slot_bits": 101}, {"fractional_bits": 5}):
        assert dataclasses.replace(packed, **change).digest() != packed.digest()


def test_the_representation_is_short():
    assert len(repr(pack(encrypted([1] * 20), slot_bits=20))) < 130
