"""The same statistics of the whole table in the clear, by NumPy, and how far the delivered ones are from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from commons.arrays import FloatArray
from commons.computations.statistics.spec import NumberColumn
from deltaml.demo.kinds.statistics.cell_table import CellColumn, CellTable

Document = Mapping[str, Any]
Matrix = list[list[float | None]]


def describe_in_the_clear(table: CellTable) -> dict[str, Any]:
    """The statistics of a table in the form of a delivered document; minimum and maximum are the table's own."""
    numbers = [column for column in table.columns if isinstance(column.declared, NumberColumn)]
    correlation = None
    if len(numbers) > 1:
        correlation = {"columns": [column.name for column in numbers], "matrix": _correlations(numbers)}
    return {
        "rows": table.row_count,
        "columns": {column.name: _described(column) for column in table.columns},
        "correlation": correlation,
    }


def counts_are_equal(found: Document, clear: Document) -> bool:
    """Whether rows, filled and missing cells, and those of every bin and level are the same."""
    return _counts(found) == _counts(clear)


def max_moment_error(found: Document, clear: Document) -> float | None:
    """The largest difference of a mean in widths of the column's range, or of a variance in squares of these.

    None when a moment was not delivered, because the sums are in doubt.
    """
    errors = [0.0]
    for name, true in clear["columns"].items():
        if "levels" in true:
            continue
        edges = true["histogram"]["edges"]
        width = edges[-1] - edges[0]
        for moment, unit in (("mean", width), ("variance", width**2)):
            delivered = found["columns"][name][moment]
            if delivered is None:
                return None
            errors.append(abs(delivered - true[moment]) / unit)
    return max(errors)


def max_correlation_error(found: Document, clear: Document) -> float | None:
    """The largest difference of a correlation, None without any; where only one of two is null it counts as 1."""
    if found["correlation"] is None or clear["correlation"] is None:
        return None
    pairs = zip(_cells(found["correlation"]["matrix"]), _cells(clear["correlation"]["matrix"]), strict=True)
    return max(float(one is not other) if one is None or other is None else abs(one - other) for one, other in pairs)


def _described(column: CellColumn) -> dict[str, Any]:
    filled = column.values[~np.isnan(column.values)]
    counted = {"count": len(filled), "missing": len(column.values) - len(filled)}
    if not isinstance(column.declared, NumberColumn):
        levels = column.declared.levels
        counts = np.bincount(filled.astype(np.int64), minlength=len(levels))
        return {**counted, "levels": dict(zip(levels, counts.tolist(), strict=True))}
    edges = column.declared.edges()
    return {
        **counted,
        "mean": float(filled.mean()),
        "variance": float(filled.var()),
        "minimum": float(filled.min()),
        "maximum": float(filled.max()),
        "histogram": {"edges": edges.tolist(), "counts": np.histogram(filled, edges)[0].tolist()},
    }


def _correlations(columns: Sequence[CellColumn]) -> Matrix:
    """Pearson's r over the rows that are complete in all columns; None for a column that is constant in them."""
    values = np.column_stack([column.values for column in columns])
    complete = values[~np.isnan(values).any(axis=1)]
    k = len(columns)
    if len(complete) == 0:
        return [[None] * k for _ in range(k)]
    varies = np.ptp(complete, axis=0) > 0
    matrix: FloatArray = np.full((k, k), np.nan)
    if varies.any():
        matrix[np.ix_(varies, varies)] = np.corrcoef(complete[:, varies], rowvar=False)
    return [[None if np.isnan(cell) else float(cell) for cell in row] for row in matrix]


def _counts(document: Document) -> list[Any]:
    columns = document["columns"]
    return [
        document["rows"],
        {
            name: (one["count"], one["missing"], one.get("levels") or list(one["histogram"]["counts"]))
            for name, one in columns.items()
        },
    ]


def _cells(matrix: Matrix) -> Iterator[float | None]:
    return (cell for row in matrix for cell in row)
