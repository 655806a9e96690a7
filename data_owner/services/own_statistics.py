"""From one pass over a data file to the few numbers that an owner works with; the rows go no further than this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commons.ciphers.paillier import PublicKey
from commons.computations.linear_regression.learning import (
    GradientMap,
    GramAccumulator,
    QuadraticMetric,
    QuadraticMetricAccumulator,
    gradient_map,
)
from commons.computations.linear_regression.numeric_plan import NumericPlan, declared_growth
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.computations.linear_regression.trainer import require_within_plan
from commons.computations.linear_regression.training_data import required_columns, training_rows
from data_owner.services.job_view import scaling_of
from data_owner.services.ports import DataFile


@dataclass(frozen=True)
class OwnStatistics:
    """What stands for an owner's rows in one job: the map of its local steps, and its error metric. Private."""

    step: GradientMap
    metric: QuadraticMetric

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return self.metric.row_count


@dataclass(frozen=True)
class DeclaredStatistics:
    """What others are told of an owner's rows."""

    row_count: int
    growth: float


def read_statistics(file: DataFile, spec: TrainingJobSpec, *, column_mapping: Mapping[str, str]) -> OwnStatistics:
    """Read the columns that a job uses, once, every cell checked against its declared range.

    Raises:
        DatasetInvalid: naming column and row of the first cell that cannot be used, or too few rows.
        InvalidInput: the learning rate diverges beyond float64 on these rows.
    """
    scaling = scaling_of(spec)
    gram, metric = GramAccumulator(scaling.n_weights), QuadraticMetricAccumulator(scaling.n_weights)
    blocks = file.blocks(required_columns(scaling, column_mapping))
    for X, y in training_rows(blocks, scaling, min_rows=spec.min_rows, column_mapping=column_mapping):
        gram.add(X, y)
        metric.add(X, y)
    step = gradient_map(gram.statistics(), spec.learning_rate, spec.local_steps)
    return OwnStatistics(step=step, metric=metric.metric())


def declare_statistics(
    file: DataFile, spec: TrainingJobSpec, key: PublicKey, *, column_mapping: Mapping[str, str]
) -> DeclaredStatistics:
    """Read the rows and check that a job on them fits the key, before anything is promised.

    Raises:
        HeadroomExceeded: it does not fit; the remedy is named.
        DatasetInvalid, InvalidInput: as `read_statistics`.
    """
    statistics = read_statistics(file, spec, column_mapping=column_mapping)
    growth = declared_growth(statistics.step.spectral_norm)
    plan = NumericPlan(spec, key.bits, growth)
    plan.require_headroom((statistics.row_count,))
    # Checks the map against the declared ranges, as it will be when the job runs.
    require_within_plan(plan, statistics.step)
    return DeclaredStatistics(row_count=statistics.row_count, growth=growth)
