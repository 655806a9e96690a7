"""From one pass over an owner's table to the few numbers that it works with; the rows go no further than this."""

from __future__ import annotations

from dataclasses import dataclass

from commons.computations.linear_regression.learning import (
    GradientMap,
    GramAccumulator,
    QuadraticMetric,
    QuadraticMetricAccumulator,
    gradient_map,
)
from commons.computations.linear_regression.numeric_plan import NumericPlan, declared_growth
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.trainer import require_within_plan
from commons.computations.linear_regression.training_data import required_columns, training_rows
from commons.tables.table import Table


@dataclass(frozen=True)
class OwnStatistics:
    """What stands for an owner's rows in one job: the map of its local steps, and its error metric. Private."""

    step: GradientMap
    metric: QuadraticMetric

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return self.metric.row_count


def read_statistics(table: Table, spec: LinearRegressionSpec, *, min_rows: int) -> OwnStatistics:
    """Read the columns that a job uses, once, every cell checked against its declared range.

    Raises:
        DatasetInvalid: naming column and row of the first cell that cannot be used, or too few rows.
        InvalidInput: the learning rate diverges beyond float64 on these rows.
    """
    scaling, mapping = spec.range_scaling(), table.column_mapping
    gram, metric = GramAccumulator(scaling.n_weights), QuadraticMetricAccumulator(scaling.n_weights)
    blocks = table.blocks(required_columns(scaling, mapping))
    for X, y in training_rows(blocks, scaling, min_rows=min_rows, column_mapping=mapping):
        gram.add(X, y)
        metric.add(X, y)
    step = gradient_map(gram.statistics(), spec.learning_rate, spec.local_steps)
    return OwnStatistics(step=step, metric=metric.metric())


def declare_statistics(table: Table, spec: LinearRegressionSpec, *, min_rows: int, key_bits: int) -> tuple[int, float]:
    """Read the rows and check that a job on them fits the key, before anything is promised; return rows and growth.

    Raises:
        HeadroomExceeded: it does not fit; the remedy is named.
        DatasetInvalid, InvalidInput: as `read_statistics`.
    """
    statistics = read_statistics(table, spec, min_rows=min_rows)
    growth = declared_growth(statistics.step.spectral_norm)
    plan = NumericPlan(spec, key_bits, growth)
    plan.require_headroom((statistics.row_count,))
    # Checks the map against the declared ranges, as it will be when the job runs.
    require_within_plan(plan, statistics.step)
    return statistics.row_count, growth
