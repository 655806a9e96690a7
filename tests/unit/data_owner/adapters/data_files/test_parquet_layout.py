"""The sizes of a Parquet file's pages as its own writer has them, and limits on them before anything is unpacked."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.errors import DatasetInvalid
from data_owner.adapters.data_files import open_data_file, parquet_layout
from data_owner.adapters.data_files.parquet_layout import Chunk, RowGroup, pages, read_layout, require_small_pages
from data_owner.domain.dataset_profile import profile_blocks

FORMS: list[dict[str, Any]] = [
    {},
    {"data_page_version": "2.0"},
    {"use_dictionary": False, "data_page_size": 4096},
    {"compression": "none", "write_page_checksum": True},
    {"compression": "zstd", "write_statistics": False},
    {"compression": "gzip", "use_dictionary": False, "column_encoding": {"a": "DELTA_BINARY_PACKED"}},
]


@pytest.mark.parametrize("form", FORMS)
def test_pages_are_those_that_the_writer_counted(tmp_path: Path, form: dict[str, Any]) -> None:
    path = tmp_path / "a.parquet"
    cells = np.random.default_rng(1).integers(0, 5000, 60_000)
    pq.write_table(pa.table({"a": pa.array([None, *cells])}), path, row_group_size=25_000, **form)
    metadata = pq.read_metadata(path)
    with path.open("rb") as stream:
        layout = read_layout(stream, "a.parquet")
        assert (layout.row_count, len(layout.row_groups)) == (60_001, metadata.num_row_groups)
        for number, group in enumerate(layout.row_groups):
            chunk = metadata.row_group(number).column(0)
            found = list(pages(stream, group.chunks[0]))
            assert sum(page.value_count for page in found if not page.is_dictionary) == chunk.num_values
            assert sum(page.is_dictionary for page in found) == chunk.has_dictionary_page
            # The writer's sum has the headers too, some dozens of bytes each.
            headers = chunk.total_uncompressed_size - sum(page.unpacked_bytes for page in found)
            assert 10 * len(found) <= headers <= 120 * len(found)


def test_a_page_that_unpacks_to_more_than_is_read_at_once_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zeros.parquet"
    rows = 10_000_000
    pq.write_table(
        pa.table({"a": pa.array(np.zeros(rows))}),
        path,
        compression="zstd",
        use_dictionary=False,
        data_page_size=1 << 30,
        write_batch_size=rows,
        max_rows_per_page=rows,
        row_group_size=rows,
    )
    assert path.stat().st_size < 10_000
    with pytest.raises(
        DatasetInvalid, match=r"zeros.parquet: column 'a' has a page of 800\d{5} bytes; expected at most"
    ):
        next(open_data_file(path).blocks())


def test_pages_that_are_too_much_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({f"c{number}": pa.array(np.arange(1000.0)) for number in range(4)}), path)
    monkeypatch.setattr(parquet_layout, "MOST_BYTES_AT_ONCE", 30_000)
    with pytest.raises(DatasetInvalid, match=r"a row group takes \d+ bytes to read; expected at most 30000"):
        next(open_data_file(path).blocks())
    assert next(open_data_file(path).blocks(["c0", "c3"])).row_count == 1000


def test_a_footer_that_is_larger_than_any_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.array([1.0])}), path)
    monkeypatch.setattr(parquet_layout, "MOST_FOOTER_BYTES", 100)
    with pytest.raises(DatasetInvalid, match=r"the description of columns and row groups has \d+ bytes"):
        open_data_file(path)


@given(st.binary(max_size=300))
def test_whatever_stands_where_a_header_should_be_is_read_or_refused(content: bytes) -> None:
    group = RowGroup(1000, (Chunk(0, len(content), 1000, None),))
    with suppress(DatasetInvalid):
        require_small_pages(io.BytesIO(content), group, {0: "a"}, "x.parquet")


def test_a_file_with_wrong_bytes_is_read_or_refused(tmp_path: Path) -> None:
    """Also where Arrow's own view of a file that contradicts itself would end the process."""
    path, rng = tmp_path / "a.parquet", random.Random(5)
    table = pa.table(
        {
            "a": pa.array([1.5, None, 3.0] * 20),
            "s": pa.array(["x", "yy", None] * 20),
            "n": pa.array([{"x": 1, "y": [1, 2]}] * 60),
            "d": pa.array([Decimal("1.25")] * 60, pa.decimal128(20, 2)),
        }
    )
    pq.write_table(table, path, row_group_size=40)
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    refused = 0
    for _ in range(400):
        content = bytearray(whole)
        content[rng.randrange(0 if rng.random() < 0.2 else footer, len(whole) - 8)] = rng.randrange(256)
        path.write_bytes(content)
        try:
            profile_blocks(open_data_file(path).blocks())
        except DatasetInvalid:
            refused += 1
    assert 100 < refused < 400


def test_a_column_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"age": pa.array([1.0])}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"age", b"\xe4ge"))
    with pytest.raises(DatasetInvalid, match="the name of a column is not UTF-8 text"):
        open_data_file(path)
