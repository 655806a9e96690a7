"""What can be asked of a demo of statistics."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from commons.computations.statistics.members import MIN_OWNERS
from commons.errors import InvalidInput
from deltaml.demo.kinds.base import KindOptions
from deltaml.demo.kinds.statistics.cell_table import diabetes_cells, read_cell_table
from deltaml.demo.kinds.statistics.job import KIND, StatisticsJob


@dataclass(frozen=True)
class StatisticsOptions(KindOptions):
    """Options of statistics.

    Attributes:
        data: CSV or Parquet file; None takes scikit-learn's diabetes data.
        columns: to describe; None takes all that can be.
    """

    kind: ClassVar[str] = KIND
    least_owners: ClassVar[int] = MIN_OWNERS
    why_least_owners: ClassVar[str] = ", since sums over fewer would show what one of them has"

    data: Path | None = None
    columns: tuple[str, ...] | None = None

    @classmethod
    def of(cls, data: Path | None, given: Mapping[str, Any]) -> Self:
        """The options of a command line, where columns are one text: `a,b,"c, in metres"`."""
        text = given.get("columns")
        if text is None:
            return cls(data)
        names = next(csv.reader([text], skipinitialspace=True), [])
        return cls(data, tuple(name.strip() for name in names))

    def __post_init__(self) -> None:
        if self.columns is None:
            return
        if not all(self.columns) or not self.columns:
            raise InvalidInput(
                "--columns: expected names with commas between them, for example age,sex", field="columns"
            )
        if repeated := sorted({name for name in self.columns if self.columns.count(name) > 1}):
            raise InvalidInput(f"--columns: {repeated[0]!r} comes twice; name each column once", field="columns")

    def read(self) -> StatisticsJob:
        """The job about the file, or the diabetes data; raises InvalidInput when it describes too much too."""
        table = diabetes_cells(self.columns) if self.data is None else read_cell_table(self.data, self.columns)
        return StatisticsJob(table)
