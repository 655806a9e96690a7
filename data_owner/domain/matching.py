"""Whether a dataset can serve a job, and if not, why, column by column.

The reasons are for the owner: they may quote a cell, so only the fact of a match leaves the owner's service. Which texts a
category holds is not in a profile: its cells are compared with the job's levels when the file is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from commons.errors import InvalidInput
from commons.market.requirements import ColumnKind, RequiredColumn, Requirements
from commons.tables.column_names import did_you_mean
from commons.tables.table import format_number
from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile

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
    requirements: Requirements,
    *,
    column_mapping: Mapping[str, str] | None = None,
) -> list[Mismatch]:
    """Return every reason why the dataset cannot serve the job; an empty list means that it can.

    Args:
        profile: the dataset.
        requirements: what the job asks for.
        column_mapping: required name → the dataset's own name, where the two differ.

    Raises:
        InvalidInput: the mapping names a column that the job does not ask for.
    """
    mapping = dict(column_mapping or {})
    unknown = sorted(set(mapping) - {column.name for column in requirements.columns})
    if unknown:
        raise InvalidInput(f"the mapping names {unknown[0]!r}, which the job does not ask for", field="column_mapping")
    mismatches = []
    if profile.row_count < requirements.min_rows:
        reason = f"The dataset has {_rows(profile.row_count)}; the job asks for at least {requirements.min_rows}."
        mismatches.append(Mismatch(None, "too_few_rows", reason))
    taken: dict[str, str] = {}
    for column in requirements.columns:
        own_name = mapping.get(column.name, column.name)
        if own_name in taken:
            reason = f"Column {own_name!r} stands for both {taken[own_name]!r} and {column.name!r}."
            mismatches.append(Mismatch(column.name, "mapped_twice", reason))
            continue
        taken[own_name] = column.name
        found = profile.column(own_name)
        if found is None:
            wanted = did_you_mean(repr(own_name), own_name, profile.column_names)
            mismatches.append(Mismatch(column.name, "missing_column", f"There is no column {wanted}."))
        else:
            mismatches += [Mismatch(column.name, code, _reason(code, found, column)) for code in faults(found, column)]
    return mismatches


def can_serve(profile: DatasetProfile, requirements: Requirements) -> bool:
    """Whether a dataset can serve a job as its columns are named: what `match_dataset` tells, constant columns aside.

    No reason is worded, so this is quick. A column that holds a single number says nothing about its weight, but does no harm
    next to other owners' rows.
    """
    if profile.row_count < requirements.min_rows:
        return False
    by_name = {column.name: column for column in profile.columns}
    found = [(by_name.get(column.name), column) for column in requirements.columns]
    return all(own is not None and set(faults(own, column)) <= {"constant"} for own, column in found)


def faults(found: ColumnProfile, required: RequiredColumn) -> list[MismatchCode]:
    """What keeps a dataset's column from standing for a required one, whatever the two are called."""
    codes: list[MismatchCode] = []
    if found.missing_count and not required.may_be_missing:
        codes.append("missing_cells")
    if required.kind is ColumnKind.CATEGORY:
        return codes
    if not found.is_numeric:
        return [] if required.may_be_missing and not found.unusable_count else ["not_numeric"]
    if found.is_constant and required.should_vary:
        codes.append("constant")
    if not _within(found, required):
        codes.append("out_of_range")
    return codes


def _reason(code: MismatchCode, found: ColumnProfile, required: RequiredColumn) -> str:
    match code:
        case "not_numeric":
            return _not_numeric(found)
        case "missing_cells":
            return _missing_cells(found, required)
        case "constant":
            return f"Column {found.name!r} holds {_held(found)}; there is nothing to learn from it."
        case _:
            return _out_of_range(found, required)


def _not_numeric(found: ColumnProfile) -> str:
    if found.first_unusable is None:
        return f"Column {found.name!r} holds no numbers: all its cells are empty."
    cell = found.first_unusable
    return (
        f"Column {found.name!r} is not numeric: {_cells(found.unusable_count)} cannot be used, the first in row "
        f"{cell.row} holds {cell.text!r}; expected {cell.expected}."
    )


def _missing_cells(found: ColumnProfile, required: RequiredColumn) -> str:
    cells, row = _cells(found.missing_count), found.first_missing_row
    if required.kind is ColumnKind.CATEGORY:
        return f"Column {found.name!r} has {cells} without a value, the first in row {row}; every row needs one."
    return f"Column {found.name!r} has {cells} without a value, the first in row {row}; every row needs a number."


def _out_of_range(found: ColumnProfile, required: RequiredColumn) -> str:
    low, high = (format_number(bound) for bound in (required.minimum, required.maximum) if bound is not None)
    highest = f"{high} {required.unit}".rstrip()
    return f"Column {found.name!r} holds {_held(found)}; the job declares {low} to {highest}."


def _within(found: ColumnProfile, required: RequiredColumn) -> bool:
    """Whether all numbers lie in the declared range, if one is declared."""
    if required.minimum is None or required.maximum is None or found.minimum is None or found.maximum is None:
        return True
    return required.minimum <= found.minimum and found.maximum <= required.maximum


def _held(found: ColumnProfile) -> str:
    low, high = (format_number(bound) for bound in (found.minimum, found.maximum) if bound is not None)
    return f"{low} in every row" if low == high else f"values from {low} to {high}"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
