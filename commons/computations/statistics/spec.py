"""What a model buyer says of statistics: columns with their declared ranges or levels, and whether correlations are wanted.

All that an owner sends follows from this alone, so the limits here keep an answer below a megabyte under any key: at most
`MAX_SUMS` sums, of which the widest has 174 bits (`statistics.plan`). Noise would be one more member here.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from commons.computations.job_facts import ComputationSpec
from commons.messages import FrozenModel

MAX_COLUMNS = 200
MAX_BINS = 100
MAX_LEVELS = 200
MAX_LEVEL_LENGTH = 200
MAX_LEVEL_CHARACTERS = 100_000
"""Of the levels of all columns together: everybody who looks at a job gets them."""
MAX_SUMS = 16_000
MAX_MAGNITUDE = 1e100
"""Larger declared values would take variances out of the range of a float."""
CORRELATION = "correlation"
"""Code of the consent that correlations need."""

Declared = Annotated[float, Field(json_schema_extra={"minimum": -MAX_MAGNITUDE, "maximum": MAX_MAGNITUDE})]
"""An end of a declared range; `NumberColumn` checks what is said here."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Level = Annotated[str, Field(min_length=1, max_length=MAX_LEVEL_LENGTH)]


class NumberColumn(FrozenModel):
    """A column of numbers with its declared range: owners whose values leave it do not match.

    Its histogram has `bins` bins of one width over the range.
    """

    kind: Literal["number"] = "number"
    name: Name
    minimum: Declared
    maximum: Declared
    unit: str = Field(default="", max_length=50)
    bins: int = Field(default=10, ge=1, le=MAX_BINS)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.minimum < self.maximum:
            raise ValueError(f"{self.name}: minimum {self.minimum} must be below maximum {self.maximum}")
        magnitude = max(abs(self.minimum), abs(self.maximum))
        if magnitude > MAX_MAGNITUDE or self.maximum - self.minimum < sys.float_info.min:
            raise ValueError(f"{self.name}: the range is too wide or too narrow to compute with; use another unit")
        return self

    def edges(self) -> npt.NDArray[np.float64]:
        """Edges of the bins, shape (bins + 1,): minimum + (maximum − minimum)·k/bins, each rounded once.

        In a range that is narrow against its offset edges can be equal; the bin between them stays empty.
        """
        low, width = Fraction(self.minimum), Fraction(self.maximum) - Fraction(self.minimum)
        return np.array([float(low + width * k / self.bins) for k in range(self.bins + 1)])


class CategoryColumn(FrozenModel):
    """A column of texts with its declared levels: owners that have others do not match. Cells are compared stripped."""

    kind: Literal["category"] = "category"
    name: Name
    levels: tuple[Level, ...] = Field(max_length=MAX_LEVELS)

    @field_validator("levels")
    @classmethod
    def _distinct(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        # Not min_length, which also complains when the only level is wrong in another way.
        if not levels:
            raise ValueError("name at least one level")
        if any(level != level.strip() for level in levels):
            raise ValueError("levels must have no white space around them")
        if repeated := sorted({level for level in levels if levels.count(level) > 1}):
            raise ValueError(f"levels must differ; repeated: {', '.join(repeated)}")
        return levels


def _without_tag(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Check a column; what is wrong is placed at its members, which pydantic puts below the kind as if that were one."""
    try:
        return check(value)
    except ValidationError as error:
        found = [
            InitErrorDetails(type=one["type"], loc=one["loc"][1:], input=one["input"], ctx=one.get("ctx", {}))
            for one in error.errors()
        ]
        raise ValidationError.from_exception_data(error.title, found) from error


AnyColumn = NumberColumn | CategoryColumn
Column = Annotated[Annotated[AnyColumn, Field(discriminator="kind")], WrapValidator(_without_tag)]


class StatisticsSpec(ComputationSpec):
    """Which columns are described; `correlation` asks for those of all pairs of number columns, over complete rows."""

    kind: Literal["statistics"] = "statistics"
    columns: tuple[Column, ...] = Field(max_length=MAX_COLUMNS)
    correlation: bool = False

    @field_validator("columns")
    @classmethod
    def _distinct(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        if not columns:
            raise ValueError("name at least one column")
        names = [column.name for column in columns]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"column names must differ; repeated: {', '.join(repeated)}")
        characters = sum(len(level) for one in columns if isinstance(one, CategoryColumn) for level in one.levels)
        if characters > MAX_LEVEL_CHARACTERS:
            raise ValueError(
                f"the levels of all columns have {characters} characters; expected at most {MAX_LEVEL_CHARACTERS}, with "
                "shorter or fewer levels"
            )
        if (count := _sum_count(columns)) > MAX_SUMS:
            raise ValueError(
                f"an owner sends {count} sums of these; expected at most {MAX_SUMS}, with fewer columns, bins or levels"
            )
        return columns

    @field_validator("correlation")
    @classmethod
    def _possible(cls, correlation: bool, info: ValidationInfo) -> bool:
        if not correlation or "columns" not in info.data:
            return correlation
        columns = info.data["columns"]
        k = sum(isinstance(column, NumberColumn) for column in columns)
        if k < 2:
            raise ValueError("needs at least two columns of numbers")
        count = _sum_count(columns) + _product_count(k)
        if count > MAX_SUMS:
            raise ValueError(
                f"with correlations an owner sends {count} sums; expected at most {MAX_SUMS}, with fewer columns, bins or levels"
            )
        return correlation

    @property
    def numbers(self) -> tuple[NumberColumn, ...]:
        """The columns of numbers, in the order of the job."""
        return tuple(column for column in self.columns if isinstance(column, NumberColumn))

    @property
    def categories(self) -> tuple[CategoryColumn, ...]:
        """The other columns, in the order of the job."""
        return tuple(column for column in self.columns if isinstance(column, CategoryColumn))

    @property
    def sum_count(self) -> int:
        """How many sums an owner sends (`statistics.sums`)."""
        return _sum_count(self.columns) + (_product_count(len(self.numbers)) if self.correlation else 0)

    @property
    def consents(self) -> tuple[str, ...]:
        """What an owner must agree to beside the job's terms."""
        return (CORRELATION,) if self.correlation else ()


def _sum_count(columns: tuple[Column, ...]) -> int:
    """Rows; of each column of numbers n, Σv, Σv² and its bins; of each category its levels."""
    return 1 + sum(3 + one.bins if isinstance(one, NumberColumn) else len(one.levels) for one in columns)


def _product_count(k: int) -> int:
    """Complete rows, their sums in k columns of numbers, and the products of these."""
    return 1 + k + k * (k + 1) // 2
