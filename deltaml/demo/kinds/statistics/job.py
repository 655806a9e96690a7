"""Statistics in the demo, and what came of them beside the same of the whole table in the clear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from commons.computations.statistics.spec import AnyColumn, NumberColumn, StatisticsSpec
from commons.errors import InvalidInput
from commons.tables.table import format_number, shorten
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds.base import Cells, DemoJob, RowIndexes
from deltaml.demo.kinds.statistics.cell_table import CellTable
from deltaml.demo.kinds.statistics.in_the_clear import (
    counts_are_equal,
    describe_in_the_clear,
    max_correlation_error,
    max_moment_error,
)

KIND = "statistics"
_SHOWN_LEVELS, _SHOWN_PAIRS = 6, 3


class StatisticsJob(DemoJob):
    """Statistics of all columns of a table, with correlations where two of them are numbers.

    Args:
        table: the rows.

    Raises:
        InvalidInput: there is more to describe than one job can.
    """

    kind: ClassVar[str] = KIND
    delivered: ClassVar[str] = "sums"
    phase: ClassVar[str] = "summing"

    def __init__(self, table: CellTable) -> None:
        self.table = table
        self.spec = _specification(tuple(column.declared for column in table.columns))

    @property
    def table_name(self) -> str:
        """For people."""
        return self.table.name

    @property
    def row_count(self) -> int:
        """How many rows there are to deal."""
        return self.table.row_count

    @property
    def title(self) -> str:
        """What owners read first."""
        return f"Statistics of {self.table.name}"

    @property
    def remarks(self) -> Sequence[str]:
        """Columns with more than their own range, and those that are left out."""
        widened = [
            f"{column.name} holds one number only; its range is declared as {_range(column.declared)}"
            for column in self.table.columns
            if column.is_widened
        ]
        return [*widened, *(f"{name} is left out: {reason}" for name, reason in self.table.left_out.items())]

    def computation(self) -> dict[str, Any]:
        """The columns with their ranges and levels."""
        return self.spec.model_dump(mode="json")

    def write_rows(self, path: Path, rows: RowIndexes) -> None:
        """Write one owner's rows as CSV."""
        self.table.write(path, rows)

    def sample(self) -> Cells:
        """As many rows as the longest category has levels, and at least the two ends of ranges."""
        columns = [_declared_cells(column) for column in self.spec.columns]
        longest = max(map(len, columns))
        rows = ([cells[index % len(cells)] for cells in columns] for index in range(longest))
        return [column.name for column in self.spec.columns], rows

    def summarise(
        self, finished: FinishedJob, owners: Sequence[Mapping[str, Any]], parts: Sequence[RowIndexes]
    ) -> dict[str, Any]:
        """The delivered document beside that of the whole table, and how far apart they are."""
        found = {name: finished.result[name] for name in ("rows", "columns", "correlation")}
        clear = describe_in_the_clear(self.table)
        return {
            "columns": [column.name for column in self.table.columns],
            "left_out": dict(self.table.left_out),
            "statistics": {**found, "doubts": finished.result.get("doubts", [])},
            "plaintext": clear,
            "counts_equal": counts_are_equal(found, clear),
            "max_moment_error": max_moment_error(found, clear),
            "max_correlation_error": max_correlation_error(found, clear),
        }

    def fault(self, summary: Mapping[str, Any]) -> str | None:
        """Counts are exact, or something is wrong."""
        if summary["counts_equal"]:
            return None
        return "; ".join(
            ["the counts are not those of the whole table", *(one["text"] for one in summary["statistics"]["doubts"])]
        )

    def facts(self, summary: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """How far the statistics are from those in the clear."""
        moments, correlations = summary["max_moment_error"], summary["max_correlation_error"]
        return [
            ("Rows", str(summary["statistics"]["rows"])),
            ("Counts", "equal those in the clear" if summary["counts_equal"] else "differ from those in the clear"),
            ("Largest error of a moment", "–" if moments is None else f"{moments:.2g} of the column's range"),
            ("Largest error of a correlation", "–" if correlations is None else f"{correlations:.2g}"),
            *(("Doubt", doubt["text"]) for doubt in summary["statistics"]["doubts"]),
        ]

    def tables(self, summary: Mapping[str, Any]) -> Sequence[Table]:
        """The columns, and the strongest correlations."""
        found = summary["statistics"]
        columns = Table("Column", "Cells", "Missing", "What they hold", title="Columns", title_style="bold", box=None)
        for name, one in found["columns"].items():
            columns.add_row(escape(shorten(name)), str(one["count"]), str(one["missing"]), escape(_told(one)))
        pairs = sorted(_pairs(found["correlation"]), key=lambda pair: -abs(pair[2]))[:_SHOWN_PAIRS]
        if not pairs:
            return [columns]
        correlations = Table("Column", "Column", "r", title="Strongest correlations", title_style="bold", box=None)
        for left, right, r in pairs:
            correlations.add_row(escape(shorten(left)), escape(shorten(right)), f"{r:+.4f}")
        return [columns, correlations]


def _specification(columns: tuple[AnyColumn, ...]) -> StatisticsSpec:
    correlation = sum(isinstance(column, NumberColumn) for column in columns) > 1
    try:
        return StatisticsSpec(columns=columns, correlation=correlation)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"--columns: {reason}; name fewer with --columns", field="columns") from error


def _declared_cells(column: AnyColumn) -> list[str]:
    if isinstance(column, NumberColumn):
        return [repr(column.minimum), repr(column.maximum)]
    return list(column.levels)


def _range(column: AnyColumn) -> str:
    if not isinstance(column, NumberColumn):
        raise TypeError(f"{column.name} is no column of numbers")
    return f"{format_number(column.minimum)} to {format_number(column.maximum)}"


def _told(column: Mapping[str, Any]) -> str:
    if "levels" in column:
        most = sorted(column["levels"].items(), key=lambda item: -item[1])
        shown = ", ".join(f"{shorten(level)} {count}" for level, count in most[:_SHOWN_LEVELS])
        return shown + (", …" if len(most) > _SHOWN_LEVELS else "")
    if column["mean"] is None:
        return "–"
    deviation = column["variance"] ** 0.5
    return f"mean {column['mean']:.6g}, deviation {deviation:.6g}, {column['minimum']:.6g} to {column['maximum']:.6g}"


def _pairs(correlation: Mapping[str, Any] | None) -> Iterator[tuple[str, str, float]]:
    if correlation is None:
        return
    names, matrix = correlation["columns"], correlation["matrix"]
    for i, left in enumerate(names):
        for j in range(i):
            if matrix[i][j] is not None:
                yield names[j], left, matrix[i][j]
