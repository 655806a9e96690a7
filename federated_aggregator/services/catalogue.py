"""Who takes part, and the public catalogue of datasets: names and types of columns and row counts, never a value.

Anybody with an Ethereum account can list datasets, so each account has a quota, and what is looked for is looked for by the
database, in a text that is stored with each entry.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from commons.errors import Conflict, NotAllowed
from commons.market.catalogue import CatalogueEntry
from commons.storage.database import Database, take_turns
from federated_aggregator.services.job_run import Clock
from federated_aggregator.tables import CatalogueDataset, DatasetTag, Participant

MOST_ENTRIES = 100
MOST_BYTES = 2**20
"""Datasets of one account, and their entries as JSON in all."""
MOST_TAGS_SHOWN = 100


def search_form(text: str) -> str:
    """A text as it is stored to be searched and looked for: without differences of case and of Unicode's composed letters."""
    return unicodedata.normalize("NFC", text.casefold())


@dataclass(frozen=True)
class DatasetFilter:
    """Datasets with a text in name, description, tags or column names, and with all tags, in whatever case."""

    query: str = ""
    tags: Sequence[str] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database."""
        having = [_has_tag(folded) for folded in dict.fromkeys(map(search_form, self.tags))]
        if not self.query:
            return having
        # Last, because it takes longest.
        return [*having, CatalogueDataset.search_text.contains(search_form(self.query), autoescape=True)]


@dataclass(frozen=True)
class FoundDatasets:
    """A page of datasets, latest first; `total` counts those on all pages."""

    page: Sequence[CatalogueDataset]
    total: int
    owner_names: Mapping[str, str]


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

    def put_dataset(self, owner: str, dataset_id: str, entry: CatalogueEntry) -> None:
        """Store or update a dataset's metadata.

        Raises:
            NotAllowed: the identifier is another owner's.
            Conflict: the owner has as many datasets, or as many bytes of them, as an account may have.
        """
        with self.database.session() as session:
            take_turns(session, owner)
            row = session.get(CatalogueDataset, dataset_id)
            if row is not None and row.owner != owner:
                raise NotAllowed(f"dataset {dataset_id} belongs to another owner", dataset_id=dataset_id)
            _require_room(session, owner, dataset_id, entry.size_bytes)
            session.merge(_row(owner, dataset_id, entry, self.clock()))
            session.flush()
            session.execute(delete(DatasetTag).where(DatasetTag.dataset_id == dataset_id))
            # Of tags that differ in case only the first is shown.
            folded = {search_form(tag): tag for tag in reversed(entry.tags)}
            session.add_all(DatasetTag(dataset_id=dataset_id, folded=key, tag=tag) for key, tag in folded.items())

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

    def find(self, wanted: DatasetFilter, *, limit: int, offset: int = 0) -> FoundDatasets:
        """Some datasets, latest first."""
        conditions = wanted.conditions()
        order = (CatalogueDataset.updated_at.desc(), CatalogueDataset.dataset_id.desc())
        # Identifiers first: whole entries are long, and only those of one page are read.
        chosen = select(CatalogueDataset.dataset_id).where(*conditions).order_by(*order).limit(limit).offset(offset)
        with self.database.snapshot() as session:
            total = session.scalar(select(func.count()).select_from(CatalogueDataset).where(*conditions)) or 0
            ids = session.scalars(chosen).all() if offset < total else []
            entries = select(CatalogueDataset).where(CatalogueDataset.dataset_id.in_(ids)).order_by(*order)
            page = session.scalars(entries).all()
            owners = {entry.owner for entry in page}
            named = select(Participant.address, Participant.name).where(Participant.address.in_(owners))
            return FoundDatasets(page, total, dict(session.execute(named).all()))

    def tags(self, query: str) -> dict[str, int]:
        """The most frequent tags of the datasets with a text, and how many of these datasets have each."""
        count = func.count().label("count")
        counted = select(func.min(DatasetTag.tag), count).group_by(DatasetTag.folded)
        if texts := DatasetFilter(query).conditions():
            found = select(CatalogueDataset.dataset_id).where(*texts)
            counted = counted.where(DatasetTag.dataset_id.in_(found))
        with self.database.snapshot() as session:
            frequent = session.execute(counted.order_by(count.desc(), DatasetTag.folded).limit(MOST_TAGS_SHOWN))
            return dict(sorted((tag, number) for tag, number in frequent))


def _row(owner: str, dataset_id: str, entry: CatalogueEntry, now: float) -> CatalogueDataset:
    document: dict[str, Any] = entry.model_dump(mode="json")
    columns = (column.name for column in entry.columns)
    return CatalogueDataset(
        dataset_id=dataset_id,
        owner=owner,
        updated_at=now,
        size_bytes=entry.size_bytes,
        search_text=search_form("\n".join((entry.name, entry.description, *entry.tags, *columns))),
        **document,
    )


def _require_room(session: Session, owner: str, dataset_id: str, size_bytes: int) -> None:
    others = select(func.count(), func.coalesce(func.sum(CatalogueDataset.size_bytes), 0)).where(
        CatalogueDataset.owner == owner, CatalogueDataset.dataset_id != dataset_id
    )
    count, used_bytes = session.execute(others).one()
    if count >= MOST_ENTRIES:
        raise Conflict(f"this account has {count} datasets in the catalogue; expected at most {MOST_ENTRIES}")
    if used_bytes + size_bytes > MOST_BYTES:
        raise Conflict(
            f"this account's datasets would take {used_bytes + size_bytes} bytes in the catalogue; expected at most "
            f"{MOST_BYTES}"
        )


def _has_tag(folded: str) -> ColumnElement[bool]:
    return CatalogueDataset.dataset_id.in_(select(DatasetTag.dataset_id).where(DatasetTag.folded == folded))
