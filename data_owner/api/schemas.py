"""Bodies, paths and answers of the data owner's HTTP API that are not views of a service."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from commons.chain.signing import ROLE_EITHER
from commons.market.catalogue import (
    LONGEST_COLUMN_NAME,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    MOST_COLUMNS,
    MOST_TAGS,
    Tag,
)
from commons.messages import FrozenModel
from commons.web.paging import PageQuery
from commons.web.query import Query
from data_owner.domain.dataset_profile import ColumnProfile
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.dataset_match import FoundColumn, found_column
from data_owner.services.datasets import DatasetDetails, profile_of
from data_owner.services.earnings import Withdrawal
from data_owner.services.histograms import MAX_BINS, MAX_COLUMNS
from data_owner.services.offer_status import OfferStatus
from data_owner.tables import Dataset, Listing

DatasetId = Annotated[str, Field(min_length=1, max_length=36)]
JobColumn = Annotated[str, Field(max_length=200)]
FileColumn = Annotated[str, Field(max_length=LONGEST_COLUMN_NAME)]
ColumnMapping = Annotated[dict[JobColumn, FileColumn], Field(max_length=MOST_COLUMNS)]
"""Name in the job → name in the file, for the columns of one job."""
Consent = Annotated[str, Field(min_length=1, max_length=50)]


class DetailsBody(FrozenModel):
    """What is said of a dataset; what is left out stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=LONGEST_NAME)
    description: str | None = Field(default=None, max_length=LONGEST_DESCRIPTION)
    tags: list[Tag] | None = Field(default=None, max_length=MOST_TAGS)

    def details(self) -> DatasetDetails:
        """The same for the service."""
        return DatasetDetails(self.name, self.description, None if self.tags is None else tuple(self.tags))


class AddDatasetBody(DetailsBody):
    """A file on this machine."""

    path: str = Field(min_length=1, max_length=4096, description="CSV or Parquet file on the owner's machine")


class AcceptBody(FrozenModel):
    """With what a job is accepted."""

    dataset_id: DatasetId | None = Field(default=None, description="The first that matches when left out")
    roles: int = Field(default=ROLE_EITHER, ge=1, le=3, description="1 trainer, 2 validator, 3 either")
    column_mapping: ColumnMapping = Field(
        default={}, description="Name in the job → name in the file, where they differ"
    )
    consents: list[Consent] = Field(
        default=[], max_length=20, description="Codes of what is agreed to beside the terms"
    )

    def request(self) -> AcceptRequest:
        """The same for the service."""
        return AcceptRequest(self.dataset_id, self.roles, self.column_mapping, tuple(self.consents))


class WithdrawBody(FrozenModel):
    """How an acceptance is taken back."""

    revoke_on_chain: bool = Field(default=False, description="Also revoke on chain, which costs gas and is final")


class WithdrawalBody(FrozenModel):
    """Where the money goes: the own account when left out."""

    to: str | None = Field(default=None, max_length=100)


class DatasetPath(FrozenModel):
    """A dataset in a path."""

    dataset_id: DatasetId


class JobPath(FrozenModel):
    """A job in a path."""

    job_id: int = Field(ge=1, lt=2**62)


class OffersQuery(PageQuery):
    """Only offers of this status, and with this text in their title."""

    status: OfferStatus | None = None
    query: str = Field(default="", max_length=200)


class HistogramQuery(Query):
    """How many bins, and which columns; the first ones when none is named."""

    bins: int = Field(default=20, ge=1, le=MAX_BINS)
    column: list[FileColumn] = Field(default=[], max_length=MAX_COLUMNS, description="Repeat it for several")


class RolesQuery(Query):
    """The roles to agree to."""

    roles: int = Field(default=ROLE_EITHER, ge=1, le=3, description="1 trainer, 2 validator, 3 either")


class MatchBody(FrozenModel):
    """A dataset, and names in it that stand for names in the job."""

    dataset_id: DatasetId
    column_mapping: ColumnMapping = Field(default={}, description="Name in the job → name in the file")


class ColumnView(FoundColumn):
    """A column with its range; `problem` says what the first unusable cell holds."""

    name: str
    is_numeric: bool
    problem: str | None

    @classmethod
    def of(cls, column: ColumnProfile) -> ColumnView:
        """The view of a profile's column."""
        cell = column.first_unusable
        return cls(
            **found_column(column).model_dump(),
            name=column.name,
            is_numeric=column.is_numeric,
            problem=None if cell is None else f"row {cell.row} holds {cell.text!r}; expected {cell.expected}",
        )


class DatasetView(BaseModel):
    """A dataset as its owner sees it; `listing` says whether the aggregator's catalogue shows it.

    `used_by` are the jobs that keep it from being removed.
    """

    dataset_id: str
    name: str
    description: str
    tags: list[str]
    path: str
    uploaded: bool
    row_count: int
    columns: list[ColumnView]
    added_at: float
    listing: Listing
    listing_note: str
    used_by: list[int]

    @classmethod
    def of(cls, dataset: Dataset, used_by: list[int]) -> DatasetView:
        """The view of a stored dataset."""
        return cls(
            dataset_id=dataset.id,
            name=dataset.name,
            description=dataset.description,
            tags=dataset.tags,
            path=dataset.path,
            uploaded=dataset.uploaded,
            row_count=dataset.row_count,
            columns=[ColumnView.of(column) for column in profile_of(dataset).columns],
            added_at=dataset.added_at,
            listing=dataset.listing,
            listing_note=dataset.listing_note,
            used_by=used_by,
        )


class DatasetList(BaseModel):
    """All datasets, oldest first; `data_dirs` are the folders below which files can be added where they lie."""

    datasets: list[DatasetView]
    data_dirs: list[str]


class WithdrawalList(BaseModel):
    """All withdrawals, newest first."""

    withdrawals: list[Withdrawal]
