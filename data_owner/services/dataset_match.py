"""A dataset of this owner's against a job: whether it fits, why not, column by column, and which names may only differ.

All of it is for the owner; it quotes ranges and cells, and nothing of it leaves this service.
"""

from __future__ import annotations

from collections.abc import Mapping

from commons.market.requirements import ColumnKind, RequiredColumn, Requirements
from commons.messages import FrozenModel
from data_owner.domain.column_mapping import suggest_mapping
from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile
from data_owner.domain.matching import Mismatch, match_dataset
from data_owner.tables import Dataset


class ColumnReason(FrozenModel):
    """Why a dataset does not match, or what is remarkable about it although it does."""

    column: str | None
    code: str
    reason: str


class RequiredCells(FrozenModel):
    """What a job declares of a column: the range of its numbers, or the levels of a category."""

    kind: ColumnKind
    minimum: float | None
    maximum: float | None
    unit: str
    levels: tuple[str, ...]

    @classmethod
    def of(cls, column: RequiredColumn) -> RequiredCells:
        """The view of a required column."""
        return cls(**{name: getattr(column, name) for name in cls.model_fields})


class CellSeen(FrozenModel):
    """A cell that is no usable number; `row` counts data rows from 1."""

    row: int
    text: str
    expected: str


class FoundColumn(FrozenModel):
    """The column of the file that stands for a job's; rows count from 1."""

    type: str
    minimum: float | None
    maximum: float | None
    missing_count: int
    first_missing_row: int | None
    unusable_count: int
    unusable: CellSeen | None


class ColumnMatch(FrozenModel):
    """One column that a job asks for beside the one of the file; `codes` say what is wrong with it.

    `role` is what the computation uses it for, in its own words.
    """

    name: str
    role: str
    required: RequiredCells
    own_name: str
    found: FoundColumn | None
    codes: tuple[str, ...]


class DatasetMatch(FrozenModel):
    """One of this owner's datasets against one job.

    `suggested_mapping` names, for columns that the file does not have, ones that it has and that clearly are the same
    (`data_owner.domain.column_mapping`).
    """

    dataset_id: str
    name: str
    row_count: int
    matches: bool
    mismatches: tuple[ColumnReason, ...]
    remarks: tuple[ColumnReason, ...]
    columns: tuple[ColumnMatch, ...]
    suggested_mapping: dict[str, str]


def match(
    dataset: Dataset,
    profile: DatasetProfile,
    requirements: Requirements,
    column_mapping: Mapping[str, str] | None = None,
) -> DatasetMatch:
    """A dataset against a job's requirements.

    A column that holds a single number is only remarked on: it teaches nothing by itself, but another owner's rows vary.

    Raises:
        InvalidInput: the mapping names a column that the job does not ask for.
    """
    mapping = dict(column_mapping or {})
    found = match_dataset(profile, requirements, column_mapping=mapping)
    mismatches = tuple(_reason(item) for item in found if item.code != "constant")
    remarks = tuple(_reason(item) for item in found if item.code == "constant")
    return DatasetMatch(
        dataset_id=dataset.id,
        name=dataset.name,
        row_count=dataset.row_count,
        matches=not mismatches,
        mismatches=mismatches,
        remarks=remarks,
        columns=_columns(profile, requirements, mapping, found),
        suggested_mapping=_suggestions(profile, requirements, mapping, found),
    )


def found_column(column: ColumnProfile) -> FoundColumn:
    """What is to be said of a column of a file."""
    cell = column.first_unusable
    return FoundColumn(
        type=column.type,
        minimum=column.minimum,
        maximum=column.maximum,
        missing_count=column.missing_count,
        first_missing_row=column.first_missing_row,
        unusable_count=column.unusable_count,
        unusable=None if cell is None else CellSeen(row=cell.row, text=cell.text, expected=cell.expected),
    )


def _columns(
    profile: DatasetProfile, requirements: Requirements, mapping: dict[str, str], found: list[Mismatch]
) -> tuple[ColumnMatch, ...]:
    own = {column.name: column for column in profile.columns}
    codes: dict[str | None, list[str]] = {}
    for item in found:
        codes.setdefault(item.column, []).append(item.code)

    def compare(required: RequiredColumn) -> ColumnMatch:
        own_name = mapping.get(required.name, required.name)
        return ColumnMatch(
            name=required.name,
            role=required.role,
            required=RequiredCells.of(required),
            own_name=own_name,
            found=found_column(own[own_name]) if own_name in own else None,
            codes=tuple(codes.get(required.name, ())),
        )

    return tuple(map(compare, requirements.columns))


def _suggestions(
    profile: DatasetProfile, requirements: Requirements, mapping: dict[str, str], found: list[Mismatch]
) -> dict[str, str]:
    required = requirements.columns
    absent = {item.column for item in found if item.code == "missing_column"}
    taken = {mapping.get(column.name, column.name) for column in required}
    return suggest_mapping(
        [column for column in required if column.name in absent],
        [column for column in profile.columns if column.name not in taken],
    )


def _reason(mismatch: Mismatch) -> ColumnReason:
    return ColumnReason(column=mismatch.column, code=mismatch.code, reason=mismatch.reason)
