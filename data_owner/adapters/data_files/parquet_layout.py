"""What a Parquet file says of itself, read before Arrow reads anything: columns, row groups, and what pages unpack to.

A file of some hundred bytes can hold a page that unpacks to gigabytes, and Arrow makes room for what the page's own header
says, whatever the rest of the file says. So these headers are read here. The rest is read here too, because Arrow's own view of
it ends the process when a file contradicts itself.

Reference: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from commons.errors import DatasetInvalid
from data_owner.adapters.data_files.thrift_compact import I32, I64, CompactReader, Kind, NotThrift, struct, structs

MOST_FOOTER_BYTES = 8 * 2**20
MOST_PAGE_BYTES = 64 * 2**20
MOST_BYTES_AT_ONCE = 2**30
"""Of the largest page and the dictionary of each column that is read, in one row group. Usual writers make both 2^20 bytes
large, so that 500 columns are well below."""
_MOST_HEADER_BYTES = 1 << 14
_PADDING_BYTES = 100
"""So far behind its end Arrow looks for the rest of a column, because an old writer forgot to count some."""

_MAGIC: Final = b"PAR1"
_BYTE_ARRAY: Final = 6
_DICTIONARY_PAGE: Final = 2
_LONGEST_NUMBER_BYTES: Final = 32

_SCHEMA_ELEMENT = {1: I32, 2: I32, 5: I32}  # type, type_length, num_children
_STATISTICS = {3: I64}  # null_count
_COLUMN = {5: I64, 7: I64, 9: I64, 11: I64, 12: struct(_STATISTICS)}  # values, packed bytes, data and dictionary offset
_ROW_GROUP = {1: structs({3: struct(_COLUMN)}), 3: I64}  # columns, num_rows
_FILE: dict[int, Kind] = {2: structs(_SCHEMA_ELEMENT), 4: structs(_ROW_GROUP)}
_VALUES = {1: I32}  # num_values
_PAGE: dict[int, Kind] = {1: I32, 2: I32, 3: I32, **dict.fromkeys((5, 7, 8), struct(_VALUES))}


@dataclass(frozen=True)
class Column:
    """A column at the top level of a table.

    Attributes:
        index: of its first column of cells; a nested one has several.
        is_flat: whether it has one column of cells.
        is_bounded: whether each of its cells takes a few bytes only; decimals may be stored as texts of any length.
    """

    index: int
    is_flat: bool
    is_bounded: bool


@dataclass(frozen=True)
class Chunk:
    """The cells of one column in one row group: where they begin and end in the file, and how many there are."""

    start: int
    end: int
    value_count: int
    null_count: int | None


@dataclass(frozen=True)
class RowGroup:
    """Some rows, by columns of cells."""

    row_count: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True)
class Layout:
    """The whole file."""

    columns: tuple[Column, ...]
    row_groups: tuple[RowGroup, ...]

    @property
    def row_count(self) -> int:
        """Rows in all."""
        return sum(group.row_count for group in self.row_groups)


@dataclass(frozen=True)
class Page:
    """A page: the bytes that it unpacks to, whether it is a column's dictionary, and how many values it holds."""

    unpacked_bytes: int
    is_dictionary: bool
    value_count: int


def read_layout(stream: BinaryIO, source: str) -> Layout:
    """Return what stands at the end of a Parquet file.

    Raises:
        DatasetInvalid: there is nothing of that kind, or more than is read here.
    """
    file_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, file_bytes - 8))
    size, magic = int.from_bytes(stream.read(4), "little"), stream.read(4)
    if magic != _MAGIC or size > file_bytes - 8:
        raise _unreadable(source, "it does not end as one, or is encrypted")
    if size > MOST_FOOTER_BYTES:
        raise DatasetInvalid(
            f"{source}: the description of columns and row groups has {size} bytes; expected at most "
            f"{MOST_FOOTER_BYTES}, with larger row groups",
            file=source,
        )
    stream.seek(file_bytes - 8 - size)
    try:
        footer = CompactReader(stream.read(size)).struct(_FILE)
        columns, width = _columns(footer[2])
        return Layout(columns, tuple(_row_group(group, width) for group in footer[4]))
    except (NotThrift, KeyError, IndexError, ValueError) as error:
        raise _unreadable(source, "its description cannot be read") from error


