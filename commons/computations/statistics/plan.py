"""How wide a job's numbers are: slots, ciphertexts and mask, the same for all parties from public values.

No sum over all members together can leave its slot, because widths are taken for all the rows that they signed for. Above the
slots of a plaintext there is room for the delivery mask, `MASK_BITS` wider than what it hides, and for one carry:

    sums + mask < 2^capacity + 2^(capacity + 100) < 2^(capacity + 101) ≤ 2^(key bits − 2) ≤ (n − 1)/2
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from commons.computations.job_facts import StartedJob
from commons.computations.statistics.slots import SlotLayout
from commons.computations.statistics.spec import StatisticsSpec
from commons.computations.statistics.sums import sum_bounds
from commons.errors import HeadroomExceeded
from commons.market.declaration import Declaration

MASK_BITS = 100
"""How much wider than the sums the mask over them is."""

_SPARE_BITS = MASK_BITS + 3  # the mask, the carry, and the two bits by which (n − 1)/2 is below 2^(key bits)


@dataclass(frozen=True)
class SumPlan:
    """Slots and bounds of one job.

    Attributes:
        spec: what is summed.
        key_bits: size of the buyer's key.
        row_count: of all members together.
    """

    spec: StatisticsSpec
    key_bits: int
    row_count: int

    @classmethod
    def of(cls, job: StartedJob[StatisticsSpec]) -> SumPlan:
        """The plan of a running job."""
        return cls.for_declarations(job.spec, job.key.bits, [job.declaration_of(owner) for owner in job.owners])

    @classmethod
    def for_declarations(cls, spec: StatisticsSpec, key_bits: int, declarations: Iterable[Declaration]) -> SumPlan:
        """The plan of a job with these members."""
        return cls(spec, key_bits, sum(one.row_count for one in declarations))

    @cached_property
    def layout(self) -> SlotLayout:
        """Where each sum stands; raises HeadroomExceeded, with the remedy, when one does not fit the key."""
        widths = [bound.bit_length() for bound in sum_bounds(self.spec, max(self.row_count, 1))]
        if max(widths) + _SPARE_BITS > self.key_bits:
            raise HeadroomExceeded(
                f"sums of squares over {self.row_count} rows need {max(widths) + _SPARE_BITS} bits with their mask; the "
                f"{self.key_bits}-bit key has no room for that: use a larger key",
                field="key_bits",
            )
        return SlotLayout.of(widths, self.key_bits - _SPARE_BITS)

    @property
    def ciphertext_count(self) -> int:
        """How many ciphertexts everybody sends."""
        return len(self.layout.filled_bits)

    @property
    def bound(self) -> int:
        """The largest plaintext of packed sums."""
        return (1 << max(self.layout.filled_bits)) - 1

    @property
    def mask_bits(self) -> int:
        """Width of the delivery mask."""
        return max(self.layout.filled_bits) + MASK_BITS

    @property
    def masked_bound(self) -> int:
        """The largest plaintext under the mask."""
        return 1 << (self.mask_bits + 1)
