"""Histograms of a dataset's columns, read from the file when its owner looks; they are kept nowhere and go nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commons.errors import InvalidInput
from commons.messages import FrozenModel
from commons.storage.database import Database
from commons.tables.table import ColumnBlock
from data_owner.domain.dataset_profile import ColumnProfile
from data_owner.services.datasets import get_dataset, profile_of
from data_owner.services.ports import OpenDataFile

MAX_BINS = 100
MAX_COLUMNS = 50


class Histogram(FrozenModel):
    """How the numbers of a column are spread: `counts[i]` lie from `edges[i]` to `edges[i + 1]`, both empty without numbers.

    Cells that are empty or no numbers are counted apart.
    """

    column: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing_count: int
    unusable_count: int


class DatasetHistograms(FrozenModel):
    """Histograms of some columns of a dataset."""

    dataset_id: str
    row_count: int
    histograms: tuple[Histogram, ...]


@dataclass(frozen=True)
class Histograms:
    """Counts the cells of this owner's datasets.

    Attributes:
        database: of the service.
        open_file: reads data files.
    """

    database: Database
    open_file: OpenDataFile

    def of(self, dataset_id: str, columns: Sequence[str], bins: int) -> DatasetHistograms:
        """Count the cells of the named columns, or of the first `MAX_COLUMNS`, in one pass over the file.

        Raises:
            NotFound: no such dataset, or its file is gone.
            InvalidInput: it has no such column.
            DatasetInvalid: the file is damaged.
        """
        with self.database.snapshot() as session:
            dataset = get_dataset(session, dataset_id)
        counters = [_Counter.of(column, bins) for column in _chosen(profile_of(dataset).columns, columns)]
        row_count = 0
        for block in self.open_file(Path(dataset.path)).blocks([counter.column for counter in counters]):
            row_count += block.row_count
            for counter in counters:
                counter.add(block.columns[counter.column])
        return DatasetHistograms(
            dataset_id=dataset_id,
            row_count=row_count,
            histograms=tuple(counter.histogram() for counter in counters),
        )


def _chosen(columns: Sequence[ColumnProfile], names: Sequence[str]) -> list[ColumnProfile]:
    if not names:
        return list(columns[:MAX_COLUMNS])
    by_name = {column.name: column for column in columns}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise InvalidInput(f"column: the dataset has no column {unknown[0]!r}", field="column")
    return [by_name[name] for name in dict.fromkeys(names)]


@dataclass
class _Counter:
    column: str
    edges: npt.NDArray[np.float64] | None
    counts: npt.NDArray[Any] = field(init=False)
    missing: int = 0
    unusable: int = 0

    def __post_init__(self) -> None:
        self.counts = np.zeros(0 if self.edges is None else len(self.edges) - 1, dtype=np.int64)

    @classmethod
    def of(cls, profile: ColumnProfile, bins: int) -> _Counter:
        if profile.minimum is None or profile.maximum is None:
            return cls(profile.name, None)
        # Whole numbers in few steps get a bin each; halves keep infinite widths out of the range of a float.
        count = 1 if profile.is_constant else bins
        if profile.type in ("integer", "boolean"):
            count = min(count, int(min(profile.maximum - profile.minimum, MAX_BINS)) + 1)
        steps = np.linspace(0.0, 1.0, count + 1)
        edges = profile.minimum * (1 - steps) + profile.maximum * steps
        return cls(profile.name, edges)

    def add(self, cells: ColumnBlock) -> None:
        numbers = cells.values[cells.problems == 0]
        missing = int(np.count_nonzero(cells.problems == 1))
        self.missing += missing
        self.unusable += len(cells.values) - len(numbers) - missing
        if self.edges is not None and len(numbers):
            # A file that has grown since it was added may hold values outside the range that was seen then.
            places = np.searchsorted(self.edges, numbers, side="right") - 1
            self.counts += np.bincount(places.clip(0, len(self.counts) - 1), minlength=len(self.counts))

    def histogram(self) -> Histogram:
        edges = () if self.edges is None else tuple(self.edges.tolist())
        return Histogram(
            column=self.column,
            edges=edges,
            counts=tuple(self.counts.tolist()),
            missing_count=self.missing,
            unusable_count=self.unusable,
        )
