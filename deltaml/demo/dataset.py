"""The demo's data: read, deal to the owners as anybody can repeat it, and the same training in the clear.

Rows are dealt with `numpy.random.default_rng(seed).permutation(n_rows)` and `numpy.array_split` in that order.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from commons.computations.linear_regression.learning.federated import federated_gradient_descent, mean_squared_error
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import DatasetInvalid, NotFound
from commons.tables.column_names import missing_column_error
from commons.tables.table import CellProblem, cell_error, expectation
from data_owner.adapters.data_files import open_data_file

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
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

    def deal(self, seed: int, owners: int) -> list[tuple[FloatArray, FloatArray]]:
        """Each owner's rows, in the order of the owners; raises DatasetInvalid when there are fewer rows than owners."""
        if len(self.y) < owners:
            raise DatasetInvalid(
                f"{self.name}: {len(self.y)} rows are too few for {owners} owners; each needs at least one",
                file=self.name,
            )
        parts = np.array_split(np.random.default_rng(seed).permutation(len(self.y)), owners)
        return [(self.X[part], self.y[part]) for part in parts]


def diabetes() -> Dataset:
    """Scikit-learn's diabetes data as it comes: 442 rows, 10 features (Efron et al. 2004, Annals of Statistics)."""
    from sklearn.datasets import load_diabetes  # noqa: PLC0415 - imports for more than a second

    bunch = load_diabetes()
    return Dataset("diabetes", tuple(bunch.feature_names), "target", bunch.data, bunch.target)


def read_dataset(path: Path, target: str) -> Dataset:
    """Read a CSV or Parquet file; every column but the target is a feature.

    Raises:
        NotFound: there is no such file.
        DatasetInvalid: naming column and row of a cell that is no number, a missing target, or too few rows.
        InvalidInput: a constant column.
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
    return Dataset(path.name, features, target, table[:, :-1], table[:, -1])


def write_part(path: Path, features: Sequence[str], target: str, X: FloatArray, y: FloatArray) -> None:
    """Write one owner's rows as CSV, with as many digits as float64 needs to be read back exactly."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*features, target])
        writer.writerows([*map(repr, map(float, row)), repr(float(value))] for row, value in zip(X, y, strict=True))


@dataclass(frozen=True)
class PlaintextRun:
    """The same federated training in the clear.

    Attributes:
        weights: in original units, bias last.
        mse: of the validators' rows under the final weights, in the target's unit squared.
        local_mse: of the validators' rows under the least-squares fit of all trainers' rows together.
    """

    weights: FloatArray
    mse: float
    local_mse: float


def train_in_the_clear(
    spec: TrainingJobSpec,
    trainers: Sequence[tuple[FloatArray, FloatArray]],
    validators: Sequence[tuple[FloatArray, FloatArray]],
    *,
    rounds: int,
) -> PlaintextRun:
    """Train on the same split with plain gradient steps on rows, and evaluate on the validators' rows."""
    scaling = spec_scaling(spec)

    def scaled(parts: Sequence[tuple[FloatArray, FloatArray]]) -> list[tuple[FloatArray, FloatArray]]:
        return [(scaling.design_matrix(X), scaling.transform_target(y)) for X, y in parts]

    training, validation = scaled(trainers), scaled(validators)
    weights = federated_gradient_descent(
        training,
        rounds=rounds,
        local_steps=spec.local_steps,
        learning_rate=spec.learning_rate,
        averaging=spec.averaging,
    )[-1]
    X, y = np.vstack([part for part, _ in training]), np.concatenate([part for _, part in training])
    least_squares = np.linalg.lstsq(X, y, rcond=None)[0]
    return PlaintextRun(
        weights=scaling.weights_to_original(weights),
        mse=scaling.mse_to_original_units(mean_squared_error(validation, weights)),
        local_mse=scaling.mse_to_original_units(mean_squared_error(validation, least_squares)),
    )


def spec_scaling(spec: TrainingJobSpec) -> RangeScaling:
    """The scaling that a specification declares."""
    features = [FeatureRange(item.name, item.minimum, item.maximum, item.unit) for item in spec.features]
    target = FeatureRange(spec.target.name, spec.target.minimum, spec.target.maximum, spec.target.unit)
    return RangeScaling(tuple(features), target, spec.scaling)
