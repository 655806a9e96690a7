"""The specification of a training job: what a model buyer asks for and what every participant agrees to.

The specification is public. Its digest is stored on chain with the job, and a data owner signs over it when it accepts,
so nobody can be made to train or be paid by other terms than it saw.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated, Literal, Self

from eth_utils.crypto import keccak
from pydantic import Field, field_validator, model_validator

from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS, PayTerms
from commons.messages import LATEST_TIME, FrozenModel, Wei

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

    @property
    def magnitude(self) -> float:
        """The largest absolute value inside the declared range."""
        return max(abs(self.minimum), abs(self.maximum))


class EarlyStop(FrozenModel):
    """Stop when the MSE fell by less than `minimum_improvement` (a fraction) over `patience` checkpoints in a row."""

    minimum_improvement: float = Field(default=1e-4, ge=0, lt=1)
    patience: int = Field(default=2, ge=1, le=1000)


class TrainingJobSpec(FrozenModel):
    """Everything public about a training job, fixed when it is posted.

    The model is linear regression with a bias as last weight. One local step is gradient descent on ½·MSE of the
    trainer's rows: w ← w − learning_rate · Xᵀ(Xw − y)/m.
    """

    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=5000)
    model: Literal["linear_regression"] = "linear_regression"
    features: tuple[Feature, ...] = Field(min_length=1, max_length=MAX_FEATURES)
    target: Feature
    scaling: Scaling = Scaling.RANGE
    averaging: Averaging = Averaging.ROWS
    rounds: int = Field(default=100, ge=1, le=100_000)
    local_steps: int = Field(default=1, ge=1, le=1000)
    learning_rate: float = Field(gt=0, le=1e12)
    evaluate_every: int = Field(default=10, ge=1, lt=2**31)
    early_stop: EarlyStop | None = None
    min_owners: int = Field(default=2, ge=2, le=MAX_TRAINERS + MAX_VALIDATORS)
    min_rows: int = Field(default=1, ge=1, lt=2**62)
    deposit_wei: Wei = Field(gt=0)
    pay: PayTerms = PayTerms()
    start_by: int = Field(
        gt=0, lt=LATEST_TIME, description="Unix time in seconds until which the job must have started"
    )
    finish_by: int = Field(
        gt=0, lt=LATEST_TIME, description="Unix time in seconds after which anyone may settle the job as it stands"
    )
    round_timeout_s: int = Field(default=120, ge=1, le=7 * 86_400)
    role_seed: int = Field(ge=0, lt=2**63, description="Public seed from which roles are drawn")

    @model_validator(mode="before")
    @classmethod
    def _default_learning_rate(cls, values: object) -> object:
        # Under `range` no entry of X exceeds 1, so λmax(XᵀX/m) ≤ number of weights and 1/number cannot diverge.
        if isinstance(values, dict) and values.get("learning_rate") is None:
            if values.get("scaling") == Scaling.NONE:
                raise ValueError("learning_rate: must be given when scaling is none; there is no safe default")
            features = values.get("features")
            count = len(features) if isinstance(features, (list, tuple)) else 0
            return {**values, "learning_rate": 1 / (count + 1)}
        return values

    @field_validator("features")
    @classmethod
    def _distinct(cls, features: tuple[Feature, ...]) -> tuple[Feature, ...]:
        names = [feature.name for feature in features]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"feature names must differ; repeated: {', '.join(repeated)}")
        return features

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.target.name in {feature.name for feature in self.features}:
            raise ValueError(f"target: {self.target.name!r} must not be one of the features")
        if self.finish_by <= self.start_by:
            raise ValueError("finish_by: must be after start_by")
        return self

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

    def canonical_json(self) -> bytes:
        """The one byte form that the digest is taken over: sorted keys, no white space, shortest float digits."""
        document = self.model_dump(mode="json")
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()

    def digest(self) -> bytes:
        """keccak256 of the canonical JSON, 32 bytes, as stored on chain."""
        return keccak(self.canonical_json())
