"""The tables of the data owner's database; times are Unix seconds, amounts of wei decimal text."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, Enum, ForeignKey, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.outbox import Outbox
from commons.chain.outbox_table import OutboxColumns
from commons.storage.service_tables import ServiceTables
from commons.web.authentication_tables import authentication_tables


class Base(DeclarativeBase):
    """Root of the mapped classes; constraints are named alike on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = ServiceTables(Base)
if not TYPE_CHECKING:
    Base = db.Model  # which mypy cannot look into


class Listing(StrEnum):
    """Whether the aggregator's catalogue shows a dataset as it is here."""

    PENDING = "pending"
    LISTED = "listed"
    REFUSED = "refused"
    REMOVING = "removing"
    REMOVED = "removed"


GONE = (Listing.REMOVING, Listing.REMOVED)
"""Datasets that are kept only because accepted jobs refer to them, or until the catalogue has forgotten them."""


class AcceptanceState(StrEnum):
    """How far an acceptance has come on its way to the aggregator."""

    PENDING = "pending"
    POSTED = "posted"
    REFUSED = "refused"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


COMMITTED = (AcceptanceState.PENDING, AcceptanceState.POSTED)
"""Acceptances that are meant to be worked for."""

STANDING = (*COMMITTED, AcceptanceState.WITHDRAWING)
"""These and the ones that the aggregator may refuse to give back."""


def _text_enum(kind: type[StrEnum]) -> Enum:
    return Enum(kind, native_enum=False, length=12, values_callable=lambda members: [item.value for item in members])


class Dataset(Base):
    """A data file of this owner's; the profile holds ranges and may quote a cell, and stays here."""

    __tablename__ = "datasets"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    uploaded: Mapped[bool]
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(JSON)
    profile: Mapped[dict[str, Any]] = mapped_column(JSON)
    row_count: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[float]
    listing: Mapped[Listing] = mapped_column(_text_enum(Listing), index=True)
    listing_note: Mapped[str] = mapped_column(Text, default="")


class KnownJob(Base):
    """The aggregator's latest word on a job, so that offers can be shown while it is away.

    `version` is what the aggregator's summary had when it was taken over; None when something newer came from elsewhere.
    """

    __tablename__ = "known_jobs"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    view: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[str | None] = mapped_column(Text)


class Declined(Base):
    """A job that this owner declined."""

    __tablename__ = "declined"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    declined_at: Mapped[float]


class Acceptance(Base):
    """A job that this owner accepted, with everything needed to take part in it.

    `facts` are what it declared of its rows in the words of the job's kind, `consents` what it agreed to beside the terms.
    `chain_id` and `contract` are what the signatures are for, `mask_secret` is what masks of its own are derived from. The
    columns from `trainers` on are what was checked before the first task, `declarations` being those of all members; they count
    as long as the chain has the job started with the same owners.
    """

    __tablename__ = "acceptances"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"))
    column_mapping: Mapped[dict[str, str]] = mapped_column(JSON)
    roles: Mapped[int]
    spec: Mapped[str] = mapped_column(Text)
    modulus: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    consents: Mapped[list[str]] = mapped_column(JSON)
    deadline: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    declaration_signature: Mapped[bytes] = mapped_column(LargeBinary)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    contract: Mapped[str] = mapped_column(String(42))
    mask_secret: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[AcceptanceState] = mapped_column(_text_enum(AcceptanceState), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    accepted_at: Mapped[float]
    trainers: Mapped[list[str] | None] = mapped_column(JSON)
    validators: Mapped[list[str] | None] = mapped_column(JSON)
    declarations: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class AnsweredTask(Base):
    """The latest task of each kind that this owner answered in a job, and the answer as JSON."""

    __tablename__ = "answered_tasks"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(100), primary_key=True)
    round: Mapped[int]
    checkpoint: Mapped[int]
    task_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer: Mapped[str] = mapped_column(Text)


class Learnt(Base):
    """What an answer told about a version of a dataset, `columns` by the dataset's own names (`services.ledger`)."""

    __tablename__ = "learnt"

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"))
    version: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(100))
    columns: Mapped[list[str]] = mapped_column(JSON)
    job_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[float]


class OutboxTransaction(OutboxColumns, Base):
    """Transactions of this owner's account."""

    __tablename__ = "outbox_transactions"


class FollowedBlock(FollowedBlockColumns, Base):
    """How far the contract's events are stored."""

    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    """The contract's confirmed events (`commons.chain.event_log`)."""

    __tablename__ = "contract_events"


EVENTS = EventLog(FollowedBlock, ContractEvent)
OUTBOX = Outbox(OutboxTransaction)
AUTHENTICATION = authentication_tables(Base.metadata)
