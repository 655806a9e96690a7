"""Whether a dataset can serve a job, and if not, why, column by column.

The reasons are for the owner: they may quote a cell, so only the fact of a match leaves the owner's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from commons.errors import InvalidInput
from commons.learning.scaling import FeatureRange
from data_owner.domain.column_names import did_you_mean
from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile
from data_owner.domain.table import format_number

MismatchCode = Literal[
    "too_few_rows",
    "missing_column",
    "mapped_twice",
    "not_numeric",
    "missing_cells",
    "constant",
    "out_of_range",
]


@dataclass(frozen=True)
class DatasetRequirements:
    """What a job asks of a dataset: features and target with their inclusive ranges, and a least number of rows."""

    features: tuple[FeatureRange, ...]
    target: FeatureRange
    min_rows: int = 1


@dataclass(frozen=True)
class Mismatch:
    """One reason why a dataset does not match.

    Attributes:
        column: the required column that it concerns, None when it concerns the whole dataset.
        code: the kind of reason, for programs.
        reason: a sentence for the owner.
    """

    column: str | None
    code: MismatchCode
    reason: str


def match_dataset(
    profile: DatasetProfile,
    requirements: DatasetRequirements,
    *,
    column_mapping: Mapping[str, str] | None = None,
    allow_constant: bool = False,
) -> list[Mismatch]:
    """Return every reason why the dataset cannot serve the job; an empty list means that it can.

    Args:
        profile: the dataset.
        requirements: what the job asks for.
        column_mapping: required name → the dataset's own name, where the two differ.
        allow_constant: let a column that holds a single number pass. Such a column says nothing about its weight, but
            does no harm next to other owners' rows.

    Raises:
        InvalidInput: the mapping names a column that the job does not ask for.
    """
    mapping = dict(column_mapping or {})
    required = [*requirements.features, requirements.target]
    unknown = sorted(set(mapping) - {column.name for column in required})
    if unknown:
        raise InvalidInput(f"the mapping names {unknown[0]!r}, which the job does not ask for", field="column_mapping")
    mismatches = []
    if profile.row_count < requirements.min_rows:
        reason = f"The dataset has {_rows(profile.row_count)}; the job asks for at least {requirements.min_rows}."
        mismatches.append(Mismatch(None, "too_few_rows", reason))
    taken: dict[str, str] = {}
    for column in required:
        own_name = mapping.get(column.name, column.name)
        role = "target" if column is requirements.target else "feature"
        if own_name in taken:
            reason = f"Column {own_name!r} stands for both {taken[own_name]!r} and {column.name!r}."
            mismatches.append(Mismatch(column.name, "mapped_twice", reason))
            continue
        taken[own_name] = column.name
        mismatches += _match_column(profile, column, own_name, role, allow_constant=allow_constant)
    return mismatches


def _match_column(
    profile: DatasetProfile, required: FeatureRange, own_name: str, role: str, *, allow_constant: bool
) -> list[Mismatch]:
    found = profile.column(own_name)
    name = required.name
    if found is None:
        hint = did_you_mean(own_name, profile.column_names)
        return [Mismatch(name, "missing_column", f"There is no column {own_name!r} for the {role}{hint}.")]
    if not found.is_numeric:
        return [Mismatch(name, "not_numeric", _not_numeric(found))]
    mismatches = []
    if found.missing_count:
        reason = (
            f"Column {own_name!r} has {_cells(found.missing_count)} without a value, the first in row "
            f"{found.first_missing_row}; every row needs a number."
        )
        mismatches.append(Mismatch(name, "missing_cells", reason))
    if found.is_constant and not allow_constant:
        reason = f"Column {own_name!r} holds {_range_text(found)} in every row; there is nothing to learn from it."
        mismatches.append(Mismatch(name, "constant", reason))
    if not _within(found, required):
        reason = (
            f"Column {own_name!r} holds values from {_range_text(found)}; the job declares "
            f"{format_number(required.minimum)} to {format_number(required.maximum)}"
            f"{f' {required.unit}' if required.unit else ''}."
        )
        mismatches.append(Mismatch(name, "out_of_range", reason))
    return mismatches


def _not_numeric(found: ColumnProfile) -> str:
    if found.first_unusable is None:
        return f"Column {found.name!r} holds no numbers: all its cells are empty."
    cell = found.first_unusable
    return (
        f"Column {found.name!r} is not numeric: {_cells(found.unusable_count)} cannot be used, the first in row "
        f"{cell.row} holds {cell.text!r}; expected {cell.expected}."
    )


def _within(found: ColumnProfile, required: FeatureRange) -> bool:
    if found.minimum is None or found.maximum is None:
        return False
    return required.minimum <= found.minimum and found.maximum <= required.maximum


def _range_text(found: ColumnProfile) -> str:
    numbers = {format_number(bound): None for bound in (found.minimum, found.maximum) if bound is not None}
    return " to ".join(numbers)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
