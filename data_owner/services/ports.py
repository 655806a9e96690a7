"""What the use cases need from outside and get from this service's own adapters: the aggregator, and data files.

The contract needs no port: `commons.chain.marketplace` is at hand everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from commons.agent.aggregator_client import Acceptance
from commons.tables.table import TableBlock

Clock = Callable[[], float]
"""Unix time in seconds."""


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
    """A table on disk.

    Attributes:
        source: the file's name as it was given, for messages.
        column_names: names of the columns, without surrounding spaces, in the file's order.
    """

    source: str
    column_names: tuple[str, ...]

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[TableBlock]:
        """Yield the rows in order, with the named columns only, or all; raises DatasetInvalid for a damaged file."""


OpenDataFile = Callable[[Path], DataFile]
"""Opens a CSV or Parquet file; raises NotFound or DatasetInvalid."""
