"""Parquet files, read row group by row group and in small batches; columns that hold no numbers are not read at all.

Text that is packed well takes any amount of memory when it is unpacked, and nobody trains on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from commons.errors import DatasetInvalid
from commons.tables.table import ColumnBlock, TableBlock
from data_owner.adapters.data_files.cells import arrow_column, is_number_type, unread_column
from data_owner.adapters.data_files.checks import check_columns, clean_names, readable, require_room
from data_owner.adapters.data_files.opening import OpenStream
from data_owner.adapters.data_files.parquet_layout import Layout, RowGroup, read_layout, require_small_pages

_BATCH_ROWS = 1 << 14
_BATCH_CELLS = 1 << 21
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class _Column:
    """A column at a file's top level.

    Attributes:
        name_in_file: its name there, with surrounding spaces.
        index: of its first column of cells (`parquet_layout.Column`).
        kind: its type in Arrow's words.
        is_number: whether its cells are read.
        is_flat: whether it has one column of cells.
        is_null: whether its type has no values.
    """

    name_in_file: str
    index: int
    kind: str
    is_number: bool
    is_flat: bool
    is_null: bool


class ParquetFile:
    """A Parquet file with one column for each name at its top level.

    Args:
        path: the file's name, for messages.
        open_stream: opens it.

    Raises:
        DatasetInvalid: the file is not Parquet or damaged, a column is nameless or repeated, or there are too many rows.
    """

    def __init__(self, path: Path, open_stream: OpenStream) -> None:
        self._open_stream = open_stream
        self.source = str(path)
        with self._open() as (_, parquet, layout):
            self.column_names = clean_names(parquet.schema_arrow.names, source=self.source)
            self._columns = dict(zip(self.column_names, _columns(parquet.schema_arrow, layout), strict=True))
            require_room(layout.row_count, len(self.column_names), source=self.source)

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[TableBlock]:
        """Yield the rows in order, with the named columns only, or all; names are checked before the first row.

        Raises:
            DatasetInvalid: a column is not there, there are no rows, a page is too large, or the file is damaged.
        """
        wanted = {name: self._columns[name] for name in check_columns(columns, self.column_names, source=self.source)}
        row_count = 0
        try:
            with self._open() as (stream, parquet, layout):
                for number, group in enumerate(layout.row_groups):
                    numbers = {column.index: name for name, column in wanted.items() if column.is_number}
                    require_small_pages(stream, group, numbers, self.source)
                    for batch, rows in self._batches(parquet, number, group.row_count, wanted):
                        cells = _cells(batch, rows, group, wanted)
                        yield TableBlock(source=self.source, first_row=row_count + 1, columns=cells)
                        row_count += rows
        finally:
            # Arrow keeps what it has freed for next time.
            pa.default_memory_pool().release_unused()
        if row_count == 0:
            raise DatasetInvalid(f"{self.source}: the file has no rows; expected at least one", file=self.source)

    def _batches(
        self, parquet: pq.ParquetFile, number: int, row_count: int, wanted: dict[str, _Column]
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """The numbers of a row group in small batches, and how many rows each has; without numbers the rows alone."""
        batch_rows = max(1, min(_BATCH_ROWS, _BATCH_CELLS // len(wanted)))
        indices = [column.index for column in wanted.values() if column.is_number]
        if not indices:
            nothing = pa.RecordBatch.from_pydict({})
            yield from ((nothing, min(batch_rows, row_count - start)) for start in range(0, row_count, batch_rows))
            return
        # Not by name: the name of a column at the top can be the path of one inside another.
        batches = parquet.reader.iter_batches(
            batch_rows, row_groups=[number], column_indices=indices, use_threads=False
        )
        for batch in self._guarded(batches):
            yield batch, batch.num_rows

    @contextmanager
    def _open(self) -> Iterator[tuple[BinaryIO, pq.ParquetFile, Layout]]:
        with self._open_stream() as stream:
            with readable(self.source):
                layout = read_layout(stream, self.source)
                try:
                    # Without pre-buffering and with a stream buffer, because a row group can be as large as the file.
                    parquet = pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES, pre_buffer=False)
                    names = parquet.schema_arrow.names
                except UnicodeDecodeError as error:
                    raise DatasetInvalid(
                        f"{self.source}: the name of a column is not UTF-8 text; name it anew", file=self.source
                    ) from error
                except (pa.ArrowException, OSError) as error:
                    raise self._damaged(error) from error
            if len(names) != len(layout.columns):
                raise DatasetInvalid(
                    f"{self.source}: this is no readable Parquet file: it has {len(names)} columns, and describes "
                    f"{len(layout.columns)}",
                    file=self.source,
                )
            with parquet:
                yield stream, parquet, layout

    def _guarded(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from (batch for batch in batches if batch.num_rows)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DatasetInvalid:
        reason = str(error).splitlines()[0]
        return DatasetInvalid(f"{self.source}: this is no readable Parquet file: {reason}", file=self.source)


def _columns(schema: pa.Schema, layout: Layout) -> list[_Column]:
    return [
        _Column(
            name_in_file=field.name,
            index=column.index,
            kind=str(field.type),
            is_number=column.is_bounded and is_number_type(field.type),
            is_flat=column.is_flat,
            is_null=pa.types.is_null(field.type),
        )
        for field, column in zip(schema, layout.columns, strict=True)
    ]


def _cells(batch: pa.RecordBatch, rows: int, group: RowGroup, wanted: dict[str, _Column]) -> dict[str, ColumnBlock]:
    # Columns that are not read look alike, except for what they are said to be.
    unread = cache(partial(unread_column, rows))
    return {
        name: arrow_column(batch.column(column.name_in_file))
        if column.is_number
        else unread(f"({column.kind})", missing=_is_missing(group, column))
        for name, column in wanted.items()
    }


def _is_missing(group: RowGroup, column: _Column) -> bool:
    """Whether the file says of a column without numbers that in this row group it has no values at all."""
    return column.is_null or (column.is_flat and group.chunks[column.index].null_count == group.row_count)
