from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from commons.computations.statistics.outcome import make_report
from commons.computations.statistics.spec import CategoryColumn, NumberColumn
from commons.computations.statistics.summing import sum_table
from commons.computations.statistics.sums import TableSums
from commons.errors import DatasetInvalid, InvalidInput, NotFound
from commons.tables.table import Table
from data_owner.adapters.data_files import open_data_file
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds.statistics import StatisticsJob, StatisticsOptions
from deltaml.demo.kinds.statistics.cell_table import declared_range
from deltaml.demo.kinds.statistics.in_the_clear import max_correlation_error, max_moment_error

TABLE = '''\
age, sex ,flat,empty,note,[x]
20,f,5,,"a, ""b""",1
30, m,5,,,2.50
NA,f,5,,"line
break",3
50,,5,,c,-4e1
60,m,5,,none,true
70,f,5,,c,
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def job_about(path: Path, *columns: str) -> StatisticsJob:
    return StatisticsOptions(path, columns or None).read()


def pooled_report(job: StatisticsJob, paths: list[Path]) -> dict[str, Any]:
    """What the protocol makes of the owners' files, without its encryption."""
    sums = [sum_table(job.spec, Table(open_data_file(path).blocks)).vector() for path in paths]
    pooled = TableSums.of_vector(job.spec, [sum(column) for column in zip(*sums, strict=True)])
    report: dict[str, Any] = json.loads(make_report(job.spec, pooled, owners=len(paths)).model_dump_json())
    return report


def summary_of(job: StatisticsJob, result: dict[str, Any]) -> dict[str, Any]:
    return job.summarise(FinishedJob({}, result), [], [])


def test_numbers_get_their_own_range_texts_their_levels_and_the_rest_is_left_out(path: Path) -> None:
    job = job_about(path)
    assert job.spec.columns == (
        NumberColumn(name="age", minimum=20, maximum=70),
        CategoryColumn(name="sex", levels=("f", "m")),
        NumberColumn(name="flat", minimum=4.9921875, maximum=5.0078125),
        CategoryColumn(name="note", levels=('a, "b"', "c", "line\nbreak")),
        NumberColumn(name="[x]", minimum=-40, maximum=3),
    )
    assert job.spec.correlation
    assert job.row_count == 6
    assert job.remarks == [
        "flat holds one number only; its range is declared as 4.9921875 to 5.0078125",
        "empty is left out: all its cells are empty",
    ]


def test_columns_are_described_in_the_order_in_which_they_are_named(path: Path) -> None:
    job = job_about(path, "sex", "age")
    assert [column.name for column in job.spec.columns] == ["sex", "age"]
    assert not job.spec.correlation, "one column of numbers has none"
    assert job.remarks == []


def test_what_owners_sum_up_from_their_parts_is_what_the_whole_table_holds(path: Path, tmp_path: Path) -> None:
    job = job_about(path)
    parts = job.deal(7, 3)
    order = np.random.default_rng(7).permutation(6)
    assert [part.tolist() for part in parts] == [part.tolist() for part in np.array_split(order, 3)]
    paths = [tmp_path / f"{index}.csv" for index in range(3)]
    for own, rows in zip(paths, parts, strict=True):
        job.write_rows(own, rows)
    summary = summary_of(job, pooled_report(job, paths))
    assert job.fault(summary) is None
    assert summary["max_moment_error"] < 1e-12
    assert summary["max_correlation_error"] < 1e-12
    clear, found = summary["plaintext"]["columns"], summary["statistics"]["columns"]
    assert clear["age"]["mean"] == found["age"]["mean"] == 46
    assert {**clear["age"], "variance": 0} == {**found["age"], "variance": 0}
    assert clear["age"]["variance"] == pytest.approx(found["age"]["variance"], rel=1e-12)
    assert found["note"] == {"count": 4, "missing": 2, "levels": {'a, "b"': 1, "c": 2, "line\nbreak": 1}}
    assert (found["flat"]["mean"], found["flat"]["variance"]) == (5, 0)
    matrix = summary["plaintext"]["correlation"]["matrix"]
    assert [cell is None for row in matrix for cell in row] == [
        False,
        True,
        False,
        True,
        True,
        True,
        False,
        True,
        False,
    ]
    assert summary["columns"] == ["age", "sex", "flat", "note", "[x]"]
    assert summary["left_out"] == {"empty": "all its cells are empty"}


def test_cells_of_one_column_stay_as_they_are(tmp_path: Path) -> None:
    path, part = tmp_path / "one.csv", tmp_path / "part.csv"
    path.write_text('a\n1.50\n""\n 2\n')
    job = job_about(path)
    job.write_rows(part, np.array([2, 1, 0]))
    assert part.read_text() == 'a\n 2\n""\n1.50\n'
    assert pooled_report(job, [part])["columns"]["a"]["missing"] == 1


def test_counts_that_differ_are_an_error_which_says_what_is_in_doubt(path: Path) -> None:
    job = job_about(path, "age", "sex")
    result = pooled_report(job, [path])
    result["columns"]["sex"]["levels"]["f"] += 1
    result["doubts"] = [{"code": "rows", "column": None, "text": "somebody made it up"}]
    summary = summary_of(job, result)
    assert summary["counts_equal"] is False
    assert job.fault(summary) == "the counts are not those of the whole table; somebody made it up"
    assert ("Counts", "differ from those in the clear") in job.facts(summary)
    assert ("Doubt", "somebody made it up") in job.facts(summary)


def test_errors_are_in_widths_of_the_range_and_unknown_where_nothing_was_delivered() -> None:
    def document(mean: float | None, variance: float | None, r: float | None) -> dict[str, Any]:
        column = {"mean": mean, "variance": variance, "histogram": {"edges": [0.0, 2.0, 4.0], "counts": [1, 1]}}
        return {"columns": {"a": column, "b": {"levels": {}}}, "correlation": {"columns": ["a"], "matrix": [[r]]}}

    clear = document(2.0, 1.0, 0.5)
    assert max_moment_error(document(2.4, 1.0, None), clear) == pytest.approx(0.1)
    assert max_moment_error(document(2.0, 2.6, None), clear) == pytest.approx(0.1)
    assert max_moment_error(document(2.0, None, None), clear) is None
    assert max_correlation_error(document(None, None, 0.25), clear) == 0.25
    assert max_correlation_error(document(None, None, None), clear) == 1
    assert max_correlation_error({"correlation": None}, clear) is None


def test_tables_for_people_show_names_with_brackets_as_they_are(path: Path) -> None:
    job = job_about(path)
    summary = summary_of(job, pooled_report(job, [path]))
    console = Console(file=io.StringIO(), width=200)
    for table in job.tables(summary):
        console.print(table)
    shown = console.file.getvalue()
    assert "[x]" in shown
    assert "mean 46, deviation 18.5472, 20 to 70" in shown
    assert "f 3, m 2" in shown
    assert "Strongest correlations" in shown


def test_a_sample_has_the_ends_of_ranges_and_all_levels(path: Path) -> None:
    header, rows = job_about(path, "age", "note").sample()
    assert header == ["age", "note"]
    assert list(rows) == [["20.0", 'a, "b"'], ["70.0", "c"], ["20.0", "line\nbreak"]]


@pytest.mark.parametrize("value", [5.0, -5.0, 1e-12, 1 / 3, -7e99, 2.0**53 - 1, 123456.789])
def test_the_mean_of_a_constant_is_that_constant(value: float, tmp_path: Path) -> None:
    low, high = declared_range(value, value)
    assert low < value < high
    assert high - low <= abs(value) / 256 * (1 + 1e-9)
    path = tmp_path / "constant.csv"
    path.write_text(f"a\n{value!r}\n{value!r}\n{value!r}\n")
    described = pooled_report(job_about(path), [path])["columns"]["a"]
    assert (described["mean"], described["variance"]) == (value, 0)


def test_the_diabetes_data_are_described_without_a_file() -> None:
    job = StatisticsOptions().read()
    assert (job.row_count, len(job.spec.columns), job.title) == (442, 11, "Statistics of diabetes")
    assert [column.name for column in StatisticsOptions(columns=("target", "bmi")).read().spec.columns] == [
        "target",
        "bmi",
    ]
    with pytest.raises(DatasetInvalid, match=r"no column 'height'; it has age, sex"):
        StatisticsOptions(columns=("height",)).read()


def test_columns_of_a_command_line_may_be_quoted() -> None:
    assert StatisticsOptions.of(None, {"columns": 'a, "b, c" ,d'}).columns == ("a", "b, c", "d")
    assert StatisticsOptions.of(None, {}).columns is None


@pytest.mark.parametrize(
    ("text", "words"), [("", "expected names"), ("a,,b", "expected names"), ("a,b,a", "'a' comes twice")]
)
def test_columns_that_cannot_be_are_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"--columns: {words}"):
        StatisticsOptions.of(None, {"columns": text})


def test_fewer_than_three_owners_are_refused_by_the_name_of_the_option() -> None:
    StatisticsOptions().require_owners(3)
    with pytest.raises(InvalidInput, match=r"--owners 2: expected a whole number from 3 to 20, since sums over fewer"):
        StatisticsOptions().require_owners(2)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1", "inf"], "row 2 holds 'inf'; expected a finite number"),
        (["", " "], "all its cells are empty"),
        ([f"text {index}" for index in range(201)], "it holds 201 different texts; a category has at most 200"),
        (["x" * 201], "it holds a text of more than 200 characters"),
        (["1e200", "2e200"], "the range is too wide or too narrow"),
    ],
)
def test_columns_that_cannot_be_described_are_refused_when_asked_for(
    cells: list[str], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n" + "".join(f"{index},{cell}\n" for index, cell in enumerate(cells)))
    assert reason in job_about(path).table.left_out["b"]
    with pytest.raises(DatasetInvalid, match=r"column 'b' cannot be described") as refused:
        job_about(path, "a", "b")
    assert reason in refused.value.message
    assert refused.value.fields["column"] == "b"


def test_tables_without_anything_to_describe_and_columns_and_files_that_are_not_there_are_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "nothing.csv"
    path.write_text('a\n""\n""\n')
    with pytest.raises(DatasetInvalid, match="column 'a' cannot be described: all its cells are empty"):
        job_about(path)
    with pytest.raises(DatasetInvalid, match="no column 'b'"):
        job_about(path, "b")
    with pytest.raises(NotFound, match=r"--data .*absent\.csv: there is no such file"):
        job_about(tmp_path / "absent.csv")
    path.write_text("a\n1\n2\n")
    with pytest.raises(DatasetInvalid, match="2 rows are too few for 3 owners"):
        job_about(path).deal(7, 3)


def test_more_than_one_job_can_describe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{index}" for index in range(201)) + "\n" + ",".join(["1"] * 201) + "\n")
    with pytest.raises(InvalidInput, match=r"--columns: .*; name fewer with --columns"):
        job_about(path)


def test_of_parquet_files_only_numbers_are_described(tmp_path: Path) -> None:
    path, part = tmp_path / "table.parquet", tmp_path / "part.csv"
    columns = {"n": pa.array([1, None, 3], pa.int64()), "b": [True, False, None], "f": [0.1, float("nan"), 2.5]}
    pq.write_table(pa.table({**columns, "t": ["x", "y", None]}), path)
    job = job_about(path)
    assert job.table.left_out == {"t": "texts are read from CSV files only"}
    job.write_rows(part, np.arange(3))
    summary = summary_of(job, pooled_report(job, [part]))
    assert summary["counts_equal"]
    assert [one["missing"] for one in summary["statistics"]["columns"].values()] == [1, 1, 1]
