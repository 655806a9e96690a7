"""A table of numbers for a regression: read, and written part by part without losing a digit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commons.arrays import FloatArray
from commons.computations.linear_regression.learning.scaling import FeatureRange
from commons.errors import DatasetInvalid, NotFound
from commons.tables.column_names import missing_column_error
from commons.tables.table import CellProblem, cell_error, expectation
from data_owner.adapters.data_files import open_data_file
from deltaml.demo.csv_files import write_csv
from deltaml.demo.kinds.base import RowIndexes
from deltaml.demo.kinds.diabetes import NAME, TARGET, diabetes_arrays


@dataclass(frozen=True)
class RegressionTable:
    """A table of numbers.

    Attributes:
        name: for people.
        features: names of the feature columns.
        target: name of the target column.
        X: shape (n_rows, n_features).
        y: shape (n_rows,).
    """

    name: str
    features: tuple[str, ...]
    target: str
    X: FloatArray
    y: FloatArray

    def ranges(self) -> tuple[list[FeatureRange], FeatureRange]:
        """The columns' own minima and maxima; raises InvalidInput for a constant column."""
        features = [
            FeatureRange(name, float(column.min()), float(column.max()))
            for name, column in zip(self.features, self.X.T, strict=True)
        ]
        return features, FeatureRange(self.target, float(self.y.min()), float(self.y.max()))

    def part(self, rows: RowIndexes) -> tuple[FloatArray, FloatArray]:
        """X and y of some rows."""
        return self.X[rows], self.y[rows]

    def write(self, path: Path, rows: RowIndexes | None = None) -> None:
        """Write some rows, or all, as CSV with as many digits as float64 needs to be read back exactly."""
        X, y = (self.X, self.y) if rows is None else self.part(rows)
        cells = ([*map(repr, map(float, row)), repr(float(value))] for row, value in zip(X, y, strict=True))
        write_csv(path, [*self.features, self.target], cells)


def diabetes() -> RegressionTable:
    """Scikit-learn's diabetes data as it comes."""
    names, X, y = diabetes_arrays()
    return RegressionTable(NAME, names, TARGET, X, y)


def read_regression_table(path: Path, target: str) -> RegressionTable:
    """Read a CSV or Parquet file; every column but the target is a feature.

    Raises:
        NotFound: there is no such file.
        DatasetInvalid: naming column and row of a cell that is no number, a missing target, or too few rows.
    """
    if not path.is_file():
        raise NotFound(f"--data {path}: there is no such file", file=str(path))
    file = open_data_file(path)
    names = file.column_names
    if target not in names:
        raise missing_column_error(file.source, target, names)
    features = tuple(name for name in names if name != target)
    if not features:
        raise DatasetInvalid(f"{file.source}: it has no column besides the target {target!r}", file=file.source)
    blocks: list[FloatArray] = []
    for block in file.blocks((*features, target)):
        for name in (*features, target):
            bad = np.flatnonzero(block.columns[name].problems)
            if len(bad):
                column, index = block.columns[name], int(bad[0])
                expected = expectation(CellProblem(column.problems[index]), column.cell_text(index))
                raise cell_error(block, name, index, expected)
        blocks.append(np.column_stack([block.columns[name].values for name in (*features, target)]))
    if not blocks or not sum(map(len, blocks)):
        raise DatasetInvalid(f"{file.source}: it has a header but no rows", file=file.source)
    table = np.vstack(blocks)
    return RegressionTable(path.name, features, target, table[:, :-1], table[:, -1])
