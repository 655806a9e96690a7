"""The public arithmetic plan of a job: scales, bounds and mask widths of each protocol step.

Nothing on the wire says how large an encrypted value is, so every bound is computed by every party from the public
specification alone. For the linear model, with ranges as declared and X a row after scaling:

* ‖x‖₂ ≤ `row_norm` = √(Σ_j max|x_j|²), bias included; |y| ≤ `target_magnitude`.
* one round is w ↦ A·w + b with ‖A‖₂ ≤ `growth` and ‖b‖₂ ≤ α·N·growth·row_norm·target_magnitude (each of the N terms of
  Σ (I − αG)^i·c is at most max(1, ‖A‖₂)·‖c‖₂), hence ‖w_k‖₂ ≤ growth·‖w_{k−1}‖₂ + ‖b‖₂ from w₀ = 0. Averages and
  leave-one-out averages are convex combinations and stay under the same bound.

`growth` is 1 for every learning rate whose local steps cannot diverge; otherwise owners declare it, rounded up coarsely,
when they accept (see `declared_growth`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from pydantic import Field, ValidationError

from commons.computations.linear_regression.refresh_proof import required_bits
from commons.computations.linear_regression.spec import LinearRegressionSpec, Scaling
from commons.errors import HeadroomExceeded, InvalidInput
from commons.market.declaration import Declaration
from commons.market.job_terms import MAX_TRAINERS
from commons.messages import FrozenModel

MATRIX_FRACTIONAL_BITS = 48
"""Scale of plaintext matrices (A, R): each multiplication by one adds so many fractional bits."""

WEIGHT_FRACTIONAL_BITS = 192
"""Scale of the weights after a refresh. It is wide because the refresh proof bounds a lie only up to about 2^160 units
in the last place (`refresh_proof`), which 192 bits turn into less than 2^-30 of a weight."""

MASK_BITS = 100
"""How much wider than the value a statistical mask is."""

CHECK_FACTOR_BITS = 40
"""Size of the validator's secret factors in the check of the buyer's squares. The buyer has one try at guessing them for each
checkpoint, and a wrong one ends the job."""

NOISE_BITS = 24
"""Noise in a validator's [SSE] is below 2^-24 of a squared unit a row (`NumericPlan.sse_noise`)."""

MEASURABLE_FACTOR = 64
"""Errors up to eight times the target's magnitude are measured; a model that is worse has diverged."""

GROWTH_STEP = 1 / 16
_SLACK_BITS = 2  # for the rounding of A, b and averaging weights, each far below one unit


def declared_growth(spectral_norm: float) -> float:
    """What an owner declares for ‖A‖₂: 1 if its local steps do not diverge, else rounded up to a sixteenth.

    The rounding keeps the declaration from being a precise statistic of the owner's rows.
    """
    if spectral_norm <= 1 + 1e-9:
        return 1.0
    return math.ceil(spectral_norm / GROWTH_STEP) * GROWTH_STEP


class DeclaredFacts(FrozenModel):
    """What an owner signs for beside its row count: a bound of ‖A‖₂."""

    growth: float = Field(ge=1, le=1e6)


def growth_of(declaration: Declaration) -> float:
    """The growth that an owner declared; raises InvalidInput when it declared something else."""
    try:
        return DeclaredFacts.model_validate(declaration.facts).growth
    except ValidationError as error:
        raise InvalidInput(
            "facts: expected growth, a number from 1 to 1000000, and nothing else", field="facts"
        ) from error


