"""Whether delivered sums can be those of rows at all, and of as many as the owners signed for.

The buyer cannot see what each owner sent, nor whether the aggregator multiplied all of it. But sums of rows hang together, and a
mistake breaks that: the total of rows is signed for, cells are no more than rows, and the moments of a column must be possible
for its histogram. Whoever lies with care passes all of this. What does not pass is told with the result, without the numbers that
would make no sense; the chain has paid by then.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from commons.computations.statistics.moments import scatter
from commons.computations.statistics.report import Doubt
from commons.computations.statistics.spec import NumberColumn, StatisticsSpec
from commons.computations.statistics.summing import fixed_point
from commons.computations.statistics.sums import ONE, NumberSums, ProductSums, TableSums

UNREADABLE = Doubt(
    code="unreadable",
    text="what was delivered holds no sums: an owner or the aggregator sent something else than the protocol says",
)


def find_doubts(spec: StatisticsSpec, sums: TableSums, signed_rows: int) -> list[Doubt]:
    """What cannot be right about sums over tables with `signed_rows` rows together; nothing if all of it can."""
    return list(_doubts(spec, sums, signed_rows))


def _doubts(spec: StatisticsSpec, sums: TableSums, signed_rows: int) -> Iterator[Doubt]:
    if sums.rows != signed_rows:
        yield Doubt(
            code="rows",
            text=f"the sums are over {sums.rows} rows, but the owners that answered signed for {signed_rows}",
        )
    for column, found in zip(spec.columns, sums.columns, strict=True):
        counted = sum(found.bins) if isinstance(found, NumberSums) else sum(found.levels)
        if counted > sums.rows or (isinstance(found, NumberSums) and counted != found.count):
            yield Doubt(code="counts", column=column.name, text=f"{column.name}: its counts do not add up")
        elif isinstance(column, NumberColumn) and isinstance(found, NumberSums) and not _are_possible(column, found):
            yield Doubt(
                code="moments", column=column.name, text=f"{column.name}: no numbers of its histogram have such sums"
            )
    if sums.products is not None and not _are_possible_together(sums.products, sums):
        yield Doubt(code="correlation", text="the sums of products are not those of any complete rows")


def _are_possible(column: NumberColumn, sums: NumberSums) -> bool:
    """Whether numbers in these bins can have such moments; rounding keeps order, so nothing is tolerated."""
    edges = [int(edge) for edge in fixed_point(column, np.asarray(column.edges()))]
    least = sum(count * edge for count, edge in zip(sums.bins, edges[:-1], strict=True))
    most = sum(count * edge for count, edge in zip(sums.bins, edges[1:], strict=True))
    spread = sums.count * sums.squares - sums.total**2
    return least <= sums.total <= most and spread >= 0 and sums.squares <= sums.total * ONE


def _are_possible_together(products: ProductSums, sums: TableSums) -> bool:
    """Whether complete rows can have such products: no more than each column has cells, and Cauchy–Schwarz for each pair."""
    indexes = range(len(products.totals))
    spreads = [scatter(products, i, i) for i in indexes]
    counts = [one.count for one in sums.columns if isinstance(one, NumberSums)]
    return (
        products.rows <= min(counts)
        and min(spreads) >= 0
        and all(scatter(products, i, j) ** 2 <= spreads[i] * spreads[j] for i in indexes for j in indexes[i + 1 :])
    )
