"""A table of cells as they stand in a file, and what each of its columns is declared as.

A column of which every cell that is not missing is a number gets its own minimum and maximum as range, a column of texts its own
few texts as levels. A constant has no range of its own, so about a thousandth of it is added to either side: by a power of two,
with which sums stay exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from commons.arrays import FloatArray
from commons.computations.statistics.spec import MAX_LEVEL_LENGTH, MAX_LEVELS, AnyColumn, CategoryColumn, NumberColumn
from commons.errors import DatasetInvalid, NotFound
from commons.tables.table import CellProblem, TableBlock
from data_owner.adapters.data_files import open_data_file
from data_owner.adapters.data_files.parquet_file import ParquetFile
from data_owner.domain.dataset_profile import ColumnProfile, profile_blocks
from deltaml.demo.csv_files import write_csv
from deltaml.demo.kinds.base import RowIndexes
from deltaml.demo.kinds.diabetes import NAME, TARGET, diabetes_arrays

_WIDENED_BITS = 10


@dataclass(frozen=True, eq=False)
class CellColumn:
    """One column.

    Attributes:
        declared: its name with its range or levels.
        cells: as they stand in the file, shape (n_rows,).
        values: numbers, NaN where missing, shape (n_rows,); of a category indexes of its levels.
        is_widened: whether its range is more than it holds.
    """

    declared: AnyColumn
    cells: npt.NDArray[np.object_] = field(repr=False)
    values: FloatArray = field(repr=False)
    is_widened: bool = False

    @property
    def name(self) -> str:
        """As in the file."""
        return self.declared.name


@dataclass(frozen=True, eq=False)
class CellTable:
    """Columns that can be described.

    Attributes:
        name: for people.
        columns: in the order of the file, or as they were asked for.
        left_out: the file's other columns, and why they cannot be.
    """

    name: str
    columns: tuple[CellColumn, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Of all columns."""
        return len(self.columns[0].cells)

    def write(self, path: Path, rows: RowIndexes) -> None:
        """Write some rows as CSV, cell by cell as they stand in the file."""
        cells = [column.cells[rows] for column in self.columns]
        write_csv(path, [column.name for column in self.columns], zip(*cells, strict=True))


def diabetes_cells(columns: Sequence[str] | None = None) -> CellTable:
    """Scikit-learn's diabetes data, features and target alike; raises DatasetInvalid for a column that is not in it."""
    features, X, y = diabetes_arrays()
    values = dict(zip((*features, TARGET), (*X.T, y), strict=True))
    for name in columns or ():
        if name not in values:
            raise DatasetInvalid(f"{NAME}: there is no column {name!r}; it has {', '.join(values)}", column=name)
    return CellTable(NAME, tuple(_numbers(name, values[name]) for name in columns or values))


def read_cell_table(path: Path, columns: Sequence[str] | None = None) -> CellTable:
    """Read a CSV or Parquet file.

    Args:
        path: of the file.
        columns: that are to be described; None takes all that can be.

    Raises:
        NotFound: there is no such file.
        DatasetInvalid: a column is not there, or is asked for and cannot be described; or none can be.
    """
    if not path.is_file():
        raise NotFound(f"--data {path}: there is no such file", file=str(path))
    file = open_data_file(path)
    blocks = list(file.blocks(columns))
    profile = profile_blocks(blocks)
    texts_are_read = not isinstance(file, ParquetFile)
    described: list[CellColumn] = []
    left_out: dict[str, str] = {}
    for found in profile.columns:
        column = _described(found, blocks, texts_are_read=texts_are_read)
        if isinstance(column, CellColumn):
            described.append(column)
        else:
            left_out[found.name] = column
    if left_out and (columns is not None or not described):
        reasons = "; ".join(f"column {name!r} cannot be described: {reason}" for name, reason in left_out.items())
        raise DatasetInvalid(f"{file.source}: {reasons}", file=file.source, column=next(iter(left_out)))
    return CellTable(path.name, tuple(described), left_out)


def declared_range(minimum: float, maximum: float) -> tuple[float, float]:
    """The range to declare for numbers from minimum to maximum, which are the same for a constant.

    >>> declared_range(1.0, 4.0), declared_range(5.0, 5.0), declared_range(0.0, 0.0)
    ((1.0, 4.0), (4.9921875, 5.0078125), (-1.0, 1.0))
    """
    if minimum < maximum:
        return minimum, maximum
    widening = math.ldexp(1.0, math.frexp(minimum)[1] - _WIDENED_BITS) if minimum else 1.0
    return minimum - widening, maximum + widening


def _described(found: ColumnProfile, blocks: Sequence[TableBlock], *, texts_are_read: bool) -> CellColumn | str:
    """The column, or why it cannot be described."""
    if found.is_numeric:
        return _number_column(found, blocks)
    if found.type == "text":
        return _category_column(found.name, blocks) if texts_are_read else "texts are read from CSV files only"
    if found.first_unusable is None:
        return "all its cells are empty"
    cell = found.first_unusable
    return f"row {cell.row} holds {cell.text!r}; expected {cell.expected}"


def _number_column(found: ColumnProfile, blocks: Sequence[TableBlock]) -> CellColumn | str:
    cells = np.array(_texts(found.name, blocks), dtype=object)
    values = np.concatenate([block.columns[found.name].values for block in blocks])
    try:
        return _with_range(found.name, cells, values)
    except ValidationError as error:
        return _first_reason(error)


def _category_column(name: str, blocks: Sequence[TableBlock]) -> CellColumn | str:
    texts = _texts(name, blocks)
    problems = np.concatenate([block.columns[name].problems for block in blocks])
    filled = problems != CellProblem.MISSING
    stripped = [text.strip() for text in texts]
    levels = sorted({text for text, is_filled in zip(stripped, filled, strict=True) if is_filled})
    if len(levels) > MAX_LEVELS:
        return f"it holds {len(levels)} different texts; a category has at most {MAX_LEVELS}"
    if any(len(level) > MAX_LEVEL_LENGTH for level in levels):
        return f"it holds a text of more than {MAX_LEVEL_LENGTH} characters"
    index_of = {level: float(index) for index, level in enumerate(levels)}
    values = np.array([index_of.get(text, np.nan) for text in stripped])
    values[~filled] = np.nan
    try:
        declared = CategoryColumn(name=name, levels=tuple(levels))
    except ValidationError as error:
        return _first_reason(error)
    return CellColumn(declared, np.array(texts, dtype=object), values)


def _texts(name: str, blocks: Sequence[TableBlock]) -> list[str]:
    return [block.columns[name].cell_text(index) for block in blocks for index in range(block.row_count)]


def _numbers(name: str, values: FloatArray) -> CellColumn:
    return _with_range(name, np.array([repr(float(value)) for value in values], dtype=object), values)


def _with_range(name: str, cells: npt.NDArray[np.object_], values: FloatArray) -> CellColumn:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    minimum, maximum = declared_range(low, high)
    declared = NumberColumn(name=name, minimum=minimum, maximum=maximum)
    return CellColumn(declared, cells, values, is_widened=low == high)


def _first_reason(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")
