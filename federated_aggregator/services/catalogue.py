"""Who takes part, and the public catalogue of datasets: names and types of columns and row counts, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from commons.errors import NotAllowed
from commons.storage.database import Database
from federated_aggregator.adapters.tables import CatalogueDataset, Participant
from federated_aggregator.services.job_run import Clock


@dataclass(frozen=True)
class Catalogue:
    """Participants and datasets."""

    database: Database
    clock: Clock

    def register(self, address: str, *, kind: str, name: str) -> None:
        """Store or update what a participant says of itself."""
        with self.database.session() as session:
            row = session.get(Participant, address)
            if row is None:
                session.add(Participant(address=address, kind=kind, name=name, created_at=self.clock()))
            else:
                row.kind, row.name = kind, name

    def put_dataset(self, owner: str, dataset_id: str, metadata: Mapping[str, Any]) -> None:
        """Store or update a dataset's metadata.

        Raises:
            NotAllowed: the identifier is another owner's.
        """
        with self.database.session() as session:
            row = session.get(CatalogueDataset, dataset_id)
            if row is not None and row.owner != owner:
                raise NotAllowed(f"dataset {dataset_id} belongs to another owner", dataset_id=dataset_id)
            session.merge(CatalogueDataset(dataset_id=dataset_id, owner=owner, updated_at=self.clock(), **metadata))

    def delete_dataset(self, owner: str, dataset_id: str) -> None:
        """Take a dataset out; doing it twice changes nothing.

        Raises:
            NotAllowed: it is another owner's.
        """
        with self.database.session() as session:
            row = session.get(CatalogueDataset, dataset_id)
            if row is None:
                return
            if row.owner != owner:
                raise NotAllowed(f"dataset {dataset_id} belongs to another owner", dataset_id=dataset_id)
            session.delete(row)

    def datasets(self) -> list[CatalogueDataset]:
        """All datasets, the newest first."""
        with self.database.snapshot() as session:
            return list(session.scalars(select(CatalogueDataset).order_by(CatalogueDataset.updated_at.desc())))
