"""From opened sums of squared errors to the MSE: exact integers for the chain, floats for people.

On chain an MSE is an integer with 18 decimals of MSE / h², where h is half the width of the target's declared range: it
has no unit, so that a target in millionths and one in millions are recorded with the same precision. Buyer, aggregator
and validators compute it from the same opened integers with exact rational arithmetic and must arrive at the same value.
"""

from __future__ import annotations

import sys
from fractions import Fraction

from commons.computations.linear_regression.spec import LinearRegressionSpec, Scaling
from commons.market.checkpoint_statement import MAX_MSE_FIXED

WAD = 10**18


def mse_fixed(spec: LinearRegressionSpec, sse: int, row_count: int, fractional_bits: int) -> int:
    """MSE as the contract stores it, rounded down, and at most `MAX_MSE_FIXED`.

    Args:
        spec: the job; under `range` scaling errors are in units of h already.
        sse: opened sum of squared errors over all validators, an integer at `fractional_bits`.
        row_count: rows of all validators that took part.
        fractional_bits: scale of `sse`.
    """
    value = Fraction(max(sse, 0), row_count << fractional_bits)
    if spec.scaling is Scaling.NONE:
        value /= Fraction(spec.target.half_width) ** 2
    return min(int(value * WAD), MAX_MSE_FIXED)


def mse_in_target_units(spec: LinearRegressionSpec, sse: int, row_count: int, fractional_bits: int) -> float:
    """MSE in the target's unit squared, correctly rounded; the largest float where training diverged beyond it."""
    value = Fraction(max(sse, 0), row_count << fractional_bits)
    if spec.scaling is Scaling.RANGE:
        value *= Fraction(spec.target.half_width) ** 2
    return float(min(value, Fraction(sys.float_info.max)))
