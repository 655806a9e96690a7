"""What is public about a job of any kind: what is computed, who learns what, who does what, and who takes part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from commons.ciphers.paillier import PublicKey
from commons.errors import ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.declaration import Declaration
from commons.market.job_terms import JobTerms
from commons.messages import FrozenModel


class ComputationSpec(FrozenModel):
    """What is computed, as a buyer specifies it; `kind` says which computation it is for."""

    kind: str


Spec = TypeVar("Spec", bound=ComputationSpec)

ParallelMap = Callable[..., Iterable[Any]]
"""What `map` does, possibly on several cores."""

Sign = Callable[[bytes], bytes]
"""A participant's signature of a 32-byte digest (EIP-191)."""

RecoverSigner = Callable[[bytes, bytes], str]
"""(digest, signature) → who signed it; raises NotAuthenticated for a malformed signature."""

SignCheckpoint = Callable[[CheckpointStatement], bytes]
RecoverCheckpoint = Callable[[CheckpointStatement, bytes], str]


class Party(StrEnum):
    """Who can learn something from a job."""

    MODEL_BUYER = "model_buyer"
    DATA_OWNERS = "data_owners"
    AGGREGATOR = "aggregator"
    EVERYBODY = "everybody"


class Learnt(FrozenModel):
    """One thing that a party learns from a job: a code, for pages that have words of their own, and English."""

    party: Party
    code: str
    text: str


class Pay(StrEnum):
    """What owners are paid for."""

    IMPROVEMENT = "improvement"  # by how much the error fell, and what each one's data added to that
    PER_ANSWER = "per_answer"  # a fixed price, in equal parts to all who answered


@dataclass(frozen=True)
class RoleRule:
    """Who does what.

    Attributes:
        n_trainers: number of owners → how many of them train; the others validate.
        may_choose: whether an owner may agree to one role only.
        exact: whether a job starts with exactly `min_owners`, and not with more.
    """

    n_trainers: Callable[[int], int]
    may_choose: bool = True
    exact: bool = False


@dataclass(frozen=True)
class StartedJob(Generic[Spec]):
    """The public facts of a running job, the same for all who take part.

    Attributes:
        chain_id, contract: where the job is; proofs and statements are worth nothing elsewhere.
        job_id: its number there.
        terms: the whole specification.
        spec: what is computed, of it.
        key: the buyer's public key.
        trainers, validators: addresses in the order of the contract.
        declarations: what each of them signed for when it accepted.
    """

    chain_id: int
    contract: str
    job_id: int
    terms: JobTerms
    spec: Spec
    key: PublicKey
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    declarations: Mapping[str, Declaration]

    @property
    def owners(self) -> tuple[str, ...]:
        """All members, trainers first."""
        return (*self.trainers, *self.validators)

    def declaration_of(self, owner: str) -> Declaration:
        """What an owner signed for; raises ProtocolViolation when it does not take part."""
        if owner not in self.declarations:
            raise ProtocolViolation(f"{owner} does not take part in job {self.job_id}")
        return self.declarations[owner]

    def place(self, round_number: int, checkpoint: int) -> bytes:
        """What binds a proof or a statement to one step of one job: chain, contract, job, round and checkpoint."""
        numbers = (self.chain_id, int(self.contract, 16), self.job_id, round_number, checkpoint)
        return b"".join(number.to_bytes(32, "big") for number in numbers)
