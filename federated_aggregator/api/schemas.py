"""Bodies, paths and queries of the aggregator's HTTP API that are not protocol messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from commons.agent.aggregator_client import MOST_JOBS_AT_ONCE
from commons.ciphers.paillier import ModulusProof
from commons.computations.registry import JobSpec
from commons.market.declaration import Facts, RoleMask, RowCount
from commons.market.state import JobState
from commons.messages import LATEST_TIME, BigInteger, FrozenModel, HexBytes
from commons.web.paging import PublicPageQuery
from commons.web.query import Query

JobId = Annotated[int, Field(ge=1, lt=2**62)]
"""A job's number on chain, as far as databases can store it."""


class SignInBody(FrozenModel):
    """A signed EIP-4361 message."""

    message: str = Field(max_length=5000)
    signature: HexBytes


class ParticipantBody(FrozenModel):
    """What a participant says of itself."""

    name: str = Field(min_length=1, max_length=200)
    kind: Literal["data_owner", "model_buyer"]


class JobBody(FrozenModel):
    """A job that is on chain, with the public key and its proof."""

    job_id: JobId
    spec: JobSpec
    modulus: BigInteger
    modulus_proof: list[BigInteger] = Field(max_length=ModulusProof.LENGTH)


class AcceptanceBody(FrozenModel):
    """An owner's signed acceptance, and what it declares, signed too; `roles` is the bit mask 1 trainer, 2 validator."""

    row_count: RowCount
    facts: Facts
    roles: RoleMask
    deadline: int = Field(gt=0, lt=LATEST_TIME)
    signature: HexBytes
    declaration_signature: HexBytes


class ResultBody(FrozenModel):
    """The result of a task (`commons.computations.registry.AnyResult`)."""

    result: dict[str, Any] = Field(max_length=20)


class FailureBody(FrozenModel):
    """Why a task cannot be done; shown to others, so it must hold nothing private."""

    reason: str = Field(min_length=1, max_length=500)


class TaskPath(FrozenModel):
    """A task in a path."""

    task_id: str = Field(max_length=100)


class JobPath(FrozenModel):
    """A job in a path."""

    job_id: JobId


class DatasetPath(FrozenModel):
    """A dataset in a path."""

    dataset_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")


class WaitQuery(Query):
    """How long a poll may wait, in seconds."""

    wait: float = Field(default=0, ge=0, le=25)


class JobsQuery(PublicPageQuery):
    """Only jobs in this state, and with these numbers; a page of all when nothing is given."""

    limit: int = Field(default=MOST_JOBS_AT_ONCE, ge=1, le=MOST_JOBS_AT_ONCE)
    state: JobState | None = None
    job_id: list[JobId] = Field(default=[], max_length=MOST_JOBS_AT_ONCE, description="Repeat it for several")
