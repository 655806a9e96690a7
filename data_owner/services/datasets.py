"""Adding, listing and removing this owner's datasets.

A file is read once from end to end when it is added, so that whatever is wrong with it is said then and there. What the
aggregator's catalogue gets is names, types and the row count (`catalogue_entry`); ranges and cells stay here.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.errors import Conflict, DatasetInvalid, InvalidInput, NotFound
from commons.market.catalogue import LONGEST_NAME
from commons.market.state import ENDED
from commons.storage.database import Database
from data_owner.domain.dataset_profile import DatasetProfile, profile_blocks
from data_owner.services.ports import Clock, OpenDataFile
from data_owner.tables import GONE, STANDING, Acceptance, Dataset, KnownJob, Listing

UPLOAD_SUFFIXES = (".csv", ".parquet", ".pq")


@dataclass(frozen=True)
class DatasetDetails:
    """What an owner says of a dataset; None leaves a value as it is (or, when adding, to its default)."""

    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Datasets:
    """This owner's datasets.

    Attributes:
        database: of the service.
        uploads_dir: where uploaded files are kept.
        open_file: reads data files.
        clock: Unix seconds.
    """

    database: Database
    uploads_dir: Path
    open_file: OpenDataFile
    clock: Clock

    def add(self, path: Path, details: DatasetDetails) -> Dataset:
        """Add a file where it lies; it must stay there.

        Raises:
            NotFound: there is no such file.
            DatasetInvalid: naming column and row of the first thing that is wrong; or the file lies outside of the folders
                that are read, and nothing is said of it.
            Conflict: it was added before.
            InvalidInput: no file can have this path.
        """
        try:
            # Unlike Path.resolve this says nothing of loops elsewhere.
            resolved = Path(os.path.realpath(path))
        except ValueError as error:
            raise InvalidInput(f"path: {str(path)!r} cannot be the path of a file; check it", field="path") from error
        try:
            with self.database.snapshot() as session:
                self._refuse_known(session, resolved)
            return self._store(resolved, details, uploaded=False, default_name=resolved.stem)
        except (NotFound, DatasetInvalid, Conflict) as error:
            error.fields["field"] = "path"
            raise

    def add_upload(self, file_name: str, save: Callable[[Path], None], details: DatasetDetails) -> Dataset:
        """Keep an uploaded file and add it; a file that cannot be used is not kept.

        Args:
            file_name: as the uploader calls it, and errors too; only its ending is used for the stored name.
            save: writes the upload to a path.
            details: as for `add`.
        """
        suffix = Path(file_name).suffix.lower()
        if suffix not in UPLOAD_SUFFIXES:
            raise InvalidInput(f"file: {file_name!r} is of an unknown kind; expected .csv or .parquet", field="file")
        if "\0" in file_name:
            raise InvalidInput("file: its name must not hold the character NUL", field="file")
        self.uploads_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.uploads_dir / f"{uuid.uuid4()}{suffix}"
        try:
            # For this user alone, whatever `save` would do.
            path.touch(mode=0o600)
            save(path)
            return self._store(path, details, uploaded=True, default_name=Path(file_name).stem)
        except DatasetInvalid as error:
            path.unlink(missing_ok=True)
            # The uploader knows the file under its own name only.
            message = error.message.replace(str(path), file_name)
            raise DatasetInvalid(message, **{**error.fields, "file": file_name, "field": "file"}) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def used_by(self, dataset_id: str) -> list[int]:
        """The jobs that use a dataset and have not ended, oldest first."""
        with self.database.snapshot() as session:
            return _jobs_using(session, dataset_id)

    def list(self) -> list[Dataset]:
        """All datasets, oldest first."""
        with self.database.snapshot() as session:
            return own_datasets(session)

    def get(self, dataset_id: str) -> Dataset:
        """One dataset; raises NotFound."""
        with self.database.snapshot() as session:
            return get_dataset(session, dataset_id)

    def update(self, dataset_id: str, details: DatasetDetails) -> Dataset:
        """Change what is said of a dataset, here and in the catalogue."""
        with self.database.session() as session:
            dataset = get_dataset(session, dataset_id)
            if details.name is not None:
                dataset.name = details.name
            if details.description is not None:
                dataset.description = details.description
            if details.tags is not None:
                dataset.tags = list(details.tags)
            dataset.listing, dataset.listing_note = Listing.PENDING, ""
            return dataset

    def remove(self, dataset_id: str) -> None:
        """Forget a dataset and take it out of the catalogue; a file that was uploaded is deleted, others are left alone.

        Raises:
            Conflict: a job that has not ended uses it.
        """
        with self.database.session() as session:
            dataset = get_dataset(session, dataset_id)
            if jobs := _jobs_using(session, dataset_id):
                listed = ", ".join(map(str, jobs))
                raise Conflict(
                    f"the dataset is in use by job {listed}; withdraw the acceptance or wait until the job has ended",
                    dataset_id=dataset_id,
                    jobs=jobs,
                )
            dataset.listing, dataset.listing_note = Listing.REMOVING, ""
            uploaded = Path(dataset.path) if dataset.uploaded else None
        if uploaded is not None:
            uploaded.unlink(missing_ok=True)

    def _store(self, path: Path, details: DatasetDetails, *, uploaded: bool, default_name: str) -> Dataset:
        profile = profile_blocks(self.open_file(path).blocks())
        dataset = Dataset(
            id=str(uuid.uuid4()),
            path=str(path),
            uploaded=uploaded,
            name=(details.name or default_name)[:LONGEST_NAME],
            description=details.description or "",
            tags=list(details.tags or ()),
            profile=profile.to_dict(),
            row_count=profile.row_count,
            added_at=self.clock(),
            listing=Listing.PENDING,
        )
        with self.database.session() as session:
            self._refuse_known(session, path)
            session.add(dataset)
        return dataset

    def _refuse_known(self, session: Session, path: Path) -> None:
        query = select(Dataset).where(Dataset.path == str(path), Dataset.listing.not_in(GONE))
        if (known := session.scalar(query)) is not None:
            raise Conflict(
                f"{path} was added before, as dataset {known.name!r}; remove that one first to read the file anew",
                dataset_id=known.id,
            )


def own_datasets(session: Session) -> list[Dataset]:
    """All datasets that are not being removed, oldest first."""
    query = select(Dataset).where(Dataset.listing.not_in(GONE)).order_by(Dataset.added_at, Dataset.id)
    return list(session.scalars(query))


def get_dataset(session: Session, dataset_id: str) -> Dataset:
    """A dataset that is not being removed; raises NotFound."""
    dataset = session.get(Dataset, dataset_id)
    if dataset is None or dataset.listing in GONE:
        raise NotFound(f"there is no dataset {dataset_id}", dataset_id=dataset_id)
    return dataset


def profile_of(dataset: Dataset) -> DatasetProfile:
    """A dataset's columns, ranges and row count."""
    return DatasetProfile.from_dict(dataset.profile)


def catalogue_entry(dataset: Dataset) -> dict[str, Any]:
    """All that leaves the owner about a dataset: no value of any cell, so no ranges either."""
    return {
        "name": dataset.name,
        "description": dataset.description,
        "tags": list(dataset.tags),
        "columns": [{"name": column.name, "type": column.type} for column in profile_of(dataset).columns],
        "row_count": dataset.row_count,
    }


def _jobs_using(session: Session, dataset_id: str) -> list[int]:
    query = select(Acceptance.job_id).where(Acceptance.dataset_id == dataset_id, Acceptance.state.in_(STANDING))
    query = query.order_by(Acceptance.job_id)
    return [job_id for job_id in session.scalars(query) if not _has_ended(session, job_id)]


def _has_ended(session: Session, job_id: int) -> bool:
    known = session.get(KnownJob, job_id)
    return known is not None and known.view.get("state") in ENDED
