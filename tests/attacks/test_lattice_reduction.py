"""The attacks' own tool: if it did not reduce, attacks would fail for want of it."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

from tests.attacks.lattice import lll_reduced


def gram_schmidt(rows: list[list[int]]) -> tuple[list[list[Fraction]], list[Fraction]]:
    """Coefficients μ_ij and squared lengths of the orthogonalised rows."""
    vectors: list[list[Fraction]] = []
    coefficients, lengths = [], []
    for row in rows:
        vector, line = [Fraction(entry) for entry in row], []
        for other, length in zip(vectors, lengths, strict=True):
            line.append(sum((a * b for a, b in zip(row, other, strict=True)), Fraction(0)) / length)
            vector = [a - line[-1] * b for a, b in zip(vector, other, strict=True)]
        vectors.append(vector)
        coefficients.append(line)
        lengths.append(sum((a * a for a in vector), Fraction(0)))
    return coefficients, lengths


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_a_basis_comes_out_reduced_and_spans_a_lattice_of_the_same_volume(size: int) -> None:
    draw = random.Random(size)
    rows = [[draw.randrange(-(2**60), 2**60) for _ in range(size)] for _ in range(size)]
    reduced = lll_reduced(rows)
    coefficients, lengths = gram_schmidt(reduced)
    assert all(abs(one) <= Fraction(1, 2) for line in coefficients for one in line)
    for k in range(1, size):
        assert lengths[k] >= (Fraction(3, 4) - coefficients[k][k - 1] ** 2) * lengths[k - 1]
    assert math.prod(lengths) == math.prod(gram_schmidt(rows)[1])


def test_a_short_vector_that_was_hidden_is_found() -> None:
    draw = random.Random(1)
    secret = [draw.randrange(1 << 100) for _ in range(4)]
    modulus = 2**521 - 1
    unknown = draw.randrange(modulus)
    seen = [unknown * one % modulus for one in secret]
    ratios = [one * pow(seen[0], -1, modulus) % modulus for one in seen]
    lattice = [ratios] + [[modulus if i == j else 0 for i in range(4)] for j in range(1, 4)]
    common = math.gcd(*secret)
    assert [abs(entry) * common for entry in lll_reduced(lattice)[0]] == secret