def require_small_pages(stream: BinaryIO, group: RowGroup, columns: dict[int, str], source: str) -> None:
    """Raise DatasetInvalid when reading some columns of a row group would take too much memory at once.

    Args:
        stream: the file.
        group: the row group.
        columns: names by the numbers of columns of cells.
        source: the file's name, for messages.
    """
    total = 0
    for index, name in columns.items():
        needed = {True: 0, False: 0}
        for page in _guarded(pages(stream, group.chunks[index]), source, name):
            if page.unpacked_bytes > MOST_PAGE_BYTES:
                raise DatasetInvalid(
                    f"{source}: column {name!r} has a page of {page.unpacked_bytes} bytes; expected at most "
                    f"{MOST_PAGE_BYTES}, with smaller pages or row groups",
                    file=source,
                    column=name,
                )
            needed[page.is_dictionary] = max(needed[page.is_dictionary], page.unpacked_bytes)
        total += sum(needed.values())
    if total > MOST_BYTES_AT_ONCE:
        raise DatasetInvalid(
            f"{source}: a row group takes {total} bytes to read; expected at most {MOST_BYTES_AT_ONCE}, with smaller "
            "pages or fewer columns",
            file=source,
        )


def pages(stream: BinaryIO, chunk: Chunk) -> Iterator[Page]:
    """The pages of a column in a row group; raises NotThrift where there is none."""
    at, values_left = chunk.start, chunk.value_count
    while at < chunk.end + _PADDING_BYTES and values_left > 0:
        stream.seek(at)
        reader = CompactReader(stream.read(_MOST_HEADER_BYTES))
        header = reader.struct(_PAGE)
        unpacked, packed = header.get(2, 0), header.get(3, 0)
        values = next((header[number].get(1, 0) for number in (5, 8) if number in header), 0)
        if min(unpacked, packed, values) < 0:
            raise NotThrift("a negative size")
        yield Page(unpacked, header.get(1) == _DICTIONARY_PAGE, values)
        at += reader.at + packed
        values_left -= values


def _columns(elements: list[dict[int, Any]]) -> tuple[tuple[Column, ...], int]:
    """The columns at the top level, and how many columns of cells there are.

    Elements come in the order of a walk through the tree, the root first.
    """
    found: list[Column] = []
    index, at = 0, 1
    for _ in range(elements[0].get(5, 0)):
        element, start = elements[at], index
        index, at = _walk(elements, at, index)
        length = element.get(2, 0)
        is_flat = not element.get(5, 0)
        is_bounded = is_flat and element.get(1) != _BYTE_ARRAY and 0 <= length <= _LONGEST_NUMBER_BYTES
        found.append(Column(start, is_flat, is_bounded))
    return tuple(found), index


def _walk(elements: list[dict[int, Any]], at: int, index: int) -> tuple[int, int]:
    """Where the next columns of cells and elements are, behind an element and everything in it."""
    still_to_come = 1
    while still_to_come:
        children = elements[at].get(5, 0)
        if children < 0:
            raise NotThrift("a negative number of columns")
        index += not children
        still_to_come += children - 1
        at += 1
    return index, at


def _row_group(group: dict[int, Any], width: int) -> RowGroup:
    if group[3] < 0 or len(group[1]) != width:
        raise NotThrift("a negative number of rows, or more or fewer columns than are described")
    return RowGroup(group[3], tuple(_chunk(column.get(3, {})) for column in group[1]))


def _chunk(column: dict[int, Any]) -> Chunk:
    start, dictionary = column.get(9, 0), column.get(11, 0)
    if 0 < dictionary < start:
        start = dictionary
    return Chunk(start, start + column.get(7, 0), column.get(5, 0), column.get(12, {}).get(3))


def _guarded(found: Iterator[Page], source: str, column: str) -> Iterator[Page]:
    try:
        yield from found
    except (NotThrift, OSError, OverflowError, ValueError) as error:
        raise DatasetInvalid(
            f"{source}: this is no readable Parquet file: column {column!r} has no readable pages",
            file=source,
            column=column,
        ) from error


def _unreadable(source: str, reason: str) -> DatasetInvalid:
    return DatasetInvalid(f"{source}: this is no readable Parquet file: {reason}", file=source)
