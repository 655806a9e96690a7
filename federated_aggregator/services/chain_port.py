"""What the aggregator's services need of the chain; `federated_aggregator.adapters.contract` provides it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from commons.chain.signing import AcceptanceTerms, CheckpointStatement


class ChainState(StrEnum):
    """Where the contract says that a job stands."""

    POSTED = "posted"
    RUNNING = "running"
    FINISHED = "finished"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class ChainJob:
    """A job as the contract has it."""

    state: ChainState
    buyer: str
    aggregator: str
    spec_digest: bytes
    key_digest: bytes
    deposit_wei: int
    start_by: int
    finish_by: int
    trainer_bps: int
    validator_bps: int
    aggregator_bps: int


class Sending(StrEnum):
    """What became of a transaction in the outbox."""

    WAITING = "waiting"
    MINED = "mined"
    FAILED = "failed"


@dataclass(frozen=True)
class Sent:
    """A transaction of the outbox."""

    sending: Sending
    tx_hash: str | None
    reason: str | None


class ChainPort(Protocol):
    """Reads of the contract, and writes through the outbox inside the caller's unit of work."""

    @property
    def address(self) -> str:
        """The aggregator's account."""
        ...

    @property
    def contract_address(self) -> str:
        """The marketplace contract."""
        ...

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        ...

    def check(self) -> None:
        """Raise ChainUnavailable unless the node answers and serves the expected chain."""
        ...

    def read_job(self, job_id: int) -> ChainJob | None:
        """The job, or None if the contract has none of that id; ChainUnavailable if the node does not answer."""
        ...

    def recover_acceptance(self, terms: AcceptanceTerms, signature: bytes) -> str:
        """Who signed these terms."""
        ...

    def recover_checkpoint(self, statement: CheckpointStatement, signature: bytes) -> str:
        """Who signed this checkpoint."""
        ...

    def enqueue_start(
        self,
        session: Session,
        job_id: int,
        *,
        trainers: list[str],
        validators: list[str],
        acceptances: list[bytes],
        seed_hash: bytes,
    ) -> str:
        """Queue `startJob`; returns the outbox key."""
        ...

    def enqueue_checkpoint(self, session: Session, statement: CheckpointStatement, signature: bytes) -> str:
        """Queue `recordCheckpoint`; returns the outbox key."""
        ...

    def enqueue_finalize(self, session: Session, job_id: int, seed: bytes) -> str:
        """Queue `finalize`; returns the outbox key."""
        ...

    def enqueue_cancel(self, session: Session, job_id: int) -> str:
        """Queue `cancelJob`; returns the outbox key."""
        ...

    def enqueue_expire(self, session: Session, job_id: int) -> str:
        """Queue `expireJob`; returns the outbox key."""
        ...

    def sent(self, session: Session, key: str) -> Sent | None:
        """What became of a queued transaction."""
        ...
