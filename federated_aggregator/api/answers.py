"""What the aggregator's HTTP API answers with; amounts in wei are decimal text, times Unix seconds.

Most of it is made by a service as plain JSON, in the form that these models document and the tests compare.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from commons.ciphers.wire import CiphertextVector
from commons.computations.registry import AnyTask, JobSpec
from commons.market.state import JobState
from commons.messages import Address, BigInteger, FrozenModel, Hex32, Wei

TxHash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")] | None


class Status(FrozenModel):
    """Who this aggregator is."""

    chain_id: int
    contract_address: str
    aggregator_address: str
    version: str


class Nonce(FrozenModel):
    """For one sign-in, within five minutes."""

    nonce: str


class Session(FrozenModel):
    """What every other request carries as `Authorization: Bearer …`, until when, and whose it is."""

    token: str
    expires_at: float
    address: Address


class ListedColumn(FrozenModel):
    """A column of a dataset: its name and type, no value."""

    name: str
    type: str


class ListedDataset(FrozenModel):
    """What an owner says of a dataset."""

    dataset_id: str
    owner: str
    name: str
    description: str
    tags: list[str]
    columns: list[ListedColumn]
    row_count: int
    updated_at: float


class DatasetPage(FrozenModel):
    """Datasets, latest first; `total` counts those on all pages."""

    datasets: list[ListedDataset]
    total: int


class JobVersions(FrozenModel):
    """A short text for each job, which changes whenever its summary in `/v1/jobs` does."""

    versions: dict[int, str]


class AcceptedOwner(FrozenModel):
    """An owner in a job; `roles` is the bit mask 1 trainer, 2 validator, `role` what it drew.

    `declaration_signature` is its own, over row count, roles and facts; `out` says why a validator takes no further part.
    """

    address: str
    roles: int
    role: str | None
    row_count: int
    facts: dict[str, JsonValue]
    declaration_signature: str
    out: str | None


class LeftOutOwner(FrozenModel):
    """An owner whose acceptance the contract does not take."""

    address: str
    reason: str


class WaitingFor(FrozenModel):
    """Whom or what a job waits for, and until when."""

    code: str
    who: list[str]
    what: str
    until: float | None


class JobSummary(FrozenModel):
    """A job in a list: its terms and where it stands; `entered` says when it came into each state."""

    job_id: int
    state: JobState
    step: str | None
    round: int
    checkpoint: int
    buyer: str
    buyer_name: str | None
    deposit_wei: Wei
    spec: JobSpec
    owners: list[AcceptedOwner]
    left_out: list[LeftOutOwner]
    waiting_for: WaitingFor | None
    reason: str | None
    entered: dict[JobState, float]


class JobPage(FrozenModel):
    """Jobs, newest first; `total` counts those on all pages."""

    jobs: list[JobSummary]
    total: int


class OpenedCheckpoint(FrozenModel):
    """An evaluation; `refused` is why the contract did not take it."""

    index: int
    round: int
    mse: float | None
    mse_fixed: str
    leave_one_out_mses_fixed: list[str]
    tx: TxHash
    refused: str | None


class Objection(FrozenModel):
    """What a validator says against an opened checkpoint."""

    validator: str
    checkpoint: int
    reason: str


class Job(JobSummary):
    """Everything public about a job."""

    modulus: BigInteger
    modulus_proof: list[BigInteger]
    seed_hash: Hex32 | None
    checkpoints: list[OpenedCheckpoint]
    transactions: dict[str, TxHash]
    objections: list[Objection]


class Delivery(FrozenModel):
    """What was delivered under its mask, and once the job is finished what it can be compared with, if there is anything."""

    delivered: CiphertextVector
    evidence: dict[str, JsonValue] | None
    round: int


class PendingTask(FrozenModel):
    """Something that is asked of the caller."""

    task_id: str
    deadline: float
    task: AnyTask


class PendingTasks(FrozenModel):
    """The oldest tasks of the caller."""

    tasks: list[PendingTask]


class Outcome(PendingTasks):
    """What became of a result, and the next tasks if they were waited for."""

    outcome: Literal["accepted", "late"]
