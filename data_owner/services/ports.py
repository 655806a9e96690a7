"""What the use cases need from outside: the chain, the aggregator and data files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from commons.agent.aggregator_client import Acceptance
from commons.chain.jobs import ContractCall, JobOnChain, Participation, Quote
from commons.chain.signing import SigningDomain
from commons.tables.table import TableBlock

Clock = Callable[[], float]
"""Unix time in seconds."""


class Chain(Protocol):
    """The marketplace contract; every method may raise ChainUnavailable, those about a job NotFound."""

    def domain(self) -> SigningDomain:
        """Chain and contract that signatures are for."""
        ...

    def check(self) -> None:
        """Raise ChainUnavailable unless the node answers for the right chain."""
        ...

    def balance_wei(self, address: str) -> int:
        """Ether of an account."""
        ...

    def owed_wei(self, address: str) -> int:
        """What an account can withdraw from the contract."""
        ...

    def job(self, job_id: int) -> JobOnChain:
        """A job's terms and state."""
        ...

    def participation(self, job_id: int, address: str) -> Participation:
        """What an account is in a job."""
        ...

    def contributions(self, job_id: int) -> tuple[int, ...]:
        """Each trainer's contribution so far, in the order of the trainers."""
        ...

    def quote(self, job_id: int) -> Quote:
        """The split of the deposit on the checkpoints so far."""
        ...

    def revoke_acceptance(self, job_id: int) -> ContractCall:
        """The call after which this account's acceptance is worth nothing."""
        ...

    def expire_job(self, job_id: int) -> ContractCall:
        """The call that settles a job whose time is over."""
        ...

    def withdraw(self, to: str | None) -> ContractCall:
        """The call that sends everything owed to this account, or to `to`."""
        ...


class JobBoard(Protocol):
    """What the aggregator shows to everybody; every method may raise ServiceUnavailable."""

    def job_versions(self) -> dict[int, str]:
        """A short text for each job, which changes whenever its summary does."""
        ...

    def jobs(self, job_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Summaries of these jobs, at most `MOST_JOBS_AT_ONCE`; numbers that are not known are passed over."""
        ...

    def job(self, job_id: int) -> dict[str, Any]:
        """Everything public about a job; raises NotFound."""
        ...


class Registry(Protocol):
    """What this owner tells the aggregator; every method may raise ServiceUnavailable."""

    def put_dataset(self, dataset_id: str, metadata: Mapping[str, Any]) -> None:
        """List a dataset in the catalogue, or update its entry."""
        ...

    def delete_dataset(self, dataset_id: str) -> None:
        """Take a dataset out of the catalogue."""
        ...

    def accept(self, job_id: int, acceptance: Acceptance) -> None:
        """Hand in a signed acceptance; repeating it changes nothing."""
        ...

    def withdraw_acceptance(self, job_id: int) -> None:
        """Take an acceptance back; raises Conflict once the job has started."""
        ...


class DataFile(Protocol):
    """A table on disk."""

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[TableBlock]:
        """The rows in order, with the named columns only, or all."""
        ...


OpenDataFile = Callable[[Path], DataFile]
"""Opens a CSV or Parquet file; raises NotFound or DatasetInvalid."""
