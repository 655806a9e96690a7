"""Dataset files on the owner's disk, read in blocks so that memory does not grow with rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from commons.errors import DatasetInvalid
from data_owner.adapters.data_files.checks import readable
from data_owner.adapters.data_files.csv_file import CsvFile
from data_owner.adapters.data_files.parquet_file import ParquetFile
from data_owner.domain.table import TableBlock

__all__ = ["DataFile", "open_data_file"]

_PARQUET_MAGIC = b"PAR1"


class DataFile(Protocol):
    """A table on disk.

    Attributes:
        source: the file's name as it was given, for messages.
        column_names: names of the columns, without surrounding spaces, in the file's order.
    """

    source: str
    column_names: tuple[str, ...]

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[TableBlock]:
        """Yield the rows in order, with the named columns only, or all; raises DatasetInvalid for a damaged file."""


def open_data_file(path: Path | str) -> DataFile:
    """Return the table in a `.csv` or `.parquet` file, its header checked and no row read yet.

    Raises:
        NotFound: there is no such file.
        DatasetInvalid: it is not a file, cannot be opened, is of another kind, or has no usable header.
    """
    path = Path(path)
    with readable(str(path)), path.open("rb") as stream:
        magic = stream.read(len(_PARQUET_MAGIC))
    if magic == _PARQUET_MAGIC or path.suffix.lower() in (".parquet", ".pq"):
        return ParquetFile(path)
    if path.suffix.lower() == ".csv":
        return CsvFile(path)
    raise DatasetInvalid(f"{path} is of an unknown kind; expected a .csv or .parquet file", file=str(path))
