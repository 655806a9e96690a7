"""The linear model that a buyer gets: weights in original units, with what is needed to use them.

It travels as JSON, never as a pickle: loading a model runs no code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from commons.arrays import FloatArray, as_matrix, as_vector
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.errors import InvalidInput

if TYPE_CHECKING:
    from sklearn.linear_model import LinearRegression

FORMAT = "deltaml-linear-model/1"


@dataclass(frozen=True)
class LinearModel:
    """y ≈ Σ weight_j · x_j + intercept, all in original units.

    Attributes:
        features: name, declared range and unit of each feature, in the order of the weights.
        target: the same for the predicted column.
        weights: one weight a feature, in units of the target per unit of the feature.
        intercept: in units of the target.
    """

    features: tuple[FeatureRange, ...]
    target: FeatureRange
    weights: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        as_vector([*self.weights, self.intercept], len(self.features) + 1, field="weights")

    @classmethod
    def from_training(cls, scaling: RangeScaling, w: npt.ArrayLike) -> LinearModel:
        """Return the model of trained weights w (d,), bias last, in the training units of `scaling`."""
        *weights, intercept = scaling.weights_to_original(w).tolist()
        return cls(features=scaling.features, target=scaling.target, weights=tuple(weights), intercept=intercept)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features in the order of the weights."""
        return tuple(feature.name for feature in self.features)

    def predict(self, X: npt.ArrayLike) -> FloatArray:
        """Return predictions (m,) in units of the target for X (m, k) in original units."""
        prediction: FloatArray = as_matrix(X, len(self.features), field="X") @ np.array(self.weights) + self.intercept
        return prediction

    def to_json(self) -> str:
        """Return the model as JSON text; numbers keep all their digits."""
        document = {
            "format": FORMAT,
            "features": [
                {**_range_to_dict(feature), "weight": weight}
                for feature, weight in zip(self.features, self.weights, strict=True)
            ],
            "intercept": self.intercept,
            "target": _range_to_dict(self.target),
        }
        return json.dumps(document, indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> LinearModel:
        """Return the model that `to_json` wrote; raises InvalidInput naming the field that is missing or wrong."""
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise InvalidInput(f"the model is not JSON: {error}", field="model") from error
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InvalidInput(f"this is not a model in the format {FORMAT!r}", field="format")
        features = document.get("features")
        if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
            raise InvalidInput("'features' is missing or not a list of objects", field="features")
        target = document.get("target")
        if not isinstance(target, dict):
            raise InvalidInput("'target' is missing or not an object", field="target")
        return cls(
            features=tuple(_range_from_dict(feature, f"features[{i}]") for i, feature in enumerate(features)),
            target=_range_from_dict(target, "target"),
            weights=tuple(_number(feature, "weight", f"features[{i}]") for i, feature in enumerate(features)),
            intercept=_number(document, "intercept", "model"),
        )

    def to_sklearn(self) -> LinearRegression:
        """Return a fitted `sklearn.linear_model.LinearRegression` with these weights and feature names."""
        from sklearn.linear_model import LinearRegression  # noqa: PLC0415 - takes a second, few callers need it

        model = LinearRegression()
        model.coef_ = np.array(self.weights)
        model.intercept_ = self.intercept
        model.n_features_in_ = len(self.features)
        model.feature_names_in_ = np.array(self.feature_names, dtype=object)
        return model


def _range_to_dict(column: FeatureRange) -> dict[str, Any]:
    return {"name": column.name, "unit": column.unit, "minimum": column.minimum, "maximum": column.maximum}


def _range_from_dict(document: dict[str, Any], where: str) -> FeatureRange:
    return FeatureRange(
        name=_text(document, "name", where),
        minimum=_number(document, "minimum", where),
        maximum=_number(document, "maximum", where),
        unit=_text(document, "unit", where),
    )


def _number(document: dict[str, Any], key: str, where: str) -> float:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{where}: {key!r} is {value!r}; expected a number", field=f"{where}.{key}")
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidInput(f"{where}: {key!r} is too large for float64", field=f"{where}.{key}") from error


def _text(document: dict[str, Any], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        raise InvalidInput(f"{where}: {key!r} is {value!r}; expected text", field=f"{where}.{key}")
    return value
