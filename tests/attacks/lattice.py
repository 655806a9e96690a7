"""Lattice reduction with exact integers, for lattices of a handful of dimensions.

Reference:
    H. Cohen, *A Course in Computational Algebraic Number Theory*, Springer 1993, algorithm 2.6.7 (after B. de Weger).
"""

from __future__ import annotations

from collections.abc import Sequence

from gmpy2 import mpz

Rows = list[list[mpz]]


def lll_reduced(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """An LLL-reduced basis of the lattice that linearly independent rows span, its first vector a short one."""
    return _Reduction([[mpz(entry) for entry in row] for row in rows]).run()


class _Reduction:
    """`gram[i]` is the Gram determinant of the first i rows; `lam[i][j]` is gram[j + 1] times their coefficient μ_ij."""

    def __init__(self, basis: Rows) -> None:
        size = len(basis)
        self.basis = basis
        self.gram = [mpz(1)] + [mpz(0)] * size
        self.lam = [[mpz(0)] * size for _ in range(size)]

    def run(self) -> list[list[int]]:
        k, known = 0, -1
        while k < len(self.basis):
            if k > known:
                known = k
                self._orthogonalise(k)
            if k == 0:
                k = 1
                continue
            self._reduce(k, k - 1)
            below = self.lam[k][k - 1]
            if 4 * (self.gram[k + 1] * self.gram[k - 1] + below**2) < 3 * self.gram[k] ** 2:
                self._swap(k, known)
                k = max(1, k - 1)
            else:
                for j in range(k - 2, -1, -1):
                    self._reduce(k, j)
                k += 1
        return [[int(entry) for entry in row] for row in self.basis]

    def _orthogonalise(self, k: int) -> None:
        for j in range(k + 1):
            product = sum((a * b for a, b in zip(self.basis[k], self.basis[j], strict=True)), mpz(0))
            for i in range(j):
                product = (self.gram[i + 1] * product - self.lam[k][i] * self.lam[j][i]) // self.gram[i]
            if j < k:
                self.lam[k][j] = product
            else:
                self.gram[k + 1] = product

    def _reduce(self, k: int, j: int) -> None:
        """Take the multiple of row j off row k that makes their coefficient at most one half."""
        times = (2 * self.lam[k][j] + self.gram[j + 1]) // (2 * self.gram[j + 1])
        if times == 0:
            return
        self.basis[k] = [a - times * b for a, b in zip(self.basis[k], self.basis[j], strict=True)]
        self.lam[k][j] -= times * self.gram[j + 1]
        for i in range(j):
            self.lam[k][i] -= times * self.lam[j][i]

    def _swap(self, k: int, known: int) -> None:
        gram, lam = self.gram, self.lam
        self.basis[k], self.basis[k - 1] = self.basis[k - 1], self.basis[k]
        for j in range(k - 1):
            lam[k][j], lam[k - 1][j] = lam[k - 1][j], lam[k][j]
        below = lam[k][k - 1]
        smaller = (gram[k - 1] * gram[k + 1] + below**2) // gram[k]
        for i in range(k + 1, known + 1):
            first = lam[i][k]
            lam[i][k] = (gram[k + 1] * lam[i][k - 1] - below * first) // gram[k]
            lam[i][k - 1] = (smaller * first + below * lam[i][k]) // gram[k + 1]
        gram[k] = smaller