@dataclass(frozen=True)
class NumericPlan:
    """Bounds and scales of one job, equal for all parties: from the spec, the key size and the owners' growth."""

    spec: LinearRegressionSpec
    key_bits: int
    growth: float = 1.0

    @property
    def row_norm(self) -> float:
        """Largest ‖x‖₂ of a row, bias included, after scaling."""
        if self.spec.scaling is Scaling.RANGE:
            return math.sqrt(self.spec.n_weights)
        return math.hypot(1.0, *(feature.magnitude for feature in self.spec.features))

    @property
    def target_magnitude(self) -> float:
        """Largest |y| after scaling."""
        return 1.0 if self.spec.scaling is Scaling.RANGE else self.spec.target.magnitude

    @property
    def update_norm(self) -> float:
        """Largest ‖b‖₂ that a trainer's rows inside the declared ranges can give."""
        spec = self.spec
        return spec.learning_rate * spec.local_steps * self.growth * self.row_norm * self.target_magnitude

    def weight_bits(self, round_number: int) -> int:
        """Bits of the integer part of any weight after `round_number` rounds (at least 1)."""
        if self.growth <= 1:
            log2_norm = math.log2(max(round_number, 1) * self.update_norm)
        else:  # the geometric sum growth^k/(growth − 1) in logarithms, so that nothing overflows
            log2_norm = round_number * math.log2(self.growth) + math.log2(self.update_norm / (self.growth - 1))
        return max(1, math.ceil(log2_norm) + _SLACK_BITS)

    def mask_bits(self, round_number: int, fractional_bits: int) -> int:
        """Width of a mask that hides encoded weights after `round_number` rounds statistically."""
        return self.weight_bits(round_number) + fractional_bits + MASK_BITS

    def masked_bound(self, round_number: int, fractional_bits: int) -> int:
        """Bound of encoded weights plus their mask."""
        return 1 << (self.mask_bits(round_number, fractional_bits) + 1)

    def weight_bound(self, round_number: int, fractional_bits: int) -> int:
        """Bound of the encoded weights after `round_number` rounds at the given scale."""
        return 1 << (self.weight_bits(round_number) + fractional_bits)

    def _bits_to_refresh(self, round_number: int, fractional_bits: int) -> int:
        # Room for the averaging factor of a checkpoint, the mask, and the proof about all candidates of the largest job.
        masked = self.masked_bound(round_number, fractional_bits + MATRIX_FRACTIONAL_BITS)
        return required_bits(masked.bit_length(), (1 + MAX_TRAINERS) * self.spec.n_weights)

    def can_train(self, round_number: int, fractional_bits: int) -> bool:
        """Whether round `round_number` can start from weights at this scale and still be refreshed afterwards."""
        after = fractional_bits + MATRIX_FRACTIONAL_BITS
        return self._bits_to_refresh(round_number, after) < self.key_bits

    def residual_bits(self, round_number: int, row_count: int) -> int:
        """Bits of any element of R·w − q, fraction included: ‖R·w − q‖ ≤ √m·(row_norm·‖w‖ + |y|)."""
        # ‖w‖₂ is bounded by 2^weight_bits as a whole, so no factor √d is needed. In logarithms, because 2^weight_bits
        # can be above the range of a float.
        log2_prediction = math.log2(self.row_norm) + self.weight_bits(round_number)
        log2_sum = max(log2_prediction, math.log2(self.target_magnitude)) + 1
        return math.ceil(log2_sum + math.log2(row_count) / 2) + 1 + self.residual_fractional_bits

    @property
    def residual_fractional_bits(self) -> int:
        """Scale of R·w − q."""
        return WEIGHT_FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS

    @property
    def sse_fractional_bits(self) -> int:
        """Scale of a sum of squared errors."""
        return 2 * self.residual_fractional_bits

    def sse_bits(self, round_number: int, row_count: int) -> int:
        """Bits of a sum of squared errors, fraction included."""
        return 2 * self.residual_bits(round_number, row_count)

    def sse_noise(self, row_count: int) -> int:
        """What a validator's noise stays below, at the scale of a sum of squared errors: 2^-24 · rows · h².

        h is half the width of the target's declared range, 1 after scaling. An exact sum would tell some 500 bits of
        whatever was evaluated; with noise it tells the figures that the metric has.
        """
        half_width = Fraction(1) if self.spec.scaling is Scaling.RANGE else Fraction(self.spec.target.half_width)
        return int(row_count * half_width**2 * (1 << (self.sse_fractional_bits - NOISE_BITS)))

    def measurable_sse(self, row_count: int) -> int:
        """The largest sum of squared errors over so many rows that is opened, at its scale: 64 · rows · max|y|²."""
        return int(
            MEASURABLE_FACTOR * row_count * Fraction(self.target_magnitude) ** 2 * (1 << self.sse_fractional_bits)
        )

    def residual_slot_bits(self, round_number: int, row_count: int) -> int:
        """Slot width of packed masked residuals: value, mask, carry and sign."""
        return self.residual_bits(round_number, row_count) + MASK_BITS + 2

    def scaled_residual_slot_bits(self, round_number: int, row_count: int) -> int:
        """Slot width of the residuals multiplied by the validator's secret factor."""
        return self.residual_slot_bits(round_number, row_count) + CHECK_FACTOR_BITS

    def require_headroom(self, row_counts: tuple[int, ...]) -> None:
        """Check before a job starts that every step of it fits the key.

        Raises:
            HeadroomExceeded: with the remedy (a smaller learning rate, fewer rounds or local steps, a larger key).
        """
        spec = self.spec
        remedy = "use a smaller learning_rate, fewer rounds or local_steps, narrower ranges, or a larger key"
        if self.growth > 1 and spec.rounds * math.log2(self.growth) > 4 * self.key_bits:
            raise HeadroomExceeded(f"learning_rate {spec.learning_rate} diverges on the owners' rows; {remedy}")
        if not self.can_train(spec.rounds, WEIGHT_FRACTIONAL_BITS):
            raise HeadroomExceeded(
                f"weights may need {self.weight_bits(spec.rounds)} bits before the point after {spec.rounds} rounds "
                f"with learning_rate {spec.learning_rate}; the {self.key_bits}-bit key has no room for that: {remedy}"
            )
        scaled = self.scaled_residual_slot_bits(spec.rounds, max(row_counts, default=1))
        needed = 2 * scaled + math.ceil(math.log2(spec.n_weights)) + 2
        if needed >= self.key_bits:
            raise HeadroomExceeded(
                f"squared residuals may need {needed} bits after {spec.rounds} rounds; "
                f"the {self.key_bits}-bit key has no room for that: {remedy}"
            )
