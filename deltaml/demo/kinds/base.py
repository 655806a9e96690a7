"""What a kind of computation brings to the demo: its options, its rows, its job, and how it tells what came of it.

Rows are dealt with `numpy.random.default_rng(seed).permutation(n_rows)` and `numpy.array_split` in that order, whatever is
computed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from rich.table import Table

from commons.errors import DatasetInvalid
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.options import LEAST_OWNERS, MOST_OWNERS, require_between

RowIndexes = npt.NDArray[np.int64]
"""Indexes of some rows of a table, the first one 0; shape (m,)."""

Cells = tuple[Sequence[str], Iterable[Sequence[str]]]
"""A table as text: header and rows."""


class KindOptions(ABC):
    """What was asked of one kind, every value checked when it is made.

    Attributes:
        kind: of computation.
        least_owners: so many it takes.
        why_least_owners: why fewer are refused.
    """

    kind: ClassVar[str]
    least_owners: ClassVar[int] = LEAST_OWNERS
    why_least_owners: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def of(cls, data: Path | None, given: Mapping[str, Any]) -> Self:
        """The options of a command line.

        Args:
            data: file of rows; None takes scikit-learn's diabetes data.
            given: what was given of the kind's own options.

        Raises:
            InvalidInput: naming the option.
        """

    @abstractmethod
    def read(self) -> DemoJob:
        """Read the rows; errors are about the data."""

    def require_owners(self, owners: int) -> None:
        """Raise InvalidInput for fewer owners than the kind takes."""
        require_between("owners", owners, self.least_owners, MOST_OWNERS, self.why_least_owners)


class DemoJob(ABC):
    """One kind's job about one table.

    Attributes:
        kind: of computation.
        delivered: what the buyer gets, for people.
        phase: what is done between the start and the delivery, for people.
    """

    kind: ClassVar[str]
    delivered: ClassVar[str]
    phase: ClassVar[str]

    @property
    @abstractmethod
    def table_name(self) -> str:
        """For people."""

    @property
    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are to deal."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What owners read first."""

    @abstractmethod
    def computation(self) -> dict[str, Any]:
        """What is computed, as the buyer specifies it."""

    @abstractmethod
    def write_rows(self, path: Path, rows: RowIndexes) -> None:
        """Write one owner's rows as CSV."""

    @abstractmethod
    def sample(self) -> Cells:
        """A few rows with all that the job declares: the ends of its ranges, and its levels."""

    @property
    def remarks(self) -> Sequence[str]:
        """What is to be said of the data before the job."""
        return ()

    @abstractmethod
    def summarise(
        self, finished: FinishedJob, owners: Sequence[Mapping[str, Any]], parts: Sequence[RowIndexes]
    ) -> dict[str, Any]:
        """What came out, beside the same computed in the clear.

        Args:
            finished: the job.
            owners: in the order of their parts, with at least `role`.
            parts: each owner's rows.
        """

    def fault(self, summary: Mapping[str, Any]) -> str | None:
        """Why what came out is not what it should be; a kind whose results are rounded leaves that to who reads them."""
        return None

    @abstractmethod
    def facts(self, summary: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """A few lines for people, each a name and a text."""

    def tables(self, summary: Mapping[str, Any]) -> Sequence[Table]:
        """What else there is for people."""
        return ()

    def deal(self, seed: int, owners: int) -> list[RowIndexes]:
        """Each owner's rows, in the order of the owners; raises DatasetInvalid when there are fewer rows than owners."""
        if self.row_count < owners:
            raise DatasetInvalid(
                f"{self.table_name}: {self.row_count} rows are too few for {owners} owners; each needs at least one",
                file=self.table_name,
            )
        return np.array_split(np.random.default_rng(seed).permutation(self.row_count), owners)
