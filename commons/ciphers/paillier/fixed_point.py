"""Real numbers as integers at an explicit scale: ``v`` is encoded as ``round(v · 2^s)``.

The scale ``s`` (`fractional_bits`) is public and set by the protocol step, never by the value: an exponent that
follows the value would tell its magnitude to whoever sees it. Encoding and decoding are exact but for one rounding
(half to even), for any ``s``, also where ``v · 2^s`` is far beyond the range of a float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commons.errors import InvalidInput

Real = float | int | Fraction


def encode(values: Iterable[Real] | NDArray[Any], fractional_bits: int) -> list[int]:
    """Return ``round(v · 2^fractional_bits)`` for every value of a 1-D sequence.

    Args:
        values: Finite floats, integers or Fractions (numpy scalars too), shape ``(k,)``.
        fractional_bits: The scale ``s >= 0``.

    Raises:
        InvalidInput: NaN, infinite or non-numeric value (the index is named), a negative scale, or not one dimension.
    """
    check_fractional_bits(fractional_bits)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise InvalidInput(f"field 'values': expected one dimension, got shape {values.shape}", field="values")
        values = values.tolist()
    return [_encode_one(value, fractional_bits, f"values[{i}]") for i, value in enumerate(values)]


def encode_matrix(matrix: Sequence[Sequence[Real]] | NDArray[Any], fractional_bits: int) -> list[list[int]]:
    """Return ``round(v · 2^fractional_bits)`` for every entry of a 2-D matrix, row by row; raises as `encode` does."""
    rows = [encode(row, fractional_bits) for row in matrix]
    if any(len(row) != len(rows[0]) for row in rows):
        raise InvalidInput("field 'matrix': its rows differ in length", field="matrix")
    return rows


def decode(integers: Iterable[int], fractional_bits: int) -> NDArray[np.float64]:
    """Return ``x / 2^fractional_bits`` for every integer, each correctly rounded to float64.

    Args:
        integers: Shape ``(k,)``, of any size: thousands of bits are fine as long as the quotient is in the range of a
            float64.

    Raises:
        InvalidInput: A quotient is above the range of a float64 (the index is named), or a negative scale.
    """
    check_fractional_bits(fractional_bits)
    one = 1 << fractional_bits
    decoded = []
    for index, integer in enumerate(integers):
        try:
            # Python divides integers of any size with a single rounding; gmpy2's integers do not, hence int().
            decoded.append(int(integer) / one)
        except OverflowError:
            raise InvalidInput(
                f"field 'integers[{index}]': {int(integer).bit_length()} bits at {fractional_bits} fractional bits "
                "is above the range of a float64",
                field=f"integers[{index}]",
            ) from None
    return np.array(decoded, dtype=np.float64)


def check_fractional_bits(fractional_bits: int) -> None:
    """Raise `InvalidInput` unless the scale is an integer of at least 0."""
    if not isinstance(fractional_bits, int) or fractional_bits < 0:
        raise InvalidInput("field 'fractional_bits': expected an integer of at least 0", field="fractional_bits")


def _encode_one(value: Any, fractional_bits: int, name: str) -> int:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"field '{name}': expected a finite number, got {value}", field=name)
    if not isinstance(value, float | int | Fraction):
        raise InvalidInput(f"field '{name}': expected a number, got {type(value).__name__}", field=name)
    numerator, denominator = value.as_integer_ratio()
    quotient, remainder = divmod(numerator << fractional_bits, denominator)
    # Half to even, as round() does for a Fraction, without its gcd on numbers of thousands of bits.
    return quotient + (2 * remainder + (quotient & 1) > denominator)
