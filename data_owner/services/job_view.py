"""The aggregator's public view of a job, as far as an owner uses it, checked when it arrives."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.computations.linear_regression.spec import Feature, TrainingJobSpec
from commons.errors import ProtocolViolation
from commons.market.state import JobState
from commons.messages import Address, BigInteger
from commons.web.validation import to_invalid_input
from data_owner.domain.requirements import DatasetRequirements

TRAINER = "trainer"
VALIDATOR = "validator"


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
    spec: TrainingJobSpec
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
    def is_recruiting(self) -> bool:
        """Whether owners may still accept, as far as the state goes."""
        return self.state in (JobState.POSTED, JobState.RECRUITING)

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


def requirements_of(spec: TrainingJobSpec) -> DatasetRequirements:
    """What a job asks of a dataset."""
    return DatasetRequirements(
        features=tuple(_range(feature) for feature in spec.features),
        target=_range(spec.target),
        min_rows=spec.min_rows,
    )


def scaling_of(spec: TrainingJobSpec) -> RangeScaling:
    """How a job's numbers are prepared."""
    return RangeScaling(
        features=tuple(_range(feature) for feature in spec.features),
        target=_range(spec.target),
        mode=spec.scaling.value,
    )


def _range(feature: Feature) -> FeatureRange:
    return FeatureRange(feature.name, feature.minimum, feature.maximum, feature.unit)
