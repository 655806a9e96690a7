"""What a person asks for when posting a job, and the specification that follows from it.

A `JobRequest` leaves open what a machine can decide: deadlines may be given as durations from now, and the split of the deposit
and the seed of the role draw may be left out. The specification has all of it fixed, because owners sign over its digest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Self

from pydantic import Field, field_validator, model_validator

from commons.ciphers.paillier import DEFAULT_KEY_BITS, KeyPolicy
from commons.computations.registry import BY_KIND, AnyComputation, AnyComputationSpec, JobSpec
from commons.errors import InvalidInput
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS, PayTerms
from commons.messages import LATEST_TIME, FrozenModel, Wei

SMALLEST_KEY_BITS = 256
"""Under any policy; no job fits fewer."""
MAX_KEY_BITS = 8192
_DAY_S = 86_400
# A day less than the contract's MAX_DURATION, since its clock may be behind.
_LONGEST_S = 365 * _DAY_S


class JobRequest(FrozenModel):
    """A job as a person asks for it.

    For each deadline give either the seconds from now (`start_within_s`, `finish_within_s`) or the Unix time in seconds
    (`start_by`, `finish_by`); the default is a day to start and another to finish. Without `pay` the deposit is split as is
    usual for the kind of computation.
    """

    title: str = Field(min_length=1, max_length=200, examples=["Diabetes progression"])
    description: str = Field(default="", max_length=5000)
    computation: AnyComputationSpec
    min_owners: int = Field(default=2, ge=2, le=MAX_TRAINERS + MAX_VALIDATORS)
    min_rows: int = Field(default=1, ge=1, lt=2**62)
    deposit_wei: Wei = Field(gt=0)
    pay: PayTerms | None = None
    start_by: int | None = Field(default=None, gt=0, lt=LATEST_TIME, description="Unix time in seconds")
    finish_by: int | None = Field(default=None, gt=0, lt=LATEST_TIME, description="Unix time in seconds")
    start_within_s: int | None = Field(default=None, gt=0, le=365 * _DAY_S)
    finish_within_s: int | None = Field(default=None, gt=0, le=365 * _DAY_S)
    task_timeout_s: int = Field(default=120, ge=1, le=7 * _DAY_S)
    role_seed: int | None = Field(default=None, ge=0, lt=2**63, description="Drawn at random when left out")
    key_bits: int | None = Field(default=None, ge=1, le=MAX_KEY_BITS, description="Size of the Paillier modulus")

    @model_validator(mode="after")
    def _one_of_each_deadline(self) -> Self:
        for absolute, relative in (("start_by", "start_within_s"), ("finish_by", "finish_within_s")):
            if getattr(self, absolute) is not None and getattr(self, relative) is not None:
                raise ValueError(f"{absolute}: give it or {relative}, not both")
        return self

    @field_validator("computation", mode="before")
    @classmethod
    def _of_a_known_kind(cls, computation: object) -> object:
        kind = computation.get("kind") if isinstance(computation, Mapping) else None
        if isinstance(computation, Mapping) and not (isinstance(kind, str) and kind in BY_KIND):
            raise ValueError(f"kind: expected a computation that is known here: {', '.join(sorted(BY_KIND))}")
        return computation

    @property
    def kind(self) -> AnyComputation:
        """What is to be computed."""
        return BY_KIND[self.computation.kind]

    @property
    def pay_terms(self) -> PayTerms:
        """How the deposit is split."""
        return self.kind.pay_terms(self.min_owners) if self.pay is None else self.pay

    def digest(self) -> bytes:
        """32 bytes that are the same for requests that ask for the same, however they are written down."""
        spelled_out = self.model_copy(update={"pay": self.pay_terms}).model_dump_json(exclude_defaults=True)
        # A kind's own name is the default of its specification, and is left out with the others.
        return hashlib.sha256(f"{self.computation.kind} {spelled_out}".encode()).digest()

    def to_spec(self, *, now: float) -> JobSpec:
        """Return the specification; draws the role seed from `secrets` when none was given.

        Raises:
            pydantic.ValidationError: naming the field that cannot be (`finish_by` before `start_by`, say).
            InvalidInput: a deadline that has passed already, or is more than a year away.
        """
        start_by = self.start_by or int(now) + (self.start_within_s or _DAY_S)
        finish_by = self.finish_by or (int(now) + self.finish_within_s if self.finish_within_s else start_by + _DAY_S)
        if start_by <= now:
            raise InvalidInput("start_by has passed already; give a later time", field="start_by", now=int(now))
        if finish_by > now + _LONGEST_S:
            raise InvalidInput(
                "finish_by is more than 365 days from now; the contract holds a deposit for a year at most",
                field="finish_by",
            )
        role_seed = secrets.randbits(63) if self.role_seed is None else self.role_seed
        document = self.model_dump(include=set(JobSpec.model_fields))
        return JobSpec.model_validate(
            {
                **document,
                "pay": self.pay_terms.model_dump(),
                "start_by": start_by,
                "finish_by": finish_by,
                "role_seed": role_seed,
            }
        )


def checked_key_bits(requested: int | None, *, default: int, policy: KeyPolicy) -> int:
    """Return the size of the key to generate.

    Raises:
        InvalidInput: fewer bits than the policy or any job asks for, or an odd number, which two primes of equal size
            cannot give.
    """
    bits = default if requested is None else requested
    least = max(policy.minimum_bits, SMALLEST_KEY_BITS)
    if bits < least:
        message = f"key_bits is {bits}; expected at least {least}"
        if bits < policy.minimum_bits:
            message = f"{message} (a smaller key can be broken, and the model and the data with it)"
        raise InvalidInput(message, field="key_bits")
    if bits % 2:
        raise InvalidInput(
            f"key_bits is {bits}; expected an even number, for example {DEFAULT_KEY_BITS}", field="key_bits"
        )
    return bits
