"""The columns of a followed contract's events; each service adds them to its own metadata::

class FollowedBlock(FollowedBlockColumns, Base):
    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    __tablename__ = "contract_events"
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column


class FollowedBlockColumns:
    """A block up to which the contract's events are stored; the highest one is how far the follower has come.

    The lower ones are where it looks for common ground after a reorganisation. The one from which on the contract is
    followed stays for good, and tells whether the chain is still the same. `contract` is whose events they are.
    """

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(66))
    contract: Mapped[str] = mapped_column(String(42))


class ContractEventColumns:
    """One event of the contract in a confirmed block.

    `arguments` are the event's own by their names in the contract: integers as decimal text (they exceed what JSON can
    hold), bytes as 0x and hex, addresses with checksum. `job_id` and `account` (whom the event is about: the buyer of
    `JobCreated`, the owner of `AcceptanceRevoked`, the payee of `Credited` and `Withdrawn`) are repeated in columns to be
    searched by. `block_time` is in unix seconds.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    block_number: Mapped[int] = mapped_column(BigInteger)
    block_hash: Mapped[str] = mapped_column(String(66))
    block_time: Mapped[int] = mapped_column(BigInteger)
    log_index: Mapped[int]
    tx_hash: Mapped[str] = mapped_column(String(66), index=True)
    name: Mapped[str] = mapped_column(String(40))
    job_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    account: Mapped[str | None] = mapped_column(String(42), index=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  # a directive is given the class
        # Two followers of one database can never both store an event.
        return (UniqueConstraint("block_number", "log_index"),)
