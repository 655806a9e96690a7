"""Numbers of different widths side by side in as few plaintexts as possible.

Each number has a *slot*: so many bits, at a fixed place of a fixed plaintext. The places follow from the widths alone, so all who
know these have the same layout. As long as no sum of a slot needs more bits than it has, plaintexts add up as numbers do::

    pack(a) + pack(b) = pack(a + b)

Slots are dealt widest first into the first plaintext with room for them (first-fit decreasing; D. S. Johnson, *Near-Optimal Bin
Packing Algorithms*, MIT 1973), which leaves gaps only where nothing fits any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from commons.errors import HeadroomExceeded, InvalidInput


@dataclass(frozen=True)
class Slot:
    """A place for one number: bits `offset` to `offset + width − 1` of a plaintext."""

    plaintext: int
    offset: int
    width: int


@dataclass(frozen=True)
class SlotLayout:
    """Where each of some numbers stands.

    Attributes:
        slots: in the order of the numbers.
        filled_bits: of each plaintext, so many bits from the lowest on are slots.
    """

    slots: tuple[Slot, ...]
    filled_bits: tuple[int, ...]

    @classmethod
    def of(cls, widths: Sequence[int], capacity: int) -> SlotLayout:
        """The layout of numbers with these widths in plaintexts of `capacity` bits.

        Raises:
            HeadroomExceeded: one of them alone does not fit.
        """
        if max(widths, default=0) > capacity:
            raise HeadroomExceeded(
                f"a sum of {max(widths)} bits does not fit a plaintext with room for {max(capacity, 0)}; use a larger key",
                field="key_bits",
            )
        waiting: dict[int, deque[int]] = {width: deque() for width in sorted(set(widths), reverse=True)}
        for index, width in enumerate(widths):
            waiting[width].append(index)
        slots: dict[int, Slot] = {}
        filled_bits: list[int] = []
        while len(slots) < len(widths):
            offset = 0
            for width, indexes in waiting.items():
                while indexes and offset + width <= capacity:
                    slots[indexes.popleft()] = Slot(len(filled_bits), offset, width)
                    offset += width
            filled_bits.append(offset)
        return cls(tuple(slots[index] for index in range(len(widths))), tuple(filled_bits))

    def pack(self, numbers: Sequence[int]) -> list[int]:
        """The plaintexts with these numbers in their slots.

        Raises:
            InvalidInput: not as many numbers as slots, or one that is negative or wider than its slot (its index is named).
        """
        if len(numbers) != len(self.slots):
            raise InvalidInput(f"numbers: expected {len(self.slots)}, got {len(numbers)}", field="numbers")
        plaintexts = [0] * len(self.filled_bits)
        for index, (number, slot) in enumerate(zip(numbers, self.slots, strict=True)):
            if number < 0 or number >> slot.width:
                raise InvalidInput(
                    f"numbers[{index}]: expected an integer from 0 on with at most {slot.width} bits",
                    field=f"numbers[{index}]",
                )
            plaintexts[slot.plaintext] |= number << slot.offset
        return plaintexts

    def unpack(self, plaintexts: Sequence[int]) -> list[int]:
        """The numbers in these plaintexts.

        Raises:
            InvalidInput: not as many plaintexts as there are, or one that no packed numbers make (its index is named).
        """
        if len(plaintexts) != len(self.filled_bits):
            raise InvalidInput(
                f"plaintexts: expected {len(self.filled_bits)}, got {len(plaintexts)}", field="plaintexts"
            )
        for index, (plaintext, bits) in enumerate(zip(plaintexts, self.filled_bits, strict=True)):
            if plaintext < 0 or plaintext >> bits:
                raise InvalidInput(
                    f"plaintexts[{index}]: expected an integer from 0 on with at most {bits} bits",
                    field=f"plaintexts[{index}]",
                )
        return [plaintexts[slot.plaintext] >> slot.offset & (1 << slot.width) - 1 for slot in self.slots]
