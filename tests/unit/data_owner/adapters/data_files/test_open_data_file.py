import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.computations.linear_regression.training_data import (
    load_gram_statistics,
    load_quadratic_metric,
    required_columns,
)
from commons.errors import DatasetInvalid, NotFound
from data_owner.adapters.data_files import open_data_file


def test_the_same_table_gives_the_same_statistics_from_either_format(tmp_path: Path):
    rows = {"name": ["Ann", "Bob", "Cid"], "age": [20, 50, 80], "bmi": [18.25, 30.5, 44.0], "y": [-0.5, 1.0, 2.5]}
    as_csv = tmp_path / "owner.CSV"
    as_csv.write_text("".join(",".join(map(str, line)) + "\n" for line in [rows, *zip(*rows.values(), strict=True)]))
    as_parquet = tmp_path / "owner.parquet"
    pq.write_table(pa.table(rows), as_parquet)
    scaling = RangeScaling((FeatureRange("bmi", 10, 50), FeatureRange("age", 0, 100)), FeatureRange("y", -1, 3))
    columns = required_columns(scaling)
    grams = [load_gram_statistics(open_data_file(p).blocks(columns), scaling) for p in (as_csv, as_parquet)]
    assert grams[0].G.tolist() == grams[1].G.tolist()
    assert grams[0].c.tolist() == grams[1].c.tolist()
    assert grams[0].G[2, 2] == 1
    metrics = [load_quadratic_metric(open_data_file(p).blocks(columns), scaling) for p in (as_csv, as_parquet)]
    assert metrics[0].squared_error([1, 2, 3]) == metrics[1].squared_error([1, 2, 3])


def test_a_parquet_file_is_known_by_its_content(tmp_path: Path):
    path = tmp_path / "owner.data"
    pq.write_table(pa.table({"a": [1]}), path)
    assert open_data_file(str(path)).column_names == ("a",)


def test_a_missing_file_is_not_found(tmp_path: Path):
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        open_data_file(tmp_path / "nowhere.csv")


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(DatasetInvalid, match=r"is a folder; expected a \.csv or \.parquet file"):
        open_data_file(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_its_other_end(tmp_path: Path):
    os.mkfifo(tmp_path / "rows.csv")
    with pytest.raises(DatasetInvalid, match="is no ordinary file"):
        open_data_file(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04\x14\x00", "an Excel workbook or another ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16 text"),
    ],
)
def test_what_only_has_the_name_of_a_csv_file_is_called_what_it_is(tmp_path: Path, content: bytes, kind: str):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetInvalid, match=f"is {kind}; save the table as CSV in UTF-8"):
        open_data_file(path)


def test_more_or_longer_names_than_the_catalogue_takes_are_refused(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text(f"a,{'b' * 201}\n1,2\n")
    with pytest.raises(DatasetInvalid, match="the name of column 2 has 201 characters; expected at most 200"):
        open_data_file(path)
    path.write_text(",".join(f"c{index}" for index in range(2001)))
    with pytest.raises(DatasetInvalid, match="there are 2001 columns; expected at most 2000"):
        open_data_file(path)


@pytest.mark.parametrize(
    ("name", "part"),
    [("owner.xlsx", "expected a .csv or .parquet file"), ("owner.parquet", "no readable Parquet file")],
)
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str, part: str):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(DatasetInvalid, match=part):
        open_data_file(path)
