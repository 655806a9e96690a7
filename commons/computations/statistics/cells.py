"""From an owner's table to numbers and levels, every cell checked against what the job declares.

Cells may be missing. Whatever else is neither a number of the declared range nor a declared level ends the reading, although the
data set matched when the job was accepted: a file can change, and no sum may leave its slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commons.computations.statistics.spec import CategoryColumn, NumberColumn, StatisticsSpec
from commons.errors import DatasetInvalid
from commons.tables.column_names import missing_column_error
from commons.tables.table import (
    CellProblem,
    ColumnBlock,
    Table,
    TableBlock,
    cell_error,
    expectation,
    format_number,
    shorten,
)

MISSING_LEVEL = -1
_UNKNOWN_LEVEL = -2
_SHOWN_LEVELS = 10


@dataclass(frozen=True)
class CheckedBlock:
    """m consecutive rows of a table; what they hold was checked.

    Attributes:
        row_count: m.
        numbers: for each column of numbers float64, shape (m,), NaN where missing.
        levels: for each category indexes of its levels, int64, shape (m,), `MISSING_LEVEL` where missing.
    """

    row_count: int
    numbers: tuple[npt.NDArray[np.float64], ...]
    levels: tuple[npt.NDArray[np.int64], ...]


def checked_blocks(spec: StatisticsSpec, table: Table, *, min_rows: int = 1) -> Iterator[CheckedBlock]:
    """Yield the columns of a job, block by block, in memory that does not depend on the number of rows.

    Args:
        spec: the columns, with their ranges and levels.
        table: the owner's.
        min_rows: the least number of rows.

    Raises:
        DatasetInvalid: a column is missing, a cell is out of its range or none of its levels (the first such cell in row
            order is named), or there are too few rows.
    """
    names = [table.own_name(column.name) for column in spec.columns]
    source, row_count = "the dataset", 0
    for block in table.blocks(list(dict.fromkeys(names))):
        source = block.source
        yield _checked(spec, names, block)
        row_count += block.row_count
    if row_count < max(min_rows, 1):
        raise DatasetInvalid(
            f"{source}: there are {row_count} rows; expected at least {max(min_rows, 1)}", file=source, rows=row_count
        )


def _checked(spec: StatisticsSpec, names: list[str], block: TableBlock) -> CheckedBlock:
    numbers, levels = [], []
    first_bad: tuple[int, int] | None = None
    for place, (column, name) in enumerate(zip(spec.columns, names, strict=True)):
        if name not in block.columns:
            raise missing_column_error(block.source, name, block.columns)
        cells = block.columns[name]
        if isinstance(column, NumberColumn):
            numbers.append(cells.values)
            bad = np.flatnonzero(_is_bad_number(column, cells))
        else:
            levels.append(_level_indexes(column, cells))
            bad = np.flatnonzero(levels[-1] == _UNKNOWN_LEVEL)
        if bad.size and (first_bad is None or bad[0] < first_bad[0]):
            first_bad = (int(bad[0]), place)
    if first_bad is not None:
        index, place = first_bad
        cells = block.columns[names[place]]
        raise cell_error(block, names[place], index, _expected(spec.columns[place], cells, index))
    return CheckedBlock(block.row_count, tuple(numbers), tuple(levels))


def _is_bad_number(column: NumberColumn, cells: ColumnBlock) -> npt.NDArray[np.bool_]:
    # NaN is in no range, and stands for whatever is wrong with a cell.
    inside = (cells.values >= column.minimum) & (cells.values <= column.maximum)
    bad: npt.NDArray[np.bool_] = ~inside & (cells.problems != CellProblem.MISSING)
    return bad


def _level_indexes(column: CategoryColumn, cells: ColumnBlock) -> npt.NDArray[np.int64]:
    """The level of each cell by its text, whatever type the cell has: "1" is a text, and so is "none" where it is declared."""
    index_of = {level: index for index, level in enumerate(column.levels)}
    count = len(cells.problems)
    texts = (cells.cell_text(index).strip() for index in range(count))
    indexes = np.fromiter((index_of.get(text, _UNKNOWN_LEVEL) for text in texts), dtype=np.int64, count=count)
    indexes[(indexes == _UNKNOWN_LEVEL) & (cells.problems == CellProblem.MISSING)] = MISSING_LEVEL
    return indexes


def _expected(column: NumberColumn | CategoryColumn, cells: ColumnBlock, index: int) -> str:
    if isinstance(column, CategoryColumn):
        shown = [shorten(level) for level in column.levels[:_SHOWN_LEVELS]]
        levels = ", ".join([*shown, "…"] if len(column.levels) > _SHOWN_LEVELS else shown)
        return f"one of the levels that the job declares: {levels}"
    problem = CellProblem(cells.problems[index])
    if problem is not CellProblem.NONE:
        return expectation(problem, cells.cell_text(index))
    low, high = format_number(column.minimum), format_number(column.maximum)
    return f"a value from {low} to {high}, the range that the job declares"
