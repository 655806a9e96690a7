"""What the use cases need from outside: the database, the key vault, the chain, the aggregator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount

from commons.agent.aggregator_client import AggregatorStatus
from commons.chain.jobs import ContractCall, JobOnChain, JobSettled, JobStarted, JobState, JobTerms, Quote
from commons.chain.signing import SigningDomain
from commons.ciphers.paillier import SecretKey
from commons.computations.linear_regression.question_ledger import OpenedRecord, Question
from commons.computations.linear_regression.spec import TrainingJobSpec
from model_buyer.domain.posted_job import PostedJob

Clock = Callable[[], float]

CREATION_PREFIX = "create-job-"
"""With the job's id: the outbox key of its createJob."""


class SendState(StrEnum):
    """How far a transaction of this buyer's got."""

    PENDING = "pending"
    MINED = "mined"
    FAILED = "failed"


@dataclass(frozen=True)
class SentTransaction:
    """A transaction in the outbox; `reason` says why it failed or what it waits for, `queued_at` is in Unix seconds.

    `tries` says how often it was tried, this one included.
    """

    key: str
    description: str
    state: SendState
    tx_hash: str | None
    reason: str | None
    queued_at: float = 0.0
    tries: int = 1


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened to a job, with its transaction if there was one."""

    at: float
    event: str
    tx_hash: str | None = None


@dataclass(frozen=True)
class JobOnRecord:
    """What confirmed events say about a job.

    Attributes:
        started: with whom, None before the start.
        end: how the deposit was divided or refunded, None before that.
        last_recorded: whether a checkpoint marked last is recorded.
    """

    state: JobState
    started: JobStarted | None
    end: JobSettled | None
    last_recorded: bool


class Chain(Protocol):
    """The marketplace contract as the buyer uses it; every method that asks the node may raise ChainUnavailable."""

    def domain(self) -> SigningDomain:
        """Chain and contract that signatures are for."""
        ...

    def balance_wei(self, address: str) -> int:
        """Ether of an account."""
        ...

    def owed_wei(self, address: str) -> int:
        """What an account can withdraw from the contract."""
        ...

    def posting_cost_wei(self) -> int:
        """Upper estimate of the fee of posting a job."""
        ...

    def create_job(self, terms: JobTerms, deposit_wei: int) -> ContractCall:
        """The call that posts a job."""
        ...

    def cancel_job(self, job_id: int) -> ContractCall:
        """The call that calls a job off."""
        ...

    def expire_job(self, job_id: int) -> ContractCall:
        """The call that settles a job whose time is over."""
        ...

    def withdraw(self, to: str | None) -> ContractCall:
        """The call that sends everything owed to this account, or to `to`."""
        ...

    def job(self, job_id: int) -> JobOnChain:
        """The job's terms and state."""
        ...

    def contributions(self, job_id: int) -> tuple[int, ...]:
        """Each trainer's contribution so far."""
        ...

    def quote(self, job_id: int) -> Quote:
        """The split of the deposit on the checkpoints so far."""
        ...


class AggregatorView(Protocol):
    """What the aggregator shows to everybody; every method may raise ServiceUnavailable."""

    def job(self, job_id: int) -> dict[str, Any]:
        """The aggregator's view of a job."""
        ...


class Aggregator(AggregatorView, Protocol):
    """The part of the aggregator's client that the buyer uses; every method may raise ServiceUnavailable."""

    def status(self) -> AggregatorStatus:
        """Who the aggregator is."""
        ...

    def offer_job(
        self, job_id: int, spec: TrainingJobSpec, *, modulus: int, modulus_proof: Sequence[str]
    ) -> dict[str, Any]:
        """Make a job known that is on chain already."""
        ...

    def delivery(self, job_id: int) -> dict[str, Any]:
        """The delivered and the final weights."""
        ...


class Vault(Protocol):
    """Secret keys at rest."""

    def seal(self, key: SecretKey, job_id: str) -> bytes:
        """The encrypted key."""
        ...

    def open(self, sealed: bytes, job_id: str) -> SecretKey:
        """The key again."""
        ...


