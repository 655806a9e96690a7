"""Telling the aggregator what was decided here: datasets to list, acceptances to hand in or take back.

Decisions are rows first; this brings them over, as often as it takes. What the aggregator refuses is noted on the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import select

from commons.agent.aggregator_client import Acceptance as SignedAcceptance
from commons.errors import Conflict, DeltaMLError, NotAuthenticated, NotFound, ServiceUnavailable
from commons.storage.database import Database
from data_owner.services.datasets import catalogue_entry
from data_owner.services.ports import Registry
from data_owner.tables import Acceptance, AcceptanceState, Dataset, Listing

Key = TypeVar("Key", str, int)

_AWAY = (ServiceUnavailable, NotAuthenticated)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Deliveries:
    """Brings this owner's decisions to the aggregator.

    Attributes:
        database: of the service.
        registry: the aggregator, signed in as this owner.
    """

    database: Database
    registry: Registry

    def deliver_all(self) -> bool:
        """Bring over everything that is due; return whether anything was.

        Raises:
            ServiceUnavailable, NotAuthenticated: the aggregator is away or does not let this account in; what was not
                brought over stays due.
        """
        with self.database.snapshot() as session:
            listings = (Listing.PENDING, Listing.REMOVING)
            dataset_ids = list(session.scalars(select(Dataset.id).where(Dataset.listing.in_(listings))))
            states = (AcceptanceState.PENDING, AcceptanceState.WITHDRAWING)
            job_ids = list(session.scalars(select(Acceptance.job_id).where(Acceptance.state.in_(states))))
        for dataset_id in dataset_ids:
            self._logged("dataset_refused", dataset_id, self.deliver_dataset)
        for job_id in job_ids:
            self._logged("acceptance_refused", job_id, self.deliver_acceptance)
        return bool(dataset_ids or job_ids)

    def deliver_dataset(self, dataset_id: str) -> None:
        """List a dataset in the catalogue, or take it out; raises what the aggregator answered."""
        with self.database.snapshot() as session:
            dataset = session.get_one(Dataset, dataset_id)
        if dataset.listing is Listing.PENDING:
            try:
                self.registry.put_dataset(dataset_id, catalogue_entry(dataset))
            except _AWAY:
                raise
            except DeltaMLError as error:
                self._mark_dataset(dataset, Listing.REFUSED, error.message)
                raise
            self._mark_dataset(dataset, Listing.LISTED, "")
        elif dataset.listing is Listing.REMOVING:
            try:
                self.registry.delete_dataset(dataset_id)
            except NotFound:
                log.info("dataset_was_not_listed", dataset_id=dataset_id)
            self._mark_dataset(dataset, Listing.REMOVED, "")

    def deliver_acceptance(self, job_id: int) -> None:
        """Hand in an acceptance, or take it back; raises what the aggregator answered."""
        with self.database.snapshot() as session:
            acceptance = session.get_one(Acceptance, job_id)
        if acceptance.state is AcceptanceState.PENDING:
            signed = SignedAcceptance(
                row_count=acceptance.row_count,
                facts=acceptance.facts,
                roles=acceptance.roles,
                deadline=acceptance.deadline,
                signature=acceptance.signature,
                declaration_signature=acceptance.declaration_signature,
            )
            try:
                self.registry.accept(job_id, signed)
            except _AWAY:
                raise
            except DeltaMLError as error:
                self._mark_acceptance(acceptance, AcceptanceState.REFUSED, error.message)
                raise
            self._mark_acceptance(acceptance, AcceptanceState.POSTED, "")
        elif acceptance.state is AcceptanceState.WITHDRAWING:
            try:
                self.registry.withdraw_acceptance(job_id)
            except Conflict as error:
                self._mark_acceptance(acceptance, AcceptanceState.POSTED, f"not taken back: {error.message}")
                raise
            except NotFound:
                log.info("acceptance_was_not_known", job_id=job_id)
            self._mark_acceptance(acceptance, AcceptanceState.WITHDRAWN, "")

    def _mark_dataset(self, seen: Dataset, listing: Listing, note: str) -> None:
        with self.database.session() as session:
            dataset = session.get_one(Dataset, seen.id)
            # Changed meanwhile: what was brought over is not the latest, so it stays due.
            if (dataset.listing, _changeable(dataset)) == (seen.listing, _changeable(seen)):
                dataset.listing, dataset.listing_note = listing, note

    def _mark_acceptance(self, seen: Acceptance, state: AcceptanceState, note: str) -> None:
        with self.database.session() as session:
            acceptance = session.get_one(Acceptance, seen.job_id)
            if (acceptance.state, acceptance.signature) == (seen.state, seen.signature):
                acceptance.state, acceptance.note = state, note

    def _logged(self, event: str, key: Key, deliver: Callable[[Key], None]) -> None:
        try:
            deliver(key)
        except _AWAY:
            raise
        except DeltaMLError as error:
            log.warning(event, key=key, code=error.code, reason=error.message)


def _changeable(dataset: Dataset) -> tuple[str, str, tuple[str, ...]]:
    """What can change of a catalogue entry."""
    return dataset.name, dataset.description, tuple(dataset.tags)
