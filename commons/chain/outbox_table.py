"""The columns of a transaction outbox; each service adds them to its own metadata::

class OutboxTransaction(OutboxColumns, Base):
    __tablename__ = "outbox_transactions"
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Enum, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator


class OutboxState(StrEnum):
    """How far a transaction has come: queued → signed → broadcast → mined, or failed for good."""

    QUEUED = "queued"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    MINED = "mined"
    FAILED = "failed"


class Wei(TypeDecorator[int]):
    """An amount of wei: up to 2^256, which no database has a number for, so it is kept as decimal text."""

    impl = String(78)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # the interface has it
        """Return the decimal text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the number."""
        return None if value is None else int(value)


class OutboxColumns:
    """One transaction that is to be sent, on its way, or done; times are unix seconds.

    `key` makes enqueuing idempotent. `tx_hashes` are all hashes signed for `nonce`, replacements included, since any of
    them may be the one that is mined; `tx_hash` is the latest, and once mined the one that was. `block_number` and
    `block_hash` are the block that decided: in which it was mined or reverted, or on whose state it was refused without
    being sent (then `signed` is None); `taken_back_at` is when a reorganisation last undid that. `reason` is the name of
    the contract's error when the transaction failed and `arguments` are that error's, `note` is the latest thing worth
    telling a person.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    description: Mapped[str] = mapped_column(String(200))
    to_address: Mapped[str] = mapped_column(String(42))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    value_wei: Mapped[int] = mapped_column(Wei)
    state: Mapped[OutboxState] = mapped_column(
        Enum(
            OutboxState, native_enum=False, length=10, values_callable=lambda states: [state.value for state in states]
        ),
        default=OutboxState.QUEUED,
        index=True,
    )
    queued_at: Mapped[float]

    chain_id: Mapped[int | None] = mapped_column(BigInteger)
    sender: Mapped[str | None] = mapped_column(String(42))
    nonce: Mapped[int | None] = mapped_column(BigInteger)
    gas_limit: Mapped[int | None] = mapped_column(BigInteger)
    max_fee_wei: Mapped[int | None] = mapped_column(Wei)
    priority_fee_wei: Mapped[int | None] = mapped_column(Wei)
    signed: Mapped[bytes | None] = mapped_column(LargeBinary)
    signed_at: Mapped[float | None]
    sent_at: Mapped[float | None]
    tx_hash: Mapped[str | None] = mapped_column(String(66))
    tx_hashes: Mapped[list[str]] = mapped_column(JSON, default=list)

    block_number: Mapped[int | None] = mapped_column(BigInteger)
    block_hash: Mapped[str | None] = mapped_column(String(66))
    gas_used: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[float | None]
    taken_back_at: Mapped[float | None]
    reason: Mapped[str | None] = mapped_column(String(100))
    arguments: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    note: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]

    @property
    def explanation(self) -> str | None:
        """Why it failed or what it waits for, for people; None when there is nothing to say."""
        return self.note or self.reason

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  # a directive is given the class
        # Two senders can never both take a nonce.
        return (UniqueConstraint("chain_id", "sender", "nonce"),)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        # Nor can two senders both move the same row.
        return {"version_id_col": cls.version}