class Repository(Protocol):
    """The buyer's database inside one unit of work."""

    def add(self, job: PostedJob) -> PostedJob:
        """Store a new job and return it; or return the one that was stored before under its submission's key."""
        ...

    def get(self, job_id: str) -> PostedJob:
        """A job by its local id; raises NotFound."""
        ...

    def by_chain_id(self, chain_job_id: int) -> PostedJob | None:
        """A job by its id on chain."""
        ...

    def submitted(self, key: str) -> PostedJob | None:
        """The job that was asked for under a key."""
        ...

    def all(self) -> list[PostedJob]:
        """All jobs, newest first."""
        ...

    def unfinished(self) -> list[PostedJob]:
        """The jobs that something remains to be done for, oldest first."""
        ...

    def save(self, job: PostedJob) -> None:
        """Store what changed."""
        ...

    def openings(self, job_id: str) -> list[OpenedRecord]:
        """The opened checkpoints of a job in order."""
        ...

    def add_opening(self, job_id: str, record: OpenedRecord) -> None:
        """Store an opened checkpoint; raises Conflict if that checkpoint is there already."""
        ...

    def questions(self, job_id: str) -> list[Question]:
        """The questions that were answered in a job."""
        ...

    def answer(self, job_id: str, question: Question) -> str:
        """The stored answer to a question, as JSON; raises NotFound."""
        ...

    def keep_answer(self, job_id: str, question: Question, answer: str) -> None:
        """Store a question with its answer; raises Conflict if its place in the job is taken."""
        ...

    def forget_answers(self, job_id: str) -> None:
        """Drop the answers of a job in which nothing more is answered; that they were given stays known."""
        ...

    def record(self, job_id: str, entry: TimelineEntry) -> None:
        """Add to a job's timeline."""
        ...

    def timeline(self, job_id: str) -> list[TimelineEntry]:
        """A job's timeline, oldest first."""
        ...

    def send(self, key: str, call: ContractCall) -> None:
        """Put a transaction into the outbox, once for each key; after a failure once more."""
        ...

    def sent(self, key: str) -> SentTransaction | None:
        """The latest transaction with this key."""
        ...

    def sent_with_prefix(self, prefix: str) -> list[SentTransaction]:
        """The transactions whose key begins with `prefix`, newest first."""
        ...

    def created_job_id(self, tx_hash: str) -> int | None:
        """Number of the job that a createJob made, as confirmed events have it now; None while none does."""
        ...

    def on_record(self, chain_job_id: int) -> JobOnRecord:
        """What confirmed events say about a job."""
        ...

    def renumbered(self) -> list[tuple[PostedJob, int]]:
        """Jobs that the chain has under another number than this database, with that number."""
        ...

    def renumber(self, jobs: Sequence[tuple[PostedJob, int]]) -> None:
        """Store these jobs under these numbers."""
        ...

    def undone(self) -> list[PostedJob]:
        """Jobs that ended in a way that no confirmed event shows (any more)."""
        ...


UnitOfWork = Callable[[], AbstractContextManager[Repository]]
"""Opens a unit of work: committed at the end of the block, rolled back when the block raises."""


@dataclass(frozen=True)
class Buyer:
    """Everything that the use cases of one buyer work with.

    Attributes:
        unit_of_work: for what may write.
        snapshot: for what only reads.
        account: signs checkpoints and transactions.
        follow: looks at the chain for new events at once.
        chain_clock: Unix time in seconds, or that of the chain's latest block if it is ahead: deadlines are the contract's.
        unsafe_small_key: whether Paillier keys under the minimum size are allowed (tests).
        clock: Unix time in seconds.
    """

    unit_of_work: UnitOfWork
    snapshot: UnitOfWork
    chain: Chain
    aggregator: Aggregator
    vault: Vault
    account: LocalAccount
    follow: Callable[[], None]
    chain_clock: Clock
    unsafe_small_key: bool
    clock: Clock
