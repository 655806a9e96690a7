"""The aggregator as the web server's threads see it: `AggregatorReader` and `AggregatorClient` are for one thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from commons.agent.aggregator_client import Acceptance, AggregatorClient, AggregatorReader


class PublicBoard:
    """`data_owner.services.ports.JobBoard` for any number of threads."""

    def __init__(self, url: str, *, chain_id: int | None, timeout_s: float) -> None:
        self._make: Callable[[], AggregatorReader] = lambda: AggregatorReader(
            url, chain_id=chain_id, timeout_s=timeout_s
        )
        self._local = threading.local()

    def job_versions(self) -> dict[int, str]:
        """A short text for each job, which changes whenever its summary does."""
        return self._reader().job_versions()

    def jobs(self, job_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Summaries of these jobs, at most `MOST_JOBS_AT_ONCE`."""
        return self._reader().jobs(job_ids)

    def job(self, job_id: int) -> dict[str, Any]:
        """Everything public about a job."""
        return self._reader().job(job_id)

    def check(self) -> None:
        """Raise ServiceUnavailable unless the aggregator answers, Conflict if it is on another chain."""
        self._reader().status()

    def _reader(self) -> AggregatorReader:
        if not hasattr(self._local, "reader"):
            self._local.reader = self._make()
        reader: AggregatorReader = self._local.reader
        return reader


class SharedRegistry:
    """`data_owner.services.ports.Registry` for any number of threads, one after another, on one signed-in session."""

    def __init__(self, make_client: Callable[[], AggregatorClient]) -> None:
        self._make_client = make_client
        self._client: AggregatorClient | None = None
        self._lock = threading.Lock()

    def put_dataset(self, dataset_id: str, metadata: Mapping[str, Any]) -> None:
        """List a dataset in the catalogue, or update its entry."""
        with self._lock:
            self._signed_in().put_dataset(dataset_id, metadata)

    def delete_dataset(self, dataset_id: str) -> None:
        """Take a dataset out of the catalogue."""
        with self._lock:
            self._signed_in().delete_dataset(dataset_id)

    def accept(self, job_id: int, acceptance: Acceptance) -> None:
        """Hand in a signed acceptance."""
        with self._lock:
            self._signed_in().accept(job_id, acceptance)

    def withdraw_acceptance(self, job_id: int) -> None:
        """Take an acceptance back."""
        with self._lock:
            self._signed_in().withdraw_acceptance(job_id)

    def _signed_in(self) -> AggregatorClient:
        # Made on first use, which is after the web server's process was forked.
        if self._client is None:
            self._client = self._make_client()
        return self._client
