"""What the contract stores about a job, and what it reports, as plain values.

Amounts are wei, shares basis points, times unix seconds, MSEs fixed point with 18 decimals (see `CheckpointStatement`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from commons.chain.checks import check_digest, check_uint, checked_address
from commons.chain.signing import AcceptanceTerms
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.payout import AGGREGATOR_BPS, TRAINER_BPS, VALIDATOR_BPS

FINALIZE_WINDOW_S: Final = 3600
"""So much longer than `finish_by` a job with a last checkpoint cannot be expired; the contract's `FINALIZE_WINDOW`."""


def last_second_before_expiry(finish_by: int, *, last_recorded: bool) -> int:
    """Return the last second (Unix time) in which the contract does not let anybody expire a running job."""
    return finish_by + FINALIZE_WINDOW_S if last_recorded else finish_by


class JobState(IntEnum):
    """Where a job stands on chain."""

    NONE = 0
    POSTED = 1
    RUNNING = 2
    FINISHED = 3
    EXPIRED = 4
    CANCELLED = 5


class Participation(IntEnum):
    """What one account is in one job."""

    NONE = 0
    TRAINER = 1
    VALIDATOR = 2
    REVOKED = 3


class Role(Enum):
    """In which capacity an account was credited."""

    TRAINER = 0
    VALIDATOR = 1
    AGGREGATOR = 2
    BUYER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTerms:
    """The terms with which a buyer creates a job.

    The shares sum to at most 10000. `start_by` is the last second to start the job, after which anybody can cancel it;
    `finish_by` the last second to record a checkpoint, after which anybody can have it settled.
    """

    aggregator: str
    spec_digest: bytes
    key_digest: bytes
    start_by: int
    finish_by: int
    trainer_bps: int = TRAINER_BPS
    validator_bps: int = VALIDATOR_BPS
    aggregator_bps: int = AGGREGATOR_BPS
    min_trainers: int = 1
    min_validators: int = 1
    max_participants: int = 140

    def __post_init__(self) -> None:
        object.__setattr__(self, "aggregator", checked_address("aggregator", self.aggregator))
        check_digest("spec_digest", self.spec_digest)
        check_digest("key_digest", self.key_digest)
        for field in ("start_by", "finish_by"):
            check_uint(field, getattr(self, field), 64)
        for field in ("trainer_bps", "validator_bps", "aggregator_bps"):
            check_uint(field, getattr(self, field), 16)
        for field in ("min_trainers", "min_validators", "max_participants"):
            check_uint(field, getattr(self, field), 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOnChain:
    """A job as the contract has it; `seed_hash` and `delivery_digest` are 32 zero bytes until they are known."""

    job_id: int
    terms: JobTerms
    buyer: str
    state: JobState
    deposit_wei: int
    last_recorded: bool
    checkpoint_count: int
    initial_mse_fixed: int
    latest_mse_fixed: int
    seed_hash: bytes
    delivery_digest: bytes

    def acceptance_terms(self, owner: str, roles: int) -> AcceptanceTerms:
        """Return what `owner` must sign to be enrolled in one of `roles` (a mask; `signing.ROLE_EITHER` as a rule)."""
        return AcceptanceTerms(
            job_id=self.job_id,
            owner=owner,
            spec_digest=self.terms.spec_digest,
            key_digest=self.terms.key_digest,
            roles=roles,
            deposit_wei=self.deposit_wei,
            trainer_bps=self.terms.trainer_bps,
            validator_bps=self.terms.validator_bps,
            aggregator_bps=self.terms.aggregator_bps,
            deadline=self.terms.finish_by,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """The split of a job's deposit on the checkpoints recorded so far; `trainers` in the contract's order."""

    trainers: tuple[int, ...]
    validator_each: int
    aggregator: int
    refund: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCreated:
    """A posted job, and the transaction that posted it."""

    job_id: int
    buyer: str
    aggregator: str
    deposit_wei: int
    spec_digest: bytes
    key_digest: bytes
    tx_hash: str


@dataclass(frozen=True, slots=True)
class JobStarted:
    """The participants with whom a job started, in the contract's order, and the hash of its delivery seed."""

    job_id: int
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    seed_hash: bytes
    tx_hash: str

    @property
    def members(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All trainers and all validators."""
        return self.trainers, self.validators


@dataclass(frozen=True, slots=True)
class Credit:
    """One account's pay or refund from one job."""

    payee: str
    role: Role
    amount_wei: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class RecordedCheckpoint:
    """A checkpoint on chain, and the transaction that recorded it."""

    statement: CheckpointStatement
    tx_hash: str


@dataclass(frozen=True, slots=True)
class JobSettled:
    """The end of a job: by `finalize` with the seed, or by expiry without (`seed` is None)."""

    job_id: int
    seed: bytes | None
    paid_wei: int
    refunded_wei: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """A job that was called off before it started."""

    job_id: int
    refunded_wei: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What `payee` took out of the contract, all that it was owed, and to which account it was sent."""

    payee: str
    recipient: str
    amount_wei: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A call that is ready to be signed and sent; with `to` None it creates a contract."""

    to: str | None
    data: bytes
    value_wei: int
    description: str

    def __post_init__(self) -> None:
        check_uint("value_wei", self.value_wei, 256)
        if self.to is not None:
            object.__setattr__(self, "to", checked_address("to", self.to))
