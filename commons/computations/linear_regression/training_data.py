"""From an owner's rows to the few statistics that a job needs; the rows themselves go no further than this.

Every cell is checked against its declared range while it is read, although the dataset matched when the job was
accepted: a file can change, and the job's headroom rests on the declared ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from commons.arrays import FloatArray
from commons.computations.linear_regression.learning.gram import GramAccumulator, GramStatistics
from commons.computations.linear_regression.learning.quadratic_metric import QuadraticMetric, QuadraticMetricAccumulator
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.errors import DatasetInvalid
from commons.tables.column_names import missing_column_error
from commons.tables.table import CellProblem, TableBlock, cell_error, expectation, format_number


def required_columns(scaling: RangeScaling, column_mapping: Mapping[str, str] | None = None) -> list[str]:
    """Return the dataset's own names of the columns that a job reads, features first and the target last."""
    mapping = column_mapping or {}
    return [mapping.get(column.name, column.name) for column in (*scaling.features, scaling.target)]


def load_gram_statistics(
    blocks: Iterable[TableBlock],
    scaling: RangeScaling,
    *,
    min_rows: int = 1,
    column_mapping: Mapping[str, str] | None = None,
) -> GramStatistics:
    """Return a trainer's statistics in training units, bias column included; errors as in `training_rows`."""
    accumulator = GramAccumulator(scaling.n_weights)
    for X, y in training_rows(blocks, scaling, min_rows=min_rows, column_mapping=column_mapping):
        accumulator.add(X, y)
    return accumulator.statistics()


def load_quadratic_metric(
    blocks: Iterable[TableBlock],
    scaling: RangeScaling,
    *,
    min_rows: int = 1,
    column_mapping: Mapping[str, str] | None = None,
) -> QuadraticMetric:
    """Return a validator's error metric in training units, bias column included; errors as in `training_rows`."""
    accumulator = QuadraticMetricAccumulator(scaling.n_weights)
    for X, y in training_rows(blocks, scaling, min_rows=min_rows, column_mapping=column_mapping):
        accumulator.add(X, y)
    return accumulator.metric()


def training_rows(
    blocks: Iterable[TableBlock],
    scaling: RangeScaling,
    *,
    min_rows: int = 1,
    column_mapping: Mapping[str, str] | None = None,
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield for each block the design matrix X (m, d), bias last, and the target y (m,), both in training units.

    Args:
        blocks: the table, with at least the columns of `required_columns`.
        scaling: the job's columns, declared ranges and scaling.
        min_rows: the least number of rows.
        column_mapping: required name → the dataset's own name, where the two differ.

    Raises:
        DatasetInvalid: a column is missing, a cell holds no usable number or one out of its declared range, or there
            are too few rows; the first such cell in row order is named.
    """
    names = required_columns(scaling, column_mapping)
    declared = dict(zip(names, (*scaling.features, scaling.target), strict=True))
    source, row_count = "the dataset", 0
    for block in blocks:
        source = block.source
        _check_cells(block, declared)
        values = np.column_stack([block.columns[name].values for name in names])
        yield scaling.design_matrix(values[:, :-1]), scaling.transform_target(values[:, -1])
        row_count += block.row_count
    if row_count < max(min_rows, 1):
        raise DatasetInvalid(
            f"{source}: there are {row_count} rows; expected at least {max(min_rows, 1)}", file=source, rows=row_count
        )


def _check_cells(block: TableBlock, declared: Mapping[str, FeatureRange]) -> None:
    first_bad: tuple[int, str] | None = None
    for name, feature in declared.items():
        if name not in block.columns:
            raise missing_column_error(block.source, name, block.columns)
        bad = np.flatnonzero(~feature.contains(block.columns[name].values))
        if bad.size and (first_bad is None or bad[0] < first_bad[0]):
            first_bad = (int(bad[0]), name)
    if first_bad is None:
        return
    index, name = first_bad
    column = block.columns[name]
    problem = CellProblem(column.problems[index])
    if problem is not CellProblem.NONE:
        raise cell_error(block, name, index, expectation(problem, column.cell_text(index)))
    low, high = format_number(declared[name].minimum), format_number(declared[name].maximum)
    raise cell_error(block, name, index, f"a value from {low} to {high}, the range that the job declares")
