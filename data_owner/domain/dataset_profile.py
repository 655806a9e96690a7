"""What an owner sees of a dataset, and what offers are matched against: columns, types, ranges and gaps.

It is taken in one pass over blocks, in memory that does not grow with rows. Only names, types, ranges and counts may
be shown to others; `first_unusable` quotes a cell and stays with the owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from commons.errors import InvalidInput
from commons.tables.table import CellProblem, ColumnBlock, ColumnType, TableBlock, expectation, shorten

_TYPE_ORDER: tuple[ColumnType, ...] = ("empty", "boolean", "integer", "number", "text")


@dataclass(frozen=True)
class UnusableCell:
    """The first cell of a column that is neither empty nor a usable number.

    Attributes:
        row: 1-based data row.
        text: what it holds, cut to fit in a message.
        expected: what it should have held.
    """

    row: int
    text: str
    expected: str


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a dataset.

    Attributes:
        name: as in the file, without surrounding spaces.
        type: the narrowest type that all cells have.
        minimum: smallest number, None when there is none.
        maximum: largest number, None when there is none.
        missing_count: cells that are empty or say so (NaN, NA, null).
        first_missing_row: 1-based data row of the first of them.
        unusable_count: cells that hold something else than a finite number that float64 holds.
        first_unusable: the first of them.
    """

    name: str
    type: ColumnType
    minimum: float | None
    maximum: float | None
    missing_count: int
    first_missing_row: int | None
    unusable_count: int
    first_unusable: UnusableCell | None

    @property
    def is_numeric(self) -> bool:
        """Whether all cells that are not missing are usable numbers, and there is at least one."""
        return self.unusable_count == 0 and self.minimum is not None

    @property
    def is_constant(self) -> bool:
        """Whether the column holds one number only."""
        return self.minimum is not None and self.minimum == self.maximum


@dataclass(frozen=True)
class DatasetProfile:
    """The columns of a dataset in the file's order, and its number of data rows."""

    columns: tuple[ColumnProfile, ...]
    row_count: int

    def column(self, name: str) -> ColumnProfile | None:
        """Return the column of that exact name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in the file's order."""
        return tuple(column.name for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as JSON-serialisable values, for the owner's own database."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> DatasetProfile:
        """Return the profile that `to_dict` described; raises InvalidInput when it is none."""
        try:
            columns = tuple(_column_from_dict(column) for column in document["columns"])
            return cls(columns=columns, row_count=document["row_count"])
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"this is not a stored dataset profile: {error!r}", field="profile") from error


def profile_blocks(blocks: Iterable[TableBlock]) -> DatasetProfile:
    """Return the profile of a table from its blocks, in one pass and in the order in which they come."""
    summaries: dict[str, _ColumnSummary] = {}
    row_count = 0
    for block in blocks:
        for name, column in block.columns.items():
            summaries.setdefault(name, _ColumnSummary()).add(column, block.first_row)
        row_count += block.row_count
    return DatasetProfile(
        columns=tuple(summary.profile(name) for name, summary in summaries.items()), row_count=row_count
    )


class _ColumnSummary:
    """What is known of one column after the blocks so far."""

    def __init__(self) -> None:
        self.type: ColumnType = "empty"
        self.minimum = np.inf
        self.maximum = -np.inf
        self.missing_count = 0
        self.first_missing_row: int | None = None
        self.unusable_count = 0
        self.first_unusable: UnusableCell | None = None

    def add(self, column: ColumnBlock, first_row: int) -> None:
        self.type = max(self.type, column.type, key=_TYPE_ORDER.index)
        usable = column.values[column.problems == CellProblem.NONE]
        if usable.size:
            self.minimum = min(self.minimum, float(usable.min()))
            self.maximum = max(self.maximum, float(usable.max()))
        missing = np.flatnonzero(column.problems == CellProblem.MISSING)
        self.missing_count += missing.size
        if missing.size and self.first_missing_row is None:
            self.first_missing_row = first_row + int(missing[0])
        unusable = np.flatnonzero(column.problems > CellProblem.MISSING)
        self.unusable_count += unusable.size
        if unusable.size and self.first_unusable is None:
            index = int(unusable[0])
            text = column.cell_text(index)
            expected = expectation(CellProblem(column.problems[index]), text)
            self.first_unusable = UnusableCell(row=first_row + index, text=shorten(text), expected=expected)

    def profile(self, name: str) -> ColumnProfile:
        has_numbers = self.minimum <= self.maximum
        return ColumnProfile(
            name=name,
            type=self.type,
            minimum=self.minimum if has_numbers else None,
            maximum=self.maximum if has_numbers else None,
            missing_count=self.missing_count,
            first_missing_row=self.first_missing_row,
            unusable_count=self.unusable_count,
            first_unusable=self.first_unusable,
        )


def _column_from_dict(document: Mapping[str, Any]) -> ColumnProfile:
    unusable = document["first_unusable"]
    return ColumnProfile(**{**document, "first_unusable": UnusableCell(**unusable) if unusable else None})
