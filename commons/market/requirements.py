"""What a job asks of a data set, whatever is computed from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnKind(StrEnum):
    """What the cells of a column are."""

    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True)
class RequiredColumn:
    """A column that a job reads.

    Attributes:
        name: as the job calls it; an owner may have it under another name.
        role: what the computation uses it for, in its own words ("feature", "target", "column").
        kind: numbers or texts.
        minimum, maximum: inclusive declared range of a column of numbers.
        unit: of the numbers.
        levels: the texts that cells of a category may be.
        may_be_missing: whether cells may be empty.
        should_vary: whether a column that holds one number only is worth a remark, because it tells nothing.
    """

    name: str
    role: str
    kind: ColumnKind = ColumnKind.NUMBER
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    levels: tuple[str, ...] = ()
    may_be_missing: bool = False
    should_vary: bool = False


@dataclass(frozen=True)
class Requirements:
    """What a data set must have.

    Attributes:
        columns: in the order of the job.
        min_rows: the least number of rows.
        consents: codes of what an owner must agree to beside the job's terms, because it tells more than usual.
        answered_once: whether an answer tells something about these very rows, so that an owner gives it once for the same
            columns of the same version of a data set, unless it says otherwise.
    """

    columns: tuple[RequiredColumn, ...]
    min_rows: int = 1
    consents: tuple[str, ...] = ()
    answered_once: bool = False
