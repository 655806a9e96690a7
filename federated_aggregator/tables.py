"""The aggregator's tables. All state of a job lives here, so that any replica can go on with it.

Wei and MSEs are decimal strings, because they outgrow every database's integers. Ciphertext vectors are kept in the
form in which they travel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.outbox import Outbox
from commons.chain.outbox_table import OutboxColumns
from commons.storage.service_tables import ServiceTables


class Base(DeclarativeBase):
    """Root of the aggregator's tables."""

    registry = registry(type_annotation_map={dict[str, Any]: JSON, list[Any]: JSON, bytes: LargeBinary, str: Text})


db = ServiceTables(Base)
if not TYPE_CHECKING:
    Base = db.Model  # which mypy cannot look into


class Participant(Base):
    """Somebody who signed in and said what it is."""

    __tablename__ = "participants"
    address: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[float]


class SignInNonce(Base):
    """A nonce that was given out and not yet used."""

    __tablename__ = "sign_in_nonces"
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[float] = mapped_column(index=True)


class AccessToken(Base):
    """A session of a participant; only the token's hash is kept."""

    __tablename__ = "access_tokens"
    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str]
    expires_at: Mapped[float] = mapped_column(index=True)


class CatalogueDataset(Base):
    """Public metadata of an owner's dataset: names and types of columns, number of rows, no value of any cell.

    `search_text` is what a search looks through, casefolded; `size_bytes` counts against the owner's quota.
    """

    __tablename__ = "datasets"
    __table_args__ = (Index("ix_datasets_updated_at", "updated_at", "dataset_id"),)
    dataset_id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    description: Mapped[str]
    tags: Mapped[list[Any]]
    columns: Mapped[list[Any]]
    row_count: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[float]
    size_bytes: Mapped[int] = mapped_column(server_default="0")
    search_text: Mapped[str] = mapped_column(server_default="")


class DatasetTag(Base):
    """A tag of a dataset in the catalogue, to be found and counted by its casefolded form."""

    __tablename__ = "dataset_tags"
    folded: Mapped[str] = mapped_column(primary_key=True)
    dataset_id: Mapped[str] = mapped_column(
        ForeignKey("datasets.dataset_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    tag: Mapped[str]


class Job(Base):
    """A job and where it stands: its state, and while it runs its step (`commons.market.tasks.Step`).

    `reason` says why it is there; `trouble` what the contract refuses at present, None when nothing; `search_text`
    is its title, casefolded.
    """

    __tablename__ = "jobs"
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    buyer: Mapped[str]
    spec: Mapped[str]
    modulus: Mapped[str]
    modulus_proof: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(index=True)
    step: Mapped[str | None]
    round: Mapped[int] = mapped_column(default=0)
    checkpoint: Mapped[int] = mapped_column(default=0)
    step_deadline: Mapped[float | None]
    reason: Mapped[str | None]
    trouble: Mapped[str | None]
    delivery_seed: Mapped[bytes | None]
    transactions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    entered: Mapped[dict[str, Any]] = mapped_column(default=dict)
    search_text: Mapped[str] = mapped_column(server_default="")


class Enrolment(Base):
    """An owner's acceptance of a job, what it declared, and the role it drew.

    `left_out` says why the contract does not take the owner, `out` why it takes no further part in a running job.
    """

    __tablename__ = "enrolments"
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    row_count: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]]
    roles: Mapped[int]
    signature: Mapped[str]
    declaration_signature: Mapped[str]
    accepted_at: Mapped[float]
    role: Mapped[str | None]
    position: Mapped[int | None]
    left_out: Mapped[str | None]
    out: Mapped[str | None]


class Task(Base):
    """One thing asked of one participant; it gets one result at most.

    `fields` is the body as JSON but for the fields that `refers_to` names, whose contents are values of the job. `position` is
    the order in which a step's tasks were made.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("job_id", "assignee", "kind", "round", "checkpoint"),
        Index("ix_tasks_assignee_status", "assignee", "status"),
    )
    task_id: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"), index=True)
    assignee: Mapped[str]
    kind: Mapped[str]
    round: Mapped[int]
    checkpoint: Mapped[int]
    position: Mapped[int]
    fields: Mapped[str]
    refers_to: Mapped[dict[str, Any]]
    status: Mapped[str]  # pending | done | failed | late
    result: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[float]
    deadline: Mapped[float]
    secret: Mapped[bytes | None]


class JobValue(Base):
    """Something that a running job goes on from, as JSON; a replaced value gets another id."""

    __tablename__ = "job_values"
    __table_args__ = (UniqueConstraint("job_id", "name"),)
    value_id: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"))
    name: Mapped[str]
    text: Mapped[str]


class Checkpoint(Base):
    """An evaluation that counts for pay; `mse` is for people, in the target's unit squared, and None where there is none."""

    __tablename__ = "checkpoints"
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int]
    mse_fixed: Mapped[str]
    leave_one_out_mses_fixed: Mapped[list[Any]]
    mse: Mapped[float | None]
    buyer_signature: Mapped[str]
    opened_at: Mapped[float]


class OutboxTransaction(OutboxColumns, Base):
    """Transactions that this aggregator sends (`commons.chain.outbox`)."""

    __tablename__ = "outbox"


class FollowedBlock(FollowedBlockColumns, Base):
    """How far the contract's events are stored (`commons.chain.event_follower`)."""

    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    """The contract's confirmed events (`commons.chain.event_log`)."""

    __tablename__ = "contract_events"


EVENTS = EventLog(FollowedBlock, ContractEvent)
OUTBOX = Outbox(OutboxTransaction)
