"""What the buyer gets: one JSON document about the columns of all owners that answered.

Numbers are null where there is nothing to tell: no value, a constant column among the correlations, or sums in doubt.
"""

from __future__ import annotations

from typing import Literal

from commons.messages import FrozenModel


class Histogram(FrozenModel):
    """How many values are in each bin; the last one holds its upper edge too."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class NumberStatistics(FrozenModel):
    """A column of numbers. `variance` is divided by n; minimum and maximum are edges of the outermost filled bins."""

    count: int
    missing: int
    mean: float | None
    variance: float | None
    minimum: float | None
    maximum: float | None
    histogram: Histogram


class CategoryStatistics(FrozenModel):
    """A category: how many cells of each level."""

    count: int
    missing: int
    levels: dict[str, int]


class Correlation(FrozenModel):
    """Pearson's r of each pair of columns, over the rows that are complete in all of them."""

    columns: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]


class Doubt(FrozenModel):
    """Something that cannot be right about the result, of one column or of all: a code, and English."""

    code: str
    column: str | None = None
    text: str


class StatisticsReport(FrozenModel):
    """The whole document.

    Attributes:
        owners: how many answered.
        rows: that the sums are over.
        columns: by name, in the order of the job.
        correlation: where it was asked for.
        doubts: empty if the sums can be those of the rows that the owners signed for (`statistics.doubts`).
    """

    format: Literal["DeltaML statistics v1"] = "DeltaML statistics v1"
    owners: int
    rows: int
    columns: dict[str, NumberStatistics | CategoryStatistics]
    correlation: Correlation | None = None
    doubts: tuple[Doubt, ...] = ()
