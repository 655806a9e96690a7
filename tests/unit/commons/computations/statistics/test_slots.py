"""Packing: whatever the widths, sums of packed numbers are the packed sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.statistics.slots import SlotLayout
from commons.errors import HeadroomExceeded, InvalidInput

WIDTHS = st.lists(st.integers(1, 90), min_size=1, max_size=60)


@st.composite
def owners_numbers(draw):
    """(widths, capacity, numbers of each owner) such that no total over the owners leaves its slot."""
    widths = draw(WIDTHS)
    capacity = draw(st.integers(max(widths), 4 * max(widths)))
    totals = [draw(st.integers(0, (1 << width) - 1)) for width in widths]
    owners = draw(st.integers(1, 5))
    parts = []
    for owner in range(owners):
        rest = totals if owner == owners - 1 else [draw(st.integers(0, total)) for total in totals]
        parts.append(rest)
        totals = [total - part for total, part in zip(totals, rest, strict=True)]
    return widths, capacity, parts


@given(owners_numbers())
def test_the_sum_of_packs_is_the_pack_of_sums(case):
    widths, capacity, parts = case
    layout = SlotLayout.of(widths, capacity)
    sums = [sum(column) for column in zip(*parts, strict=True)]
    packs = [layout.pack(part) for part in parts]
    added = [sum(plaintexts) for plaintexts in zip(*packs, strict=True)]
    assert added == layout.pack(sums)
    assert layout.unpack(added) == sums


@given(WIDTHS, st.integers(0, 300))
def test_slots_do_not_overlap_and_fill_their_plaintexts_without_gaps(widths, more):
    capacity = max(widths) + more
    layout = SlotLayout.of(widths, capacity)
    assert [slot.width for slot in layout.slots] == widths
    for index, filled in enumerate(layout.filled_bits):
        inside = sorted((slot.offset, slot.width) for slot in layout.slots if slot.plaintext == index)
        assert [offset for offset, _ in inside] == [sum(width for _, width in inside[:i]) for i in range(len(inside))]
        assert sum(width for _, width in inside) == filled <= capacity


@given(WIDTHS, st.integers(0, 300))
def test_no_two_plaintexts_would_fit_one(widths, more):
    filled = SlotLayout.of(widths, max(widths) + more).filled_bits
    assert all(a + b > max(widths) + more for i, a in enumerate(filled) for b in filled[:i])


def test_gaps_are_filled_with_what_is_narrow():
    layout = SlotLayout.of([1, 6, 1, 6, 1, 1], 8)
    assert layout.filled_bits == (8, 8)
    assert layout.pack([1, 0b101010, 0, 0b111111, 1, 1]) == [0b01101010, 0b11111111]


def test_a_number_wider_than_a_plaintext_is_refused():
    with pytest.raises(HeadroomExceeded, match="larger key"):
        SlotLayout.of([10, 20], 19)


@pytest.mark.parametrize(
    ("numbers", "field"), [([1, 8], "numbers[1]"), ([-1, 1], "numbers[0]"), ([1], "numbers"), ([1, 1, 1], "numbers")]
)
def test_numbers_that_leave_their_slots_are_refused(numbers, field):
    with pytest.raises(InvalidInput) as caught:
        SlotLayout.of([3, 3], 6).pack(numbers)
    assert caught.value.fields["field"] == field


@pytest.mark.parametrize(
    ("plaintexts", "field"), [([64], "plaintexts[0]"), ([-1], "plaintexts[0]"), ([], "plaintexts")]
)
def test_plaintexts_that_no_packing_makes_are_refused(plaintexts, field):
    with pytest.raises(InvalidInput) as caught:
        SlotLayout.of([3, 3], 9).unpack(plaintexts)
    assert caught.value.fields["field"] == field
