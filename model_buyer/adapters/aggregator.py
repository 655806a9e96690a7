"""The aggregator as this service's threads see it: `AggregatorReader` and `AggregatorClient` are for one thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from commons.agent.aggregator_client import AggregatorClient, AggregatorReader, AggregatorStatus
from commons.computations.registry import JobSpec


class AggregatorOfThreads:
    """`model_buyer.services.ports.Aggregator` for any number of threads, each with connections of its own.

    Args:
        make_reader: for what everybody is shown.
        make_client: signed in as this buyer, for the rest.
    """

    def __init__(
        self, make_reader: Callable[[], AggregatorReader], make_client: Callable[[], AggregatorClient]
    ) -> None:
        self._make_reader = make_reader
        self._make_client = make_client
        self._local = threading.local()

    def status(self) -> AggregatorStatus:
        """Who the aggregator is."""
        return self._reader().status()

    def job(self, job_id: int) -> dict[str, Any]:
        """The aggregator's view of a job."""
        return self._reader().job(job_id)

    def offer_job(self, job_id: int, spec: JobSpec, *, modulus: int, modulus_proof: Sequence[str]) -> object:
        """Make a job known that is on chain already."""
        return self._client().offer_job(job_id, spec, modulus=modulus, modulus_proof=modulus_proof)

    def delivery(self, job_id: int) -> dict[str, Any]:
        """What was delivered, and the evidence to compare it with once everybody is paid."""
        return self._client().delivery(job_id)

    def _reader(self) -> AggregatorReader:
        if not hasattr(self._local, "reader"):
            self._local.reader = self._make_reader()
        reader: AggregatorReader = self._local.reader
        return reader

    def _client(self) -> AggregatorClient:
        if not hasattr(self._local, "client"):
            self._local.client = self._make_client()
        client: AggregatorClient = self._local.client
        return client
