import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.ciphers.masks import draw_seed, expand_mask, refresh_mask, seed_hash
from commons.market.delivery import delivery_mask

SEED = bytes(range(32))


@given(count=st.integers(1, 40), bits=st.integers(1, 700))
def test_masks_have_the_asked_size(count, bits):
    mask = expand_mask(SEED, b"test", count, bits)
    assert len(mask) == count
    assert all(0 <= value < 1 << bits for value in mask)


def test_masks_fill_their_whole_width():
    mask = expand_mask(SEED, b"test", 4000, 13)
    assert max(mask) >> 12 == 1
    # The mean of 4000 uniform values below 2^13; ten standard deviations to either side.
    assert sum(mask) / len(mask) == pytest.approx((2**13 - 1) / 2, abs=10 * 2**13 / 12**0.5 / 4000**0.5)
    for bit in range(13):
        ones = sum(value >> bit & 1 for value in mask)
        assert abs(ones - 2000) < 10 * 1000**0.5


def test_masks_can_be_expanded_again_by_anybody_who_has_the_seed():
    purpose = b"delivery" + (7).to_bytes(32, "big")
    head = b"DeltaML mask v1" + len(purpose).to_bytes(4, "big") + purpose
    head += (2).to_bytes(8, "big") + (20).to_bytes(8, "big")
    stream = hashlib.shake_256(head + SEED).digest(6)
    expected = [int.from_bytes(stream[:3], "big") >> 4, int.from_bytes(stream[3:], "big") >> 4]
    assert delivery_mask(SEED, 7, 2, 20) == expected


def test_seed_purpose_job_and_shape_all_change_the_mask():
    masks = [
        delivery_mask(SEED, 7, 2, 256),
        delivery_mask(SEED, 8, 2, 256),
        delivery_mask(bytes(32), 7, 2, 256),
        refresh_mask(SEED, 2, 256),
        # Not a prefix of each other either: a mask of another shape says nothing about this one.
        refresh_mask(SEED, 3, 256)[:2],
        [value >> 8 for value in refresh_mask(SEED, 2, 264)],
    ]
    values = [value for mask in masks for value in mask]
    assert len(set(values)) == len(values)


def test_seeds_are_fresh_and_their_hash_is_keccak():
    assert len({draw_seed() for _ in range(50)}) == 50
    assert len(draw_seed()) == 32
    # keccak256 of 32 zero bytes, a constant well known from Ethereum's storage slots.
    assert seed_hash(bytes(32)).hex() == "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563"
