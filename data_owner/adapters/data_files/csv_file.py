"""CSV files: comma-separated UTF-8 with a header line, quoted as in RFC 4180, blank lines ignored.

Cells are read as bytes and turned into numbers by `cells`, because a reader that guesses types from the first block
cannot say which row of a later block broke the guess.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from commons.errors import DatasetInvalid
from commons.tables.table import TableBlock, shorten
from data_owner.adapters.data_files.cells import text_column
from data_owner.adapters.data_files.checks import check_columns, clean_names, readable, require_room
from data_owner.adapters.data_files.opening import OpenStream

_BLOCK_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"


class CsvFile:
    """A CSV file, read in blocks of about a megabyte, which no row is longer than.

    Args:
        path: the file's name, for messages.
        open_stream: opens it.

    Raises:
        DatasetInvalid: no usable header: empty file, nameless or repeated column, another separator or encoding.
    """

    def __init__(self, path: Path, open_stream: OpenStream) -> None:
        self._open = open_stream
        self.source = str(path)
        with readable(self.source), open_stream() as stream:
            header, self._body_offset = _read_header(stream, self.source)
            self._has_body = os.fstat(stream.fileno()).st_size > self._body_offset
        self.column_names = clean_names(header, source=self.source)

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[TableBlock]:
        """Yield the rows in order, with the named columns only, or all; names are checked before the first row.

        Raises:
            DatasetInvalid: a column is not there, there are no rows or too many, or a row has too many or too few cells.
        """
        wanted = check_columns(columns, self.column_names, source=self.source)
        row_count, last_cell = 0, b""
        for batch in self._batches(wanted):
            if batch.num_rows == 0:
                continue
            require_room(row_count + batch.num_rows, len(self.column_names), source=self.source)
            first_row = row_count + 1
            cells = {name: text_column(self._decoded(batch, name, first_row)) for name in wanted}
            row_count += batch.num_rows
            last_cell = batch.column(self.column_names[-1])[-1].as_py()
            yield TableBlock(source=self.source, first_row=first_row, columns=cells, line_of_row=self._line_of_row)
        if row_count == 0:
            raise DatasetInvalid(
                f"{self.source}: there is a header but no row; expected at least one row of data", file=self.source
            )
        if b"\n" in last_cell and not self._ends_in_quote():
            raise DatasetInvalid(
                f"{self.source}: row {row_count} has a quote that is never closed", file=self.source, row=row_count
            )

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        if not self._has_body:
            return
        ragged: list[pa_csv.InvalidRow] = []
        rows_read = 0

        def refuse(row: pa_csv.InvalidRow) -> str:
            ragged.append(row)
            return "error"

        with readable(self.source):
            try:
                # Without threads, because only then does a ragged row know its number.
                for batch in pa_csv.open_csv(
                    self._body(),
                    read_options=pa_csv.ReadOptions(
                        use_threads=False, block_size=_BLOCK_BYTES, column_names=list(self.column_names)
                    ),
                    parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
                    convert_options=pa_csv.ConvertOptions(
                        include_columns=list(dict.fromkeys([*columns, self.column_names[-1]])),
                        column_types=dict.fromkeys(self.column_names, pa.binary()),
                        strings_can_be_null=False,
                    ),
                ):
                    rows_read += batch.num_rows
                    yield batch
            except pa.ArrowInvalid as error:
                if ragged:
                    raise self._ragged_row(ragged[0]) from error
                raise self._unreadable_row(rows_read, error) from error

    def _body(self) -> pa.OSFile:
        """The file behind its header, as Arrow opens files itself.

        Arrow's threads read ahead, and let go of what they have read when it suits them. What comes of a Python file is
        Python's: a thread that lets go of it while the interpreter ends aborts the process. Nobody closes this file either,
        since a thread may be reading; it is closed once all have let go of it.
        """
        with self._open() as stream:
            # The very file that was opened, whatever its path leads to by now.
            body = pa.OSFile(f"/proc/self/fd/{stream.fileno()}")
        body.seek(self._body_offset)
        return body

    def _ends_in_quote(self) -> bool:
        with readable(self.source), self._open() as stream:
            stream.seek(max(self._body_offset, os.fstat(stream.fileno()).st_size - _BLOCK_BYTES))
            return stream.read().rstrip().endswith(b'"')

    def _ragged_row(self, row: pa_csv.InvalidRow) -> DatasetInvalid:
        line = self._line_of_row(row.number)
        where = f"row {row.number}" if line is None else f"row {row.number} (line {line})"
        return DatasetInvalid(
            f"{self.source}: {where} has {row.actual_columns} cells; expected {row.expected_columns}, as in the "
            f"header: {shorten(row.text)!r}",
            file=self.source,
            row=row.number,
            line=line,
        )

    def _unreadable_row(self, rows_read: int, error: pa.ArrowInvalid) -> DatasetInvalid:
        reason = str(error).splitlines()[0]
        if "straddling" in reason:
            reason = "a row goes on for more than a megabyte; expected every quote to be closed"
        return DatasetInvalid(f"{self.source}: after row {rows_read}: {reason}", file=self.source, row=rows_read + 1)

    def _decoded(self, batch: pa.RecordBatch, column: str, first_row: int) -> pa.StringArray:
        cells = batch.column(column)
        try:
            return cells.cast(pa.string())
        except pa.ArrowInvalid as error:
            index = next(i for i, cell in enumerate(cells) if not _is_utf8(cell.as_py()))
            row = first_row + index
            line = self._line_of_row(row)
            raise DatasetInvalid(
                f"{self.source}: column {column!r}, row {row} (line {line}) is not UTF-8 text; save the file as UTF-8",
                file=self.source,
                column=column,
                row=row,
                line=line,
            ) from error

    def _line_of_row(self, row: int) -> int | None:
        """Read the file again up to `row` and return its line, which quoted line breaks and blank lines shift."""
        with self._open() as opened, io.TextIOWrapper(opened, "utf-8-sig", "replace", newline="") as stream:
            reader = csv.reader(stream)
            records_left = row + 1
            line_before = 0
            try:
                for record in reader:
                    records_left -= bool(record)
                    if records_left == 0:
                        return line_before + 1
                    line_before = reader.line_num
            except csv.Error:
                return None
        return None


def _read_header(stream: BinaryIO, source: str) -> tuple[list[str], int]:
    """Return the cells of the first line that is not blank, and the offset at which the next one starts."""
    if stream.read(len(_BOM)) != _BOM:
        stream.seek(0)
    try:
        header = next(record for record in csv.reader(_lines(stream), skipinitialspace=True, strict=True) if record)
    except StopIteration as error:
        raise DatasetInvalid(f"{source}: the file is empty; expected a header line of names", file=source) from error
    except UnicodeDecodeError as error:
        raise DatasetInvalid(f"{source}: the header is not UTF-8 text; save the file as UTF-8", file=source) from error
    except csv.Error as error:
        raise DatasetInvalid(
            f"{source}: the header cannot be read; expected names separated by commas, closed quotes and line feeds",
            file=source,
        ) from error
    separator = next((mark for mark in (";", "\t", "|") if len(header) == 1 and mark in header[0]), None)
    if separator:
        raise DatasetInvalid(
            f"{source}: the header is separated by {separator!r}; expected commas (and points in decimal numbers)",
            file=source,
        )
    return header, stream.tell()


def _lines(stream: BinaryIO) -> Iterator[str]:
    while line := stream.readline(_BLOCK_BYTES):
        yield line.decode("utf-8")


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
