"""Tables of arrays and texts for tests, in blocks of any length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from commons.tables.table import CellProblem, ColumnBlock, Table, TableBlock

Cells = np.ndarray | Sequence[float] | Sequence[str]


def in_memory_table(
    columns: Mapping[str, Cells], *, block_rows: int = 4, column_mapping: Mapping[str, str] | None = None
) -> Table:
    """A table of columns of numbers (NaN where missing) or texts ("" where missing)."""
    row_count = len(next(iter(columns.values())))

    def blocks(names: Sequence[str]) -> Iterator[TableBlock]:
        for start in range(0, row_count, block_rows):
            cells = {name: columns[name][start : start + block_rows] for name in names if name in columns}
            yield TableBlock("owner.csv", 1 + start, {name: column_block(part) for name, part in cells.items()})

    return Table(blocks, column_mapping or {})


def column_block(cells: Cells) -> ColumnBlock:
    """One column's cells, with what is wrong with each as a file's reader says it."""
    if len(cells) and isinstance(cells[0], str):
        return _texts(list(map(str, cells)))
    values = np.array(cells, dtype=np.float64)
    problems = np.where(np.isnan(values), CellProblem.MISSING, CellProblem.NONE).astype(np.uint8)
    return ColumnBlock("number", values, problems, lambda index: "" if problems[index] else f"{values[index]}")


def _texts(cells: list[str]) -> ColumnBlock:
    values = np.full(len(cells), np.nan)
    problems = np.zeros(len(cells), dtype=np.uint8)
    for index, text in enumerate(cells):
        if not text.strip():
            problems[index] = CellProblem.MISSING
            continue
        try:
            values[index] = float(text)
        except ValueError:
            problems[index] = CellProblem.NOT_A_NUMBER
    return ColumnBlock("text", values, problems, cells.__getitem__)
