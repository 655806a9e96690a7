"""Bodies of the aggregator's HTTP API that are not protocol messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from commons.agent.aggregator_client import MOST_JOBS_AT_ONCE
from commons.paillier import ModulusProof
from commons.protocol.declaration import Growth, RoleMask, RowCount
from commons.protocol.tasks import BigInteger, HexBytes
from commons.protocol.training_job import TrainingJobSpec


class Body(BaseModel):
    """A request body: unknown fields are errors, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class SignInBody(Body):
    """A signed EIP-4361 message."""

    message: str = Field(max_length=5000)
    signature: HexBytes


class ParticipantBody(Body):
    """What a participant says of itself."""

    name: str = Field(min_length=1, max_length=200)
    kind: Literal["data_owner", "model_buyer"]


class ColumnBody(Body):
    """A column of a dataset: its name and type, no value."""

    name: str = Field(min_length=1, max_length=500)
    type: str = Field(max_length=50)


class DatasetBody(Body):
    """Public metadata of a dataset."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=5000)
    tags: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=50)
    columns: list[ColumnBody] = Field(max_length=10_000)
    row_count: int = Field(ge=0)


class JobBody(Body):
    """A job that is on chain, with the public key and its proof."""

    job_id: int = Field(ge=1)
    spec: TrainingJobSpec
    modulus: BigInteger
    modulus_proof: list[BigInteger] = Field(max_length=ModulusProof.LENGTH)


class AcceptanceBody(Body):
    """An owner's signed acceptance, and what it declares, signed too; `roles` is the bit mask 1 trainer, 2 validator."""

    row_count: RowCount
    growth: Growth
    roles: RoleMask
    deadline: int
    signature: HexBytes
    declaration_signature: HexBytes


class ResultBody(Body):
    """The result of a task (`commons.protocol.tasks`)."""

    result: dict[str, Any]


class FailureBody(Body):
    """Why a task cannot be done; shown to others, so it must hold nothing private."""

    reason: str = Field(min_length=1, max_length=500)


class TaskPath(BaseModel):
    """A task in a path."""

    task_id: str = Field(max_length=100)


class JobPath(BaseModel):
    """A job in a path."""

    job_id: int = Field(ge=1, lt=2**62)


class DatasetPath(BaseModel):
    """A dataset in a path."""

    dataset_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")


class WaitQuery(BaseModel):
    """How long a poll may wait, in seconds."""

    wait: float = Field(default=0, ge=0, le=25)


class JobsQuery(BaseModel):
    """Only jobs in this state, and with these numbers; all when nothing is given."""

    state: str | None = None
    job_id: list[int] = Field(default=[], max_length=MOST_JOBS_AT_ONCE, description="Repeat it for several")


class JobVersions(BaseModel):
    """A short text for each job, which changes whenever its summary in `/v1/jobs` does."""

    versions: dict[int, str]
