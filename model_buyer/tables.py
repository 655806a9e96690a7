"""The tables of the model buyer's database; times are Unix seconds, amounts of wei decimal text."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Enum, ForeignKey, Index, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.outbox import Outbox
from commons.chain.outbox_table import OutboxColumns, Wei
from commons.computations.parts import SignedDelivery
from commons.computations.registry import JobSpec
from commons.storage.service_tables import ServiceTables
from commons.web.authentication_tables import authentication_tables
from model_buyer.domain.stages import DeliveryCheck, Participants, Settlement, Stage
from model_buyer.json_text import JsonText


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


def _text_enum(kind: type[StrEnum]) -> Enum:
    return Enum(kind, native_enum=False, length=20, values_callable=lambda members: [item.value for item in members])


class Job(Base):
    """One job of this buyer, from the request to its outcome.

    `title`, `kind`, `rounds` and `deposit_wei` are of `spec`, for lists, which do not read the whole of it. What is large or
    secret is read by name only.

    Attributes:
        id: this buyer's own; the chain's is `chain_job_id`.
        note: what the present stage waits for or why it ended, for people; empty when there is nothing to say.
        trouble: what keeps the job from advancing right now, for people; empty when nothing does.
        idempotency_key, request_digest: how it was asked for, so that asking again makes no second one.
        modulus: of its key, in hexadecimal; None before it was made, as are the proof and the sealed secret key.
        seed: of the delivery mask, from the chain.
        refusal: why this buyer answers nothing more in the job; None as long as it does.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_stage", "stage", "delivery_check"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[float] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(100))
    rounds: Mapped[int]
    deposit_wei: Mapped[int] = mapped_column(Wei)
    spec: Mapped[JobSpec] = mapped_column(JsonText(JobSpec))
    key_bits: Mapped[int]
    idempotency_key: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)
    request_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    stage: Mapped[Stage] = mapped_column(_text_enum(Stage))
    note: Mapped[str] = mapped_column(Text)
    trouble: Mapped[str] = mapped_column(Text)
    cancel_requested: Mapped[bool]
    refusal: Mapped[str | None] = mapped_column(Text)
    modulus: Mapped[str | None] = mapped_column(Text)
    modulus_proof: Mapped[list[str] | None] = mapped_column(JsonText(list[str]), deferred=True)
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    chain_job_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    participants: Mapped[Participants | None] = mapped_column(JsonText(Participants))
    delivery: Mapped[SignedDelivery | None] = mapped_column(JsonText(SignedDelivery))
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    settlement: Mapped[Settlement | None] = mapped_column(JsonText(Settlement))
    outcome_json: Mapped[str | None] = mapped_column(Text, deferred=True)
    delivery_check: Mapped[DeliveryCheck] = mapped_column(_text_enum(DeliveryCheck))


class AnsweredQuestion(Base):
    """A task that was answered: `outcome` is what the next ones must agree with, `answer` what was sent, as JSON."""

    __tablename__ = "questions"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(100), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    checkpoint: Mapped[int]
    task_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    outcome: Mapped[dict[str, Any]] = mapped_column(JsonText(dict[str, Any]))
    answer: Mapped[str | None] = mapped_column(Text, deferred=True)


class Score(Base):
    """An evaluation that was signed: as the chain records it, as people read it, and what the kind keeps with it."""

    __tablename__ = "scores"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[int]
    mse_fixed: Mapped[int] = mapped_column(JsonText(int))
    leave_one_out_mses_fixed: Mapped[tuple[int, ...]] = mapped_column(JsonText(tuple[int, ...]))
    loss: Mapped[float | None]
    details: Mapped[dict[str, Any]] = mapped_column(JsonText(dict[str, Any]))
    opened_at: Mapped[float]


class TimelineEntry(Base):
    """Something that happened to a job, with its transaction if there was one."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_job", "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[float]
    event: Mapped[str] = mapped_column(Text)
    tx_hash: Mapped[str | None] = mapped_column(String(66))


class VaultHeader(Base):
    """What opening the vault takes besides the password (`services.key_vault`); there is one row."""

    __tablename__ = "vault"

    id: Mapped[int] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    cost: Mapped[int]
    check: Mapped[bytes] = mapped_column(LargeBinary)


class OutboxTransaction(OutboxColumns, Base):
    """A transaction of this buyer's account."""

    __tablename__ = "outbox"


class FollowedBlock(FollowedBlockColumns, Base):
    """How far the contract's events are stored."""

    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    """The contract's confirmed events (`commons.chain.event_log`)."""

    __tablename__ = "contract_events"


EVENTS = EventLog(FollowedBlock, ContractEvent)
OUTBOX = Outbox(OutboxTransaction)
AUTHENTICATION = authentication_tables(Base.metadata)
