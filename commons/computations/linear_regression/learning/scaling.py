"""Declared ranges of features and target, and the map between original units and the units of training.

Under `range` a column x declared to lie in [min, max] becomes z = 2 · (x - min) / (max - min) - 1 in [-1, 1]; both ends
map exactly, and an offset that is large against the range costs no digits. Under `none` numbers stay as they are. The
bias column of ones is appended last, after scaling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from commons.arrays import FloatArray, as_matrix, as_vector
from commons.errors import InvalidInput


@dataclass(frozen=True)
class FeatureRange:
    """A column as a job declares it: name, inclusive range in original units, and the unit's name.

    Raises:
        InvalidInput: a nameless column, bounds that are not finite, not in order, or too close or too far apart for
            float64 to divide by their distance.
    """

    name: str
    minimum: float
    maximum: float
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInput("a feature has no name; name the column of the data that it stands for", field="name")
        if not (math.isfinite(self.minimum) and math.isfinite(self.maximum)):
            raise InvalidInput(
                f"the range of {self.name!r} is [{self.minimum}, {self.maximum}]; expected finite bounds",
                field=self.name,
            )
        if self.minimum >= self.maximum:
            raise InvalidInput(
                f"the range of {self.name!r} is [{self.minimum}, {self.maximum}]; expected a minimum below the "
                "maximum (leave out a column that is constant)",
                field=self.name,
            )
        width = self.maximum - self.minimum
        if not (math.isfinite(width) and width >= np.finfo(np.float64).tiny):
            raise InvalidInput(
                f"the range of {self.name!r} is {width} wide, which float64 cannot scale; use another unit",
                field=self.name,
            )

    def contains(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Return where min ≤ value ≤ max holds, without tolerance; NaN is never contained."""
        return (values >= self.minimum) & (values <= self.maximum)


@dataclass(frozen=True)
class RangeScaling:
    """The map between original units and training units of one job.

    Attributes:
        features: the k features in the order of the weights (d = k + 1 with the bias, which comes last).
        target: the column to predict.
        mode: `range` maps every column onto [-1, 1]; `none` takes the numbers as they come.
    """

    features: tuple[FeatureRange, ...]
    target: FeatureRange
    mode: str = "range"

    def __post_init__(self) -> None:
        if not self.features:
            raise InvalidInput("there are no features; expected at least one", field="features")
        if self.mode not in ("range", "none"):
            raise InvalidInput(f"scaling is {self.mode!r}; expected 'range' or 'none'", field="scaling")
        names = [column.name for column in (*self.features, self.target)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InvalidInput(
                f"{', '.join(map(repr, repeated))} is named more than once; expected distinct features and a target "
                "that is none of them",
                field="features",
            )

    @property
    def n_weights(self) -> int:
        """Number of weights d: one a feature and the bias."""
        return len(self.features) + 1

    @property
    def target_half_width(self) -> float:
        """Half the width of the target's declared range, in units of the target, whatever the mode."""
        return (self.target.maximum - self.target.minimum) / 2

    def transform_features(self, X: npt.ArrayLike) -> FloatArray:
        """Return features X (m, k) in training units, shape (m, k)."""
        X = as_matrix(X, len(self.features), field="X")
        if self.mode == "none":
            return X
        minimum = np.array([feature.minimum for feature in self.features])
        maximum = np.array([feature.maximum for feature in self.features])
        return _onto_unit_range(X, minimum, maximum)

    def transform_target(self, y: npt.ArrayLike) -> FloatArray:
        """Return targets y (m,) in training units, shape (m,)."""
        y = np.asarray(y, dtype=np.float64)
        y = as_vector(y, y.size, field="y")
        if self.mode == "none":
            return y
        return _onto_unit_range(y, np.float64(self.target.minimum), np.float64(self.target.maximum))

    def design_matrix(self, X: npt.ArrayLike) -> FloatArray:
        """Return features X (m, k) in training units with the bias column of ones appended, shape (m, k + 1)."""
        scaled = self.transform_features(X)
        return np.column_stack([scaled, np.ones(len(scaled))])

    def weights_to_original(self, w: npt.ArrayLike) -> FloatArray:
        """Return trained weights w (d,) as weights on features in original units, bias last, shape (d,).

        With centre μ and half width h of each range::

            v_j = h_y · w_j / h_j        v_bias = μ_y + h_y · w_bias - Σ v_j · μ_j

        Computed in rational numbers and rounded once, so no digit is lost to ranges of different magnitude or to
        offsets that cancel. Raises InvalidInput when a weight does not fit in float64.
        """
        w = as_vector(w, self.n_weights, field="w")
        if self.mode == "none":
            return w.copy()
        centres, half_widths = zip(*(_centre_and_half_width(feature) for feature in self.features), strict=True)
        target_centre, target_half_width = _centre_and_half_width(self.target)
        slopes = [
            target_half_width * Fraction(weight) / h for weight, h in zip(w[:-1].tolist(), half_widths, strict=True)
        ]
        bias = target_centre + target_half_width * Fraction(float(w[-1]))
        bias -= sum((slope * centre for slope, centre in zip(slopes, centres, strict=True)), Fraction(0))
        try:
            return np.array([float(weight) for weight in (*slopes, bias)])
        except OverflowError as error:
            raise InvalidInput("a weight is too large for float64 in the original units", field="w") from error

    def predict(self, X: npt.ArrayLike, w: npt.ArrayLike) -> FloatArray:
        """Return predictions (m,) in units of the target, from X (m, k) in original units and trained weights w (d,).

        This goes through the training units, so it keeps the digits that `X @ weights_to_original(w)` loses when a
        feature's offset is large against its range.
        """
        prediction = self.design_matrix(X) @ as_vector(w, self.n_weights, field="w")
        if self.mode == "none":
            return prediction
        centre, half_width = _centre_and_half_width(self.target)
        return float(centre) + float(half_width) * prediction

    def mse_to_original_units(self, mse: float) -> float:
        """Return an MSE of training units in squared units of the target: times h_y² under `range`, as it is else."""
        return mse * self.target_half_width**2 if self.mode == "range" else mse


def _onto_unit_range(
    values: FloatArray, minimum: FloatArray | np.float64, maximum: FloatArray | np.float64
) -> FloatArray:
    scaled: FloatArray = 2 * ((values - minimum) / (maximum - minimum)) - 1
    return scaled


def _centre_and_half_width(column: FeatureRange) -> tuple[Fraction, Fraction]:
    minimum, maximum = Fraction(column.minimum), Fraction(column.maximum)
    return (minimum + maximum) / 2, (maximum - minimum) / 2
