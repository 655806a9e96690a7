"""Widths that all parties take alike from public values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.ciphers.paillier import SecretKey
from commons.computations.statistics.plan import MASK_BITS, SumPlan
from commons.computations.statistics.spec import MAX_SUMS
from commons.errors import HeadroomExceeded
from tests.unit.commons.computations.statistics.conftest import spec_of

MOST_ROWS = 140 * (2**62 - 1)


def numbers(count, bins):
    return [{"kind": "number", "name": f"x{i}", "minimum": 0, "maximum": 1, "bins": bins} for i in range(count)]


@given(rows=st.integers(1, MOST_ROWS), key_bits=st.integers(1024, 4096), correlation=st.booleans())
def test_the_mask_is_a_hundred_bits_wider_and_still_fits_the_key(rows, key_bits, correlation):
    plan = SumPlan(spec_of(correlation=correlation), key_bits, rows)
    assert plan.mask_bits == plan.bound.bit_length() + MASK_BITS
    smallest_modulus = (1 << (key_bits - 1)) + 1
    assert plan.bound + (1 << plan.mask_bits) - 1 <= plan.masked_bound <= (smallest_modulus - 1) // 2


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=9))
def test_no_total_of_all_members_leaves_its_slot(row_counts):
    plan = SumPlan(spec_of(correlation=True), 2048, sum(row_counts))
    from commons.computations.statistics.sums import sum_bounds

    largest = [sum(each) for each in zip(*(sum_bounds(plan.spec, rows) for rows in row_counts), strict=True)]
    assert plan.layout.unpack(plan.layout.pack(largest)) == largest


def test_a_key_without_room_for_a_single_sum_is_refused_with_the_remedy():
    with pytest.raises(HeadroomExceeded, match="use a larger key"):
        _ = SumPlan(spec_of(), 256, 10**15).layout
    assert SumPlan(spec_of(), 277, MOST_ROWS).ciphertext_count > 1


@pytest.mark.parametrize("key_bits", [2048, 3072, 16384])
def test_the_largest_answer_is_below_a_megabyte(key_bits):
    spec = spec_of(numbers(171, 3), correlation=True)
    assert MAX_SUMS - 500 < spec.sum_count <= MAX_SUMS
    plan = SumPlan(spec, key_bits, MOST_ROWS)
    base64_bytes = plan.ciphertext_count * (2 * key_bits // 8) * 4 // 3
    assert base64_bytes < 2**20 - 1000


def test_few_bits_are_left_empty(job_secret_key: SecretKey):
    plan = SumPlan(spec_of(numbers(30, 10), correlation=True), 3072, 10**6)
    room = 3072 - MASK_BITS - 3
    assert plan.ciphertext_count == -(-sum(plan.layout.filled_bits) // room)
