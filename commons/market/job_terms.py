"""The terms of a job that money and people hang on, whatever is computed."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from commons.messages import FrozenModel

MAX_TRAINERS = 100
MAX_VALIDATORS = 40


class PayTerms(FrozenModel):
    """How the deposit is split, in basis points; what the improvement does not earn goes back to the buyer."""

    trainer_bps: int = Field(default=7000, ge=0, le=10_000)
    validator_bps: int = Field(default=2000, ge=0, le=10_000)
    aggregator_bps: int = Field(default=1000, ge=0, le=10_000)

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.trainer_bps + self.validator_bps + self.aggregator_bps > 10_000:
            raise ValueError("trainer_bps + validator_bps + aggregator_bps must not exceed 10000")
        return self
