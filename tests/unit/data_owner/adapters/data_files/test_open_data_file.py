from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commons.errors import DatasetInvalid, NotFound
from commons.learning.scaling import FeatureRange, RangeScaling
from data_owner.adapters.data_files import open_data_file
from data_owner.domain.training_data import load_gram_statistics, load_quadratic_metric, required_columns


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
    with pytest.raises(DatasetInvalid, match="cannot be read"):
        open_data_file(tmp_path)


@pytest.mark.parametrize(
    ("name", "part"),
    [("owner.xlsx", "expected a .csv or .parquet file"), ("owner.parquet", "no readable Parquet file")],
)
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str, part: str):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(DatasetInvalid, match=part):
        open_data_file(path)
