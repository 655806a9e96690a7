"""From checked cells to exact sums, with the arithmetic of float64 where it is exact.

Values are integers of up to 53 bits, so their products have up to 105 and fit no machine number. Cut into limbs of 18 bits,
products of limbs have 36 bits, and sums of up to 2^16 of them 52: a float64 holds each exactly, in whatever order a matrix
product adds them. What comes of a chunk of rows is put together in Python's integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from commons.computations.statistics.cells import MISSING_LEVEL, CheckedBlock, checked_blocks
from commons.computations.statistics.spec import CategoryColumn, NumberColumn, StatisticsSpec
from commons.computations.statistics.sums import FRACTIONAL_BITS, CategorySums, NumberSums, ProductSums, TableSums
from commons.tables.table import Table

_LIMB_BITS = 18
_SHIFTS = (0, _LIMB_BITS, 2 * _LIMB_BITS)  # three limbs hold the 53 bits of a value
_CHUNK_ROWS = 1 << 16
_CHUNK_NUMBERS = 1 << 21
"""At most so many limbs are in memory at once, 16 MB."""

IntegerMatrix = npt.NDArray[np.int64]


def sum_table(spec: StatisticsSpec, table: Table, *, min_rows: int = 1) -> TableSums:
    """Return the sums of a table, read once in memory independent of its rows; errors as in `cells.checked_blocks`."""
    summing = _Summing(spec)
    for block in checked_blocks(spec, table, min_rows=min_rows):
        summing.add(block)
    return summing.sums()


def fixed_point(column: NumberColumn, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return v = round((x − lo)/(hi − lo)·2^F) for numbers x of the declared range, shape (m,) → (m,), half to even."""
    # Rounding keeps order, so the quotient is at most 1; a float64 holds its product with a power of two exactly.
    parts = (values - column.minimum) / (column.maximum - column.minimum)
    return np.rint(np.ldexp(parts, FRACTIONAL_BITS)).astype(np.int64)


def exact_gram(values: IntegerMatrix) -> npt.NDArray[np.object_]:
    """Return VᵀV in Python's integers, shape (k, k), for integers V from 0 to 2^54 − 1, shape (m, k)."""
    _, k = values.shape
    total: npt.NDArray[np.object_] = np.zeros((k, k), dtype=object)
    for chunk in _chunks(values):
        limbs = np.concatenate([(chunk >> shift) & ((1 << _LIMB_BITS) - 1) for shift in _SHIFTS], axis=1)
        floats = limbs.astype(np.float64)
        products = (floats.T @ floats).astype(np.int64).astype(object)
        for a, left in enumerate(_SHIFTS):
            for b, right in enumerate(_SHIFTS):
                total = total + products[a * k : (a + 1) * k, b * k : (b + 1) * k] * (1 << (left + right))
    return total


class _NumberSumming:
    """Sums of one column of numbers."""

    def __init__(self, column: NumberColumn) -> None:
        self._column, self._edges = column, column.edges()
        self._bins = np.zeros(column.bins, dtype=np.int64)
        self._moments = np.zeros((2, 2), dtype=object)

    def add(self, values: npt.NDArray[np.float64]) -> None:
        present = values[~np.isnan(values)]
        self._bins += np.histogram(present, self._edges)[0]
        self._moments = self._moments + exact_gram(_with_ones([fixed_point(self._column, present)]))

    def sums(self) -> NumberSums:
        ((count, total), (_, squares)) = self._moments.tolist()
        return NumberSums(int(count), int(total), int(squares), tuple(self._bins.tolist()))


class _CategorySumming:
    """Counts of one category."""

    def __init__(self, column: CategoryColumn) -> None:
        self._levels = np.zeros(len(column.levels), dtype=np.int64)

    def add(self, indexes: npt.NDArray[np.int64]) -> None:
        self._levels += np.bincount(indexes[indexes != MISSING_LEVEL], minlength=len(self._levels))

    def sums(self) -> CategorySums:
        return CategorySums(tuple(self._levels.tolist()))


class _ProductSumming:
    """Sums of products over the rows that are complete in all columns of numbers."""

    def __init__(self, columns: Sequence[NumberColumn]) -> None:
        self._columns = columns
        size = 1 + len(columns)
        self._products = np.zeros((size, size), dtype=object)

    def add(self, numbers: Sequence[npt.NDArray[np.float64]]) -> None:
        complete = np.logical_and.reduce([~np.isnan(values) for values in numbers])
        columns = [fixed_point(column, values[complete]) for column, values in zip(self._columns, numbers, strict=True)]
        self._products = self._products + exact_gram(_with_ones(columns))

    def sums(self) -> ProductSums:
        k = len(self._columns)
        upper = [int(product) for product in self._products[np.triu_indices(1 + k)]]
        return ProductSums(rows=upper[0], totals=tuple(upper[1 : k + 1]), products=tuple(upper[k + 1 :]))


class _Summing:
    """Sums of the blocks that were added so far."""

    def __init__(self, spec: StatisticsSpec) -> None:
        self._spec, self._rows = spec, 0
        self._numbers = [_NumberSumming(column) for column in spec.numbers]
        self._categories = [_CategorySumming(column) for column in spec.categories]
        self._products = _ProductSumming(spec.numbers) if spec.correlation else None

    def add(self, block: CheckedBlock) -> None:
        self._rows += block.row_count
        for number, values in zip(self._numbers, block.numbers, strict=True):
            number.add(values)
        for category, indexes in zip(self._categories, block.levels, strict=True):
            category.add(indexes)
        if self._products is not None:
            self._products.add(block.numbers)

    def sums(self) -> TableSums:
        numbers = (number.sums() for number in self._numbers)
        categories = (category.sums() for category in self._categories)
        columns = tuple(
            next(numbers) if isinstance(column, NumberColumn) else next(categories) for column in self._spec.columns
        )
        return TableSums(self._rows, columns, None if self._products is None else self._products.sums())


def _with_ones(columns: Sequence[npt.NDArray[np.int64]]) -> IntegerMatrix:
    """Columns beside each other, a one first: its products are the number of rows and the plain sums."""
    return np.column_stack([np.ones(len(columns[0]), dtype=np.int64), *columns])


def _chunks(values: IntegerMatrix) -> Iterator[IntegerMatrix]:
    m, k = values.shape
    size = min(_CHUNK_ROWS, max(1, _CHUNK_NUMBERS // (len(_SHIFTS) * k)))
    return (values[start : start + size] for start in range(0, m, size))
