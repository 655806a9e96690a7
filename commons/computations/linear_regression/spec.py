"""What a model buyer says of a linear regression: columns with their ranges, rounds, steps, evaluation."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from commons.computations.job_facts import ComputationSpec
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.messages import FrozenModel

MAX_FEATURES = 500
BIAS = "bias"
MAX_MAGNITUDE = 1e100
"""Larger declared values would take the bounds that are computed from them out of the range of a float."""


class Scaling(StrEnum):
    """How numbers are prepared before training: `range` maps declared ranges onto [−1, 1], `none` takes them as is."""

    RANGE = "range"
    NONE = "none"


class Averaging(StrEnum):
    """How the trainers' models are averaged: by row count (McMahan et al. 2017, FedAvg) or each alike."""

    ROWS = "rows"
    UNIFORM = "uniform"


Declared = Annotated[float, Field(json_schema_extra={"minimum": -MAX_MAGNITUDE, "maximum": MAX_MAGNITUDE})]
"""An end of a declared range; `Feature` checks what is said here."""


class Feature(FrozenModel):
    """A column with its declared range: owners whose values leave it do not match."""

    name: str = Field(min_length=1, max_length=200)
    minimum: Declared
    maximum: Declared
    unit: str = Field(default="", max_length=50)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.minimum < self.maximum:
            raise ValueError(
                f"{self.name}: minimum {self.minimum} must be below maximum {self.maximum}; a constant teaches nothing"
            )
        if self.magnitude > MAX_MAGNITUDE or self.maximum - self.minimum < sys.float_info.min:
            raise ValueError(f"{self.name}: the range is too wide or too narrow to compute with; use another unit")
        return self

    @property
    def half_width(self) -> float:
        """Half the width of the declared range, in the column's unit."""
        return (self.maximum - self.minimum) / 2

    def as_range(self) -> FeatureRange:
        """The same for arithmetic."""
        return FeatureRange(self.name, self.minimum, self.maximum, self.unit)

    @property
    def magnitude(self) -> float:
        """The largest absolute value inside the declared range."""
        return max(abs(self.minimum), abs(self.maximum))


LearningRate = Annotated[float, Field(gt=0, le=1e12)]


def _left_open() -> Any:
    """No learning rate; `LinearRegressionSpec` then chooses one."""
    return None


class EarlyStop(FrozenModel):
    """Stop when the MSE fell by less than `minimum_improvement` (a fraction) over `patience` checkpoints in a row."""

    minimum_improvement: float = Field(default=1e-4, ge=0, lt=1)
    patience: int = Field(default=2, ge=1, le=1000)


class LinearRegressionSpec(ComputationSpec):
    """What is trained, and how.

    The model is linear regression with a bias as last weight. One local step is gradient descent on ½·MSE of the
    trainer's rows: w ← w − learning_rate · Xᵀ(Xw − y)/m.
    """

    kind: Literal["linear_regression"] = "linear_regression"
    features: tuple[Feature, ...] = Field(max_length=MAX_FEATURES)
    target: Feature
    scaling: Scaling = Scaling.RANGE
    averaging: Averaging = Averaging.ROWS
    rounds: int = Field(default=100, ge=1, le=100_000)
    local_steps: int = Field(default=1, ge=1, le=1000)
    learning_rate: LearningRate = Field(
        default_factory=_left_open,
        validate_default=True,
        description="Needed when scaling is none; else 1 / number of weights",
    )
    evaluate_every: int = Field(default=10, ge=1, lt=2**31)
    early_stop: EarlyStop | None = None

    @field_validator("features")
    @classmethod
    def _distinct(cls, features: tuple[Feature, ...]) -> tuple[Feature, ...]:
        # Not min_length, which also complains when the only feature is wrong in another way.
        if not features:
            raise ValueError("name at least one feature")
        names = [feature.name for feature in features]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"feature names must differ; repeated: {', '.join(repeated)}")
        return features

    @field_validator("target")
    @classmethod
    def _not_a_feature(cls, target: Feature, info: ValidationInfo) -> Feature:
        if target.name in {feature.name for feature in info.data.get("features", ())}:
            raise ValueError(f"{target.name!r} must not be one of the features")
        return target

    @field_validator("learning_rate", mode="before", json_schema_input_type=LearningRate | None)
    @classmethod
    def _default_learning_rate(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            return value
        if info.data.get("scaling") is Scaling.NONE:
            raise ValueError("must be given when scaling is none; there is no safe default")
        # Under `range` no entry of X exceeds 1, so λmax(XᵀX/m) ≤ number of weights and 1/number cannot diverge.
        return 1 / (len(info.data.get("features", ())) + 1)

    def range_scaling(self) -> RangeScaling:
        """How the job's numbers are prepared."""
        features = tuple(feature.as_range() for feature in self.features)
        return RangeScaling(features=features, target=self.target.as_range(), mode=self.scaling.value)

    @property
    def n_weights(self) -> int:
        """Number of features plus one for the bias."""
        return len(self.features) + 1

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Names in the order of the weights: the features, then the bias."""
        return (*(feature.name for feature in self.features), BIAS)

    def checkpoint_of(self, round_number: int) -> int:
        """Number of the checkpoint that a round works towards; 0 is the evaluation before the first round."""
        return -(-round_number // self.evaluate_every)

    def round_of(self, checkpoint: int) -> int:
        """The round after which a checkpoint is; the last one may come early."""
        return min(checkpoint * self.evaluate_every, self.rounds)

    def is_checkpoint(self, round_number: int) -> bool:
        """Whether the model is evaluated after this round (the last round always is)."""
        return round_number % self.evaluate_every == 0 or round_number == self.rounds
