"""The aggregator's public view of a job, as far as an owner uses it, checked when it arrives.

A job may be of a kind of computation that this installation does not know. Its terms are read all the same, so that the
owner sees it and what is missing; it cannot be accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError

from commons.computations.job_facts import ComputationSpec, Pay
from commons.computations.registry import BY_KIND, AnyComputation, JobSpec, computation_of
from commons.errors import Conflict, ProtocolViolation
from commons.market.job_terms import JobTerms
from commons.market.requirements import Requirements
from commons.market.state import JobState
from commons.messages import Address, BigInteger
from commons.web.validation import to_invalid_input

TRAINER = "trainer"
VALIDATOR = "validator"


class ForeignComputation(ComputationSpec):
    """What is computed, whatever that is; its members are kept as they are."""

    model_config = ConfigDict(extra="allow")


class ForeignSpec(JobTerms):
    """The terms of a job of any kind; its digest is that of the same specification read by who knows the kind."""

    computation: ForeignComputation


def _which(spec: Any) -> str:
    computation = spec.get("computation") if isinstance(spec, Mapping) else None
    kind = computation.get("kind") if isinstance(computation, Mapping) else None
    return "foreign" if isinstance(kind, str) and kind not in BY_KIND else "known"


AnySpec = Annotated[
    Annotated[JobSpec, Tag("known")] | Annotated[ForeignSpec, Tag("foreign")],
    Discriminator(_which),
]
_SPEC: TypeAdapter[JobSpec | ForeignSpec] = TypeAdapter(AnySpec)


class View(BaseModel):
    """A part of the aggregator's answer; members that are not known here are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class OwnerInJob(View):
    """An owner that accepted the roles in the bit mask `roles`; its role is known once the job starts.

    `out` says why a validator takes no further part. What owners declared is checked where it counts
    (`commons.market.declaration`).
    """

    address: Address
    roles: int = Field(default=3, ge=1, le=3)
    role: str | None = None
    row_count: int
    out: str | None = None


class WaitingFor(View):
    """Whom or what the job waits for, and until when (Unix seconds)."""

    code: str | None = None
    who: tuple[str, ...] = ()
    what: str
    until: float | None = None


class LeftOut(View):
    """An owner that the contract does not take, and why."""

    address: Address
    reason: str


class CheckpointInJob(View):
    """The metric after a round."""

    index: int
    round: int
    mse: float | None = None


class JobView(View):
    """A job as the aggregator shows it; key and checkpoints are in the view of a single job only."""

    job_id: int = Field(ge=1)
    state: JobState
    step: str | None = None
    round: int = 0
    spec: AnySpec
    buyer: Address
    buyer_name: str | None = None
    owners: tuple[OwnerInJob, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    waiting_for: WaitingFor | None = None
    reason: str | None = None
    checkpoints: tuple[CheckpointInJob, ...] = ()
    modulus: BigInteger | None = None
    modulus_proof: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        """Which kind of computation the job is."""
        return self.spec.computation.kind

    @property
    def computation(self) -> AnyComputation | None:
        """The kind itself, None if it is not known here."""
        return BY_KIND.get(self.kind)

    @property
    def requirements(self) -> Requirements | None:
        """What the job asks of a dataset; None if its kind is not known here."""
        return requirements_of(self.spec) if isinstance(self.spec, JobSpec) else None

    @property
    def pay_rule(self) -> Pay | None:
        """What owners are paid for; None if the kind is not known here."""
        return None if self.computation is None else self.computation.pay

    @property
    def is_recruiting(self) -> bool:
        """Whether owners may still accept, as far as the state goes."""
        return self.state in (JobState.POSTED, JobState.RECRUITING)

    def require_known(self) -> JobSpec:
        """The specification; raises Conflict if the job is of a kind that is not known here."""
        if not isinstance(self.spec, JobSpec):
            raise Conflict(
                f"job {self.job_id}: the computation {self.kind!r} is not known here; install the package that has it",
                job_id=self.job_id,
                kind=self.kind,
            )
        return self.spec

    def why_left_out(self, address: str) -> str | None:
        """Why an owner that accepted does not take part, if the aggregator says so."""
        return next((one.reason for one in self.left_out if one.address.lower() == address.lower()), None)

    def role_of(self, address: str) -> str | None:
        """The role that the aggregator shows for an owner."""
        return next((owner.role for owner in self.owners if owner.address.lower() == address.lower()), None)


def parse_job_view(document: Any) -> JobView:
    """The view in `document`; raises ProtocolViolation naming what is wrong with it."""
    try:
        return JobView.model_validate(document)
    except ValidationError as error:
        reason = to_invalid_input(error, name="job").message
        raise ProtocolViolation(f"the aggregator's view of a job cannot be used: {reason}") from error


def stored_spec(text: str) -> JobSpec | ForeignSpec:
    """The specification of a job that was accepted; a foreign one if its kind is not known here any more."""
    return _SPEC.validate_json(text)


def requirements_of(spec: JobSpec) -> Requirements:
    """What a job asks of a dataset, with the number of rows that its terms demand."""
    asked: Requirements = computation_of(spec).requirements(spec.computation)
    return replace(asked, min_rows=max(asked.min_rows, spec.min_rows))
