"""The terms of a job that money and people hang on, whatever is computed.

They are public. Their digest, with what is computed, is stored on chain with the job, and a data owner signs over it when it
accepts, so nobody can be made to take part or be paid by other terms than it saw.
"""

from __future__ import annotations

import json
from typing import Self

from eth_utils.crypto import keccak
from pydantic import Field, model_validator

from commons.market.payout import AGGREGATOR_BPS, BPS, TRAINER_BPS, VALIDATOR_BPS
from commons.messages import LATEST_TIME, FrozenModel, Wei

MAX_TRAINERS = 100
MAX_VALIDATORS = 40


class PayTerms(FrozenModel):
    """How the deposit is split, in basis points; what is not earned goes back to the buyer."""

    trainer_bps: int = Field(default=TRAINER_BPS, ge=0, le=BPS)
    validator_bps: int = Field(default=VALIDATOR_BPS, ge=0, le=BPS)
    aggregator_bps: int = Field(default=AGGREGATOR_BPS, ge=0, le=BPS)

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.trainer_bps + self.validator_bps + self.aggregator_bps > BPS:
            raise ValueError("trainer_bps + validator_bps + aggregator_bps must not exceed 10000")
        return self


class JobTerms(FrozenModel):
    """What is fixed about a job when it is posted; `commons.computations.registry.JobSpec` adds what is computed."""

    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=5000)
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
    task_timeout_s: int = Field(default=120, ge=1, le=7 * 86_400, description="How long an answer is waited for")
    role_seed: int = Field(ge=0, lt=2**63, description="Public seed from which roles are drawn")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.finish_by <= self.start_by:
            raise ValueError("finish_by: must be after start_by")
        return self

    def canonical_json(self) -> bytes:
        """The one byte form that the digest is taken over: sorted keys, no white space, shortest float digits."""
        document = self.model_dump(mode="json")
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()

    def digest(self) -> bytes:
        """keccak256 of the canonical JSON, 32 bytes, as stored on chain."""
        return keccak(self.canonical_json())
