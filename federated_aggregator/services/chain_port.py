"""What the aggregator's services need of the chain; `federated_aggregator.adapters.contract` provides it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from commons.chain.jobs import JobOnChain
from commons.chain.signing import AcceptanceTerms
from commons.market.checkpoint_statement import CheckpointStatement


class ChainState(StrEnum):
    """Where the contract says that a job stands."""

    POSTED = "posted"
    RUNNING = "running"
    FINISHED = "finished"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobFacts:
    """What confirmed events say about a job.

    Attributes:
        trainers, validators: in the contract's order; empty before the start.
        seed_hash: of the delivery seed that the job started with.
        revoked: owners who took their acceptance back on chain.
        recorded: indices of the recorded checkpoints.
        delivered: whether the delivery is recorded, so that the job can be finalized.
    """

    state: ChainState
    buyer: str
    spec_digest: bytes
    key_digest: bytes
    trainers: tuple[str, ...] = ()
    validators: tuple[str, ...] = ()
    seed_hash: bytes | None = None
    revoked: tuple[str, ...] = ()
    recorded: frozenset[int] = frozenset()
    delivered: bool = False


class Sending(StrEnum):
    """What became of a transaction in the outbox."""

    WAITING = "waiting"
    MINED = "mined"
    FAILED = "failed"


@dataclass(frozen=True)
class Sent:
    """A transaction of the outbox.

    Attributes:
        reason: why it failed, or what it waits for.
        refused_account: whom the contract refused it for, if it said so.
        block: number of the block that decided what became of it; None while it waits.
        failed_at: when it failed, in Unix seconds.
    """

    sending: Sending
    tx_hash: str | None
    reason: str | None
    refused_account: str | None = None
    block: int | None = None
    failed_at: float | None = None


@dataclass(frozen=True)
class ChainOverview:
    """The chain and the contract at a glance; there are no numbers unless it is `available`.

    `block_time` is in Unix seconds; `escrowed_wei` is what all running jobs hold.
    """

    available: bool
    block_number: int | None = None
    block_time: int | None = None
    job_count: int | None = None
    escrowed_wei: int | None = None


class ChainPort(Protocol):
    """Reads of the contract and of its confirmed events, and writes through the outbox inside the caller's unit of work.

    Each `enqueue_…` puts another transaction into the outbox, under a key of its own.
    """

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

    def send_queued(self) -> None:
        """One pass over the outbox; never raises for a node that is away."""
        ...

    def follow_events(self) -> None:
        """Store what has happened on chain, and undo what a reorganisation took back; never raises for a node that is away."""
        ...

    def overview(self) -> ChainOverview:
        """The chain and the contract at a glance, no older than a few seconds; never raises for a node that is away."""
        ...

    def read_job(self, job_id: int) -> JobOnChain | None:
        """The job, or None if the contract has none of that id; ChainUnavailable if the node does not answer."""
        ...

    def head(self, session: Session) -> tuple[int, str] | None:
        """Number and hash of the block up to which events are known; as long as it stays, so do all facts."""
        ...

    def job_states(self, session: Session, job_ids: Collection[int]) -> dict[int, ChainState]:
        """Where confirmed events have these jobs."""
        ...

    def facts(self, session: Session, job_id: int) -> JobFacts | None:
        """What confirmed events say about a job, or None if none has created it."""
        ...

    def recover_acceptance(self, terms: AcceptanceTerms, signature: bytes) -> str:
        """Who signed these terms."""
        ...

    def recover_declaration(self, job_id: int, owner: str, digest: bytes, signature: bytes) -> str:
        """Who signed this digest as the owner's declaration for a job."""
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

    def enqueue_again(self, session: Session, job_id: int, name: str, key: str) -> str:
        """Queue the call under `key`, the job's transaction `name`, once more; returns the new outbox key."""
        ...

    def sent(self, session: Session, key: str) -> Sent | None:
        """What became of a queued transaction."""
        ...

    def tries(self, session: Session, job_id: int, name: str) -> int:
        """How often the job's transaction `name` was queued."""
        ...

    def failed_starts(self, session: Session, job_id: int, seed_hash: bytes) -> list[Sent]:
        """The failed starts of the job with this seed, the latest first; not those of a former job of its number."""
        ...

    def with_code(self, accounts: Collection[str], block: int) -> frozenset[str]:
        """Those of the accounts that have code now, or had some before or after this block.

        Raises:
            ChainUnavailable: the node does not answer.
        """
        ...

    def active_in(self, accounts: Collection[str], block: int) -> frozenset[str]:
        """Those of the accounts that sent a transaction or changed their code in this block.

        Raises:
            ChainUnavailable: the node does not answer.
        """
        ...
