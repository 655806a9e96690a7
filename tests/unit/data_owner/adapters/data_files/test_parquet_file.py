from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commons.errors import DatasetInvalid, NotFound
from data_owner.adapters.data_files import checks as checks_module
from data_owner.adapters.data_files import open_data_file
from data_owner.adapters.data_files import parquet_file as parquet_module
from data_owner.domain.dataset_profile import DatasetProfile, profile_blocks


@pytest.fixture
def write(tmp_path: Path):
    def write_parquet(columns: dict[str, pa.Array] | pa.Table, **options) -> Path:
        path = tmp_path / "owner.parquet"
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
        return path

    return write_parquet


def profile(path: Path) -> DatasetProfile:
    return profile_blocks(open_data_file(path).blocks())


def values(path: Path, name: str) -> list[float]:
    return [value for block in open_data_file(path).blocks([name]) for value in block.columns[name].values.tolist()]


@pytest.mark.parametrize(
    ("cells", "expected", "column_type"),
    [
        (pa.array([1, -2], pa.int8()), [1, -2], "integer"),
        (pa.array([1, 2**53], pa.uint64()), [1, 2**53], "integer"),
        (pa.array([1.5, 2.0], pa.float32()), [1.5, 2.0], "number"),
        (pa.array([np.float16(0.5), np.float16(2)], pa.float16()), [0.5, 2.0], "number"),
        (pa.array([1.0, 2.0], pa.float64()), [1.0, 2.0], "number"),
        (pa.array([True, False]), [1, 0], "boolean"),
        (pa.array([Decimal("0.10"), Decimal("-3.25")], pa.decimal128(20, 2)), [0.1, -3.25], "number"),
        (pa.array([Decimal(7), Decimal(-3)], pa.decimal256(60, 0)), [7, -3], "integer"),
        (pa.array([5, 7], pa.int32()).dictionary_encode(), [5, 7], "integer"),
    ],
)
def test_numbers_of_every_kind_become_float64(write, cells, expected, column_type):
    path = write({"a": cells})
    assert values(path, "a") == expected
    found = profile(path).columns[0]
    assert (found.type, found.is_numeric) == (column_type, True)


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(["1", "2"]),
        pa.array(["x", "y"]).dictionary_encode(),
        pa.array([date(2024, 1, 1), date(2024, 1, 2)]),
        pa.array([[1], [2]]),
        pa.array([{"x": 1}, {"x": 2}]),
    ],
)
def test_columns_of_anything_else_are_text_and_may_be_in_the_file(write, cells):
    path = write({"other": cells, "a": pa.array([1.0, 2.0])})
    assert [(column.type, column.is_numeric) for column in profile(path).columns] == [("text", False), ("number", True)]
    assert values(path, "a") == [1, 2]


def test_a_cell_of_such_a_column_is_named_by_its_type_only(write):
    found = profile(write({"ward": pa.array([None, "north", "south"]), "a": pa.array([1.0, 2.0, 3.0])})).columns[0]
    assert (found.unusable_count, found.missing_count) == (3, 0)
    assert found.first_unusable is not None
    assert (found.first_unusable.row, found.first_unusable.text) == (1, "(string)")


def test_a_text_column_without_a_value_is_empty(write):
    found = profile(write({"ward": pa.nulls(2, pa.string()), "a": pa.array([1.0, 2.0])}))
    assert [column.type for column in found.columns] == ["empty", "number"]


def test_decimals_that_are_stored_as_texts_are_not_read(write):
    """Each may be as long as its writer likes."""
    cells = pa.array([Decimal("0.10"), Decimal("-3.25")], pa.decimal128(20, 2))
    path = write({"a": cells, "b": cells}, store_decimal_as_integer=False)
    content = bytearray(path.read_bytes())
    # SchemaElement of Parquet's format: 1 type FIXED_LEN_BYTE_ARRAY (7) becomes BYTE_ARRAY (6), in the footer.
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    name = content.index(b"\x18\x01a", footer)
    content[content.rindex(b"\x15\x0e", footer, name) + 1] = 12
    path.write_bytes(bytes(content))
    assert [column.type for column in profile(path).columns] == ["text", "number"]


def test_a_column_is_not_mistaken_for_one_inside_another_of_the_same_path(write):
    path = write({"b.c": pa.array([1.5, 2.5]), "b": pa.array([{"c": 7.0, "d": "x"}, {"c": 8.0, "d": "y"}])})
    assert values(path, "b.c") == [1.5, 2.5]
    assert [(column.name, column.type) for column in profile(path).columns] == [("b.c", "number"), ("b", "text")]


def test_numbers_behind_nested_columns_are_read(write):
    nested = pa.array([[{"x": 1, "y": ["a"]}], []])
    mapped = pa.array([[("k", 1.5)], []], pa.map_(pa.string(), pa.float64()))
    path = write({"n": nested, "m": mapped, "a": pa.array([1.0, 2.0])})
    assert values(path, "a") == [1.0, 2.0]


