"""The tables of the model buyer's database."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.outbox_table import OutboxColumns
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


class JobRow(Base):
    """One posted job; documents are JSON text, amounts decimal text (they exceed 64 bits), times Unix seconds."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[float] = mapped_column(index=True)
    stage: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text)
    trouble: Mapped[str] = mapped_column(Text)
    needs_attention: Mapped[bool] = mapped_column(index=True)
    cancel_requested: Mapped[bool]
    spec_json: Mapped[str] = mapped_column(Text)
    key_bits: Mapped[int]
    key_json: Mapped[str | None] = mapped_column(Text)
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    chain_job_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    participants_json: Mapped[str | None] = mapped_column(Text)
    delivery_json: Mapped[str | None] = mapped_column(Text)
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    settlement_json: Mapped[str | None] = mapped_column(Text)
    model_json: Mapped[str | None] = mapped_column(Text)
    delivery_check: Mapped[str] = mapped_column(String(20))
    idempotency_key: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)
    request_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    refusal: Mapped[str | None] = mapped_column(Text)


class OpeningRow(Base):
    """One opened checkpoint."""

    __tablename__ = "openings"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    checkpoint: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int]
    statements_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    mse: Mapped[float]
    mse_fixed: Mapped[str] = mapped_column(String(78))
    leave_one_out_json: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int]
    opened_at: Mapped[float]


class QuestionRow(Base):
    """One question that was answered, with what the next ones must agree with and the answer, as JSON."""

    __tablename__ = "questions"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    checkpoint: Mapped[int]
    task_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    outcome_json: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text, deferred=True)


class TimelineRow(Base):
    """Something that happened to a job."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_job", "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[float]
    event: Mapped[str] = mapped_column(Text)
    tx_hash: Mapped[str | None] = mapped_column(String(66))


class VaultRow(Base):
    """The header of the key vault; there is one row."""

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


AUTHENTICATION = authentication_tables(Base.metadata)
