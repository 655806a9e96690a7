"""What the use cases need from outside: the chain and the aggregator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from commons.agent.aggregator_client import AggregatorStatus
from commons.chain.jobs import ContractCall, JobOnChain, JobTerms, Quote
from commons.chain.signing import SigningDomain
from commons.computations.registry import JobSpec

Clock = Callable[[], float]
"""Unix time in seconds."""


class Chain(Protocol):
    """The marketplace contract as the buyer uses it; every method that asks the node may raise ChainUnavailable."""

    def domain(self) -> SigningDomain:
        """Chain and contract that signatures are for."""
        ...

    def check(self) -> None:
        """Raise ChainUnavailable unless the node answers, NotFound or Conflict unless it has the contract."""
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
        """The call that sends everything owed to this account, or to `to`; raises InvalidInput when that is no address."""
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


class Aggregator(Protocol):
    """What the buyer asks of the aggregator; every method may raise ServiceUnavailable."""

    def status(self) -> AggregatorStatus:
        """Who the aggregator is."""
        ...

    def job(self, job_id: int) -> dict[str, Any]:
        """The aggregator's view of a job."""
        ...

    def offer_job(self, job_id: int, spec: JobSpec, *, modulus: int, modulus_proof: Sequence[str]) -> object:
        """Make a job known that is on chain already."""
        ...

    def delivery(self, job_id: int) -> dict[str, Any]:
        """What was delivered, and the evidence to compare it with once everybody is paid."""
        ...