def test_a_file_of_text_columns_alone_has_its_rows_counted(write, monkeypatch):
    monkeypatch.setattr(parquet_module, "_BATCH_ROWS", 30)
    found = profile(
        write({"ward": pa.array(["x"] * 100), "date": pa.array([date(2024, 1, 1)] * 100)}, row_group_size=45)
    )
    assert (found.row_count, [column.unusable_count for column in found.columns]) == (100, [100, 100])


def test_wide_files_are_read_in_shorter_blocks(write, monkeypatch):
    monkeypatch.setattr(parquet_module, "_BATCH_CELLS", 60)
    path = write({f"c{number}": pa.array(range(100)) for number in range(6)})
    assert {block.row_count for block in open_data_file(path).blocks()} == {10}
    assert max(block.row_count for block in open_data_file(path).blocks(["c1"])) == 60


def test_more_rows_or_cells_than_are_read_are_refused_before_reading(write, monkeypatch):
    path = write({"a": pa.array(range(10)), "b": pa.array(range(10))})
    monkeypatch.setattr(checks_module, "MOST_CELLS", 19)
    with pytest.raises(DatasetInvalid, match="there are 10 rows of 2 cells; expected at most 19 cells"):
        open_data_file(path)
    monkeypatch.setattr(checks_module, "MOST_ROWS", 9)
    with pytest.raises(DatasetInvalid, match="there are 10 rows; expected at most 9"):
        open_data_file(path)


def test_nulls_and_nan_are_missing_and_infinities_unusable(write):
    found = profile(write({"a": pa.array([1.0, None, float("nan"), float("-inf"), 2.0])})).columns[0]
    assert (found.missing_count, found.first_missing_row) == (2, 2)
    assert found.first_unusable is not None
    assert (found.unusable_count, found.first_unusable.row, found.first_unusable.text) == (1, 4, "-inf")
    assert (found.minimum, found.maximum) == (1, 2)


def test_a_column_of_nulls_is_empty(write):
    found = profile(write({"a": pa.nulls(2), "b": pa.nulls(2, pa.float64())}))
    assert [column.type for column in found.columns] == ["empty", "empty"]


@pytest.mark.parametrize(
    ("value", "usable"), [(2**53 + 1, False), (2**53 + 2, True), (-(2**53) - 1, False), (2**63 - 1, False)]
)
def test_integers_that_float64_cannot_hold_are_unusable(write, value, usable):
    found = profile(write({"a": pa.array([1, value], pa.int64())})).columns[0]
    assert found.is_numeric == usable
    if not usable:
        assert found.first_unusable is not None
        assert (found.first_unusable.row, found.first_unusable.text) == (2, str(value))


def test_blocks_follow_each_other_whatever_the_row_groups(write, monkeypatch):
    monkeypatch.setattr(parquet_module, "_BATCH_ROWS", 30)
    path = write({"a": pa.array(range(1, 101))}, row_group_size=45)
    blocks = list(open_data_file(path).blocks())
    assert [block.first_row for block in blocks[1:]] == [block.first_row + block.row_count for block in blocks[:-1]]
    assert max(block.row_count for block in blocks) <= 30
    assert values(path, "a") == list(range(1, 101))


def test_only_the_wanted_columns_are_read(write):
    path = write({" a ": pa.array([1]), "b.c": pa.array([2]), "d": pa.array([3])})
    (block,) = open_data_file(path).blocks(["d", "b.c", "a"])
    assert [(name, column.values[0]) for name, column in block.columns.items()] == [("d", 3), ("b.c", 2), ("a", 1)]


def test_rows_have_no_lines(write):
    (block,) = open_data_file(write({"a": pa.array([1])})).blocks()
    assert block.line_of_row(1) is None


def test_an_unknown_column_is_refused(write):
    with pytest.raises(DatasetInvalid, match=r"no column 'ag'.*it has age"):
        next(open_data_file(write({"age": pa.array([1])})).blocks(["ag"]))


def test_a_file_without_rows_is_refused(write):
    with pytest.raises(DatasetInvalid, match="no rows"):
        profile(write({"a": pa.array([], pa.float64())}))


@pytest.mark.parametrize(("names", "part"), [(["a", "a "], "more than one column"), (["a", " "], "column 2 of 2")])
def test_unusable_column_names_are_refused(write, names, part):
    path = write(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=names))
    with pytest.raises(DatasetInvalid, match=part):
        open_data_file(path)


def test_a_truncated_file_is_refused_by_name(write):
    path = write({"a": pa.array(np.arange(1000.0))})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DatasetInvalid, match=r"owner.parquet: this is no readable Parquet file"):
        open_data_file(path)


def test_damage_inside_the_file_is_refused_by_name(write):
    path = write({"a": pa.array(np.arange(1000.0))}, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[40:400] = bytes(360)
    path.write_bytes(content)
    with pytest.raises(DatasetInvalid, match=r"owner.parquet: this is no readable Parquet file"):
        profile(path)


def test_a_file_that_went_away_is_not_found(write):
    path = write({"a": pa.array([1])})
    data_file = open_data_file(path)
    path.unlink()
    with pytest.raises(NotFound, match="there is no file"):
        next(data_file.blocks())
