"""A table as the domain sees it: blocks of numbers with, for every cell that is no number, what is wrong with it.

Adapters yield `TableBlock`s; nothing here knows of files. Cell texts and row numbers are the owner's own: an error made
here is for the owner's eyes and must not be sent to anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

from commons.arrays import FloatArray
from commons.errors import DatasetInvalid

ColumnType = Literal["empty", "boolean", "integer", "number", "text"]

_MAX_CELL_LENGTH = 40
_GROUPED_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,.' \u00a0\u202f]\d{3})+([.,]\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")


class CellProblem(IntEnum):
    """Why a cell cannot be used as a number; 0 means that it can."""

    NONE = 0
    MISSING = 1
    NOT_A_NUMBER = 2
    NOT_FINITE = 3
    NOT_EXACT = 4


@dataclass(frozen=True, eq=False)
class ColumnBlock:
    """One column's cells in one block of m rows.

    Attributes:
        type: what the cells of this block look like; `text` as soon as one of them is no number.
        values: float64 (m,), NaN wherever `problems` is not 0; booleans are 0 and 1.
        problems: `CellProblem` codes (m,).
        cell_text: gives the text of the cell at an index of the block, for messages.
    """

    type: ColumnType
    values: FloatArray = field(repr=False)
    problems: npt.NDArray[np.uint8] = field(repr=False)
    cell_text: Callable[[int], str] = field(repr=False)


@dataclass(frozen=True, eq=False)
class TableBlock:
    """Consecutive rows of a table.

    Attributes:
        source: the file's name, for messages.
        first_row: number of the first row, 1 for the first data row of the table.
        columns: each column's cells, all of the same length.
        line_of_row: gives the line of the file on which a row starts, or None for formats without lines.
    """

    source: str
    first_row: int
    columns: Mapping[str, ColumnBlock]
    line_of_row: Callable[[int], int | None] = field(repr=False, default=lambda _row: None)

    @property
    def row_count(self) -> int:
        """Number of rows of this block."""
        return next((len(column.values) for column in self.columns.values()), 0)


@dataclass(frozen=True)
class Table:
    """A table in which some columns have other names than the job that reads it gives them.

    Attributes:
        blocks: gives the rows in order, in blocks with the columns of these (own) names.
        column_mapping: the job's name → the table's own name, where the two differ.
    """

    blocks: Callable[[Sequence[str]], Iterator[TableBlock]] = field(repr=False)
    column_mapping: Mapping[str, str] = field(default_factory=dict)

    def own_name(self, name: str) -> str:
        """What the table calls a column of the job."""
        return self.column_mapping.get(name, name)


def shorten(text: str) -> str:
    """Return a cell's text cut to what fits in a message."""
    return text if len(text) <= _MAX_CELL_LENGTH else text[: _MAX_CELL_LENGTH - 1] + "…"


def format_number(value: float) -> str:
    """Return the shortest text that reads back as `value`, whole numbers without a decimal point."""
    return repr(float(value)).removesuffix(".0")


def expectation(problem: CellProblem, text: str) -> str:
    """Return what a cell with this problem should have held, with a hint when its text shows what went wrong."""
    if problem is CellProblem.NOT_FINITE:
        return "a finite number"
    if problem is CellProblem.NOT_EXACT:
        return "a whole number that float64 holds exactly (every one up to 2^53); use a smaller unit, or leave out ids"
    if problem is CellProblem.NOT_A_NUMBER and _DECIMAL_COMMA.fullmatch(text.strip()):
        return "a number with a decimal point and without separators between thousands"
    if problem is CellProblem.NOT_A_NUMBER and _GROUPED_THOUSANDS.fullmatch(text.strip()):
        return "a number without separators between thousands"
    return "a number"


def cell_error(block: TableBlock, column: str, index: int, expected: str) -> DatasetInvalid:
    """Return the error for the cell at `index` of a block: file, column, row, line, what it holds, and `expected`."""
    row = block.first_row + index
    line = block.line_of_row(row)
    text = shorten(block.columns[column].cell_text(index))
    where = f"row {row}" if line is None else f"row {row} (line {line})"
    message = f"{block.source}: column {column!r}, {where} is empty; expected {expected}"
    if text.strip():
        message = f"{block.source}: column {column!r}, {where} holds {text!r}; expected {expected}"
    return DatasetInvalid(
        message,
        file=block.source,
        column=column,
        row=row,
        line=line,
        value=text,
        expected=expected,
    )
