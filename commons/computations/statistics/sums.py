"""The sums that an owner sends, and the one order in which they stand in a vector.

A number x of a column with the declared range [lo, hi] counts as the integer

    v = round((x − lo) / (hi − lo) · 2^F),    0 ≤ v ≤ 2^F,    F = 52,

computed in float64, where v is exact. Then each column has

    number      n = how many, Σ v, Σ v², and how many in each bin
    category    how many of each level

and the table its number of rows. With correlations there are, over the rows that are complete in all columns of numbers,
n, Σ v_i, and Σ v_i·v_j for i ≤ j. All of these add up over owners, and everything that the buyer gets is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from commons.computations.statistics.spec import NumberColumn, StatisticsSpec

FRACTIONAL_BITS = 52
"""F: values are rounded to 2^-52 of the declared range, about what float64 tells of them. Against 2^-40 that costs 12 bits a sum
and 24 a sum of products: a tenth to a fifth more to send."""

ONE = 1 << FRACTIONAL_BITS


@dataclass(frozen=True)
class NumberSums:
    """Of one column of numbers: how many, Σv, Σv², and how many in each bin."""

    count: int
    total: int
    squares: int
    bins: tuple[int, ...]


@dataclass(frozen=True)
class CategorySums:
    """Of one category: how many cells of each level."""

    levels: tuple[int, ...]


@dataclass(frozen=True)
class ProductSums:
    """Over the complete rows: how many, Σv_i, and Σv_i·v_j for i ≤ j, row by row of the upper triangle."""

    rows: int
    totals: tuple[int, ...]
    products: tuple[int, ...]

    def product(self, i: int, j: int) -> int:
        """Σv_i·v_j."""
        low, high = min(i, j), max(i, j)
        return self.products[low * len(self.totals) - low * (low - 1) // 2 + high - low]


@dataclass(frozen=True)
class TableSums:
    """All sums of one table, or of several together; `products` only where correlations are asked for."""

    rows: int = field(repr=False)
    columns: tuple[NumberSums | CategorySums, ...] = field(repr=False)
    products: ProductSums | None = field(default=None, repr=False)

    def vector(self) -> list[int]:
        """All sums one after another, in the order of `sum_bounds`."""
        vector = [self.rows]
        for column in self.columns:
            if isinstance(column, NumberSums):
                vector += (column.count, column.total, column.squares, *column.bins)
            else:
                vector += column.levels
        if self.products is not None:
            vector += (self.products.rows, *self.products.totals, *self.products.products)
        return vector

    @classmethod
    def of_vector(cls, spec: StatisticsSpec, vector: Sequence[int]) -> TableSums:
        """The sums of a job with this specification whose `vector` this is."""
        numbers = iter(vector)

        def take(count: int) -> tuple[int, ...]:
            return tuple(next(numbers) for _ in range(count))

        rows = next(numbers)
        columns = tuple(
            NumberSums(next(numbers), next(numbers), next(numbers), take(column.bins))
            if isinstance(column, NumberColumn)
            else CategorySums(take(len(column.levels)))
            for column in spec.columns
        )
        k = len(spec.numbers)
        products = ProductSums(next(numbers), take(k), take(k * (k + 1) // 2)) if spec.correlation else None
        return cls(rows, columns, products)


def sum_bounds(spec: StatisticsSpec, rows: int) -> list[int]:
    """The largest that each sum over so many rows can be, in the order of `TableSums.vector`."""
    return list(_bounds(spec, rows))


def _bounds(spec: StatisticsSpec, rows: int) -> Iterator[int]:
    yield rows
    for column in spec.columns:
        if isinstance(column, NumberColumn):
            yield from (rows, rows * ONE, rows * ONE**2)
            yield from (rows for _ in range(column.bins))
        else:
            yield from (rows for _ in column.levels)
    if spec.correlation:
        k = len(spec.numbers)
        yield rows
        yield from (rows * ONE for _ in range(k))
        yield from (rows * ONE**2 for _ in range(k * (k + 1) // 2))
