"""Products of powers over shared bases, ``y_i = Π_j x_j^{e_ij} mod m``, for many rows ``i`` at once.

Each row is one left-to-right pass (Straus): the squarings are shared by all its bases, and a base contributes only at
the few positions where its exponent, recoded to width-w non-adjacent form, has a digit. The odd powers that the
digits ask for are computed once a base and shared by all rows. Negative digits, and so negative exponents, use powers
of the base's inverse; the inverses of all bases cost one modular inversion (Montgomery's trick).

With ``r`` rows, ``d`` bases and exponents of ``b`` bits this is about ``r·b`` squarings, ``r·d·b/(w+1)`` products and
``d·2^(w-1)`` products for the tables, against ``1.2·r·d·b`` for one power at a time. Zero exponents cost nothing.

References:
    E. G. Straus, *Addition Chains of Vectors*, American Mathematical Monthly 71 (1964).
    B. Möller, *Algorithms for Multi-exponentiation*, SAC 2001 (interleaving of signed windows).
    P. L. Montgomery, *Speeding the Pollard and Elliptic Curve Methods of Factorization*, Math. Comp. 48 (1987).
"""

from __future__ import annotations

from collections.abc import Sequence

import gmpy2
from gmpy2 import mpz

from commons.errors import InvalidCiphertext, InvalidInput

Digits = list[tuple[int, int]]

_WIDTHS = range(2, 11)


def multi_exponentiation(bases: Sequence[mpz], exponent_rows: Sequence[Sequence[int]], modulus: mpz) -> tuple[mpz, ...]:
    """Return ``Π_j bases[j]^exponent_rows[i][j] mod modulus`` for every row ``i``.

    Args:
        bases: ``d`` elements of Z*_modulus.
        exponent_rows: Shape ``(r, d)``, integers of any sign and size. Running time depends on them: they are secret
            from whoever sees the result, not from whoever can time this process.

    Raises:
        InvalidInput: A row does not have ``d`` exponents.
        InvalidCiphertext: A base with a negative digit is not invertible.
    """
    for index, row in enumerate(exponent_rows):
        if len(row) != len(bases):
            raise InvalidInput(
                f"field 'matrix': row {index} has {len(row)} entries, expected {len(bases)}", field="matrix", row=index
            )
    columns = [_recode_column([int(row[j]) for row in exponent_rows]) for j in range(len(bases))]
    tables = _signed_power_tables(bases, columns, modulus)
    return tuple(
        _product_of_row(
            [(at, table[digit]) for column, table in zip(columns, tables, strict=True) for at, digit in column[i]],
            modulus,
        )
        for i in range(len(exponent_rows))
    )


def batch_inverse(values: Sequence[mpz], modulus: mpz) -> list[mpz]:
    """Return the inverse of every value mod `modulus`, with one modular inversion for all of them.

    Raises:
        InvalidCiphertext: One of the values shares a factor with the modulus.
    """
    products = [mpz(1)]
    for value in values:
        products.append(products[-1] * value % modulus)
    try:
        inverse = gmpy2.invert(products[-1], modulus)
    except ZeroDivisionError:
        raise InvalidCiphertext(
            "a ciphertext shares a factor with the modulus; check ciphertexts as they enter"
        ) from None
    inverses = []
    for value, product_before in zip(reversed(values), reversed(products[:-1]), strict=True):
        inverses.append(inverse * product_before % modulus)
        inverse = inverse * value % modulus
    return inverses[::-1]


def signed_windows(exponent: int, width: int) -> Digits:
    """Return the width-`width` non-adjacent form: pairs (position, odd digit), lowest position first.

    ``Σ digit · 2^position = exponent``, ``|digit| < 2^(width-1)``, and positions are at least `width` apart.
    """
    sign, rest = (-1, -exponent) if exponent < 0 else (1, exponent)
    position, digits = 0, []
    while rest:
        zeros = (rest & -rest).bit_length() - 1
        rest >>= zeros
        position += zeros
        digit = rest & ((1 << width) - 1)
        if digit >> (width - 1):
            digit -= 1 << width
        digits.append((position, sign * digit))
        rest = (rest - digit) >> width
        position += width
    return digits


def _recode_column(exponents: list[int]) -> list[Digits]:
    total_bits = sum(exponent.bit_length() for exponent in exponents)
    # Both signs need a table of 2^(w-2) odd powers; a digit is expected every w + 1 bits.
    width = min(_WIDTHS, key=lambda w: (1 << (w - 1)) + total_bits / (w + 1))
    return [signed_windows(exponent, width) for exponent in exponents]


def _signed_power_tables(bases: Sequence[mpz], columns: Sequence[list[Digits]], modulus: mpz) -> list[dict[int, mpz]]:
    highest = [max((digit for digits in column for _, digit in digits), default=0) for column in columns]
    lowest = [min((digit for digits in column for _, digit in digits), default=0) for column in columns]
    inverted = [j for j, digit in enumerate(lowest) if digit < 0]
    inverses = dict(zip(inverted, batch_inverse([bases[j] for j in inverted], modulus), strict=True))
    tables = []
    for j, base in enumerate(bases):
        table = {2 * i + 1: power for i, power in enumerate(_odd_powers(base, highest[j], modulus))}
        if j in inverses:
            table |= {-2 * i - 1: power for i, power in enumerate(_odd_powers(inverses[j], -lowest[j], modulus))}
        tables.append(table)
    return tables


def _odd_powers(base: mpz, highest: int, modulus: mpz) -> list[mpz]:
    if highest <= 0:
        return []
    powers = [base]
    if highest > 1:
        square = base * base % modulus
        for _ in range(highest // 2):
            powers.append(powers[-1] * square % modulus)
    return powers


def _product_of_row(factors: list[tuple[int, mpz]], modulus: mpz) -> mpz:
    by_position: list[list[mpz]] = [[] for _ in range(max((at for at, _ in factors), default=-1) + 1)]
    for at, factor in factors:
        by_position[at].append(factor)
    product = None
    for factors_here in reversed(by_position):
        if product is not None:
            product = product * product % modulus
        for factor in factors_here:
            product = factor if product is None else product * factor % modulus
    return mpz(1) if product is None else product
