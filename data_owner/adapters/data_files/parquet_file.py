"""Parquet files, read column by column and in small batches whatever the size of their row groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from commons.errors import DatasetInvalid
from data_owner.adapters.data_files.cells import arrow_column
from data_owner.adapters.data_files.checks import check_columns, clean_names, readable
from data_owner.domain.table import TableBlock

_BATCH_ROWS = 1 << 14
_BUFFER_BYTES = 1 << 20


class ParquetFile:
    """A Parquet file with one column for each name at its top level.

    Args:
        path: the file.

    Raises:
        DatasetInvalid: the file is not Parquet or damaged, or a column is nameless or repeated.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.source = str(path)
        with self._open() as parquet:
            names = parquet.schema_arrow.names
        self.column_names = clean_names(names, source=self.source)
        self._name_in_file = dict(zip(self.column_names, names, strict=True))

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[TableBlock]:
        """Yield the rows in order, with the named columns only, or all; names are checked before the first row.

        Raises:
            DatasetInvalid: a column is not there, there are no rows, or the file is damaged.
        """
        wanted = check_columns(columns, self.column_names, source=self.source)
        in_file = [self._name_in_file[name] for name in wanted]
        row_count = 0
        with self._open() as parquet:
            batches = parquet.iter_batches(batch_size=_BATCH_ROWS, columns=in_file, use_threads=False)
            for batch in self._guarded(batches):
                cells = {name: arrow_column(batch.column(self._name_in_file[name])) for name in wanted}
                yield TableBlock(source=self.source, first_row=row_count + 1, columns=cells)
                row_count += batch.num_rows
        if row_count == 0:
            raise DatasetInvalid(f"{self.source}: the file has no rows; expected at least one", file=self.source)

    def _open(self) -> pq.ParquetFile:
        with readable(self.source):
            try:
                # Without pre-buffering and with a stream buffer, because a row group can be as large as the file.
                return pq.ParquetFile(self._path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            except pa.ArrowException as error:
                raise self._damaged(error) from error

    def _guarded(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from (batch for batch in batches if batch.num_rows)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DatasetInvalid:
        reason = str(error).splitlines()[0]
        return DatasetInvalid(f"{self.source}: this is no readable Parquet file: {reason}", file=self.source)
