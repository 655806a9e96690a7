import io
import threading
from pathlib import Path

import numpy as np
import pytest

from commons.errors import DatasetInvalid, NotFound
from commons.tables.table import cell_error
from data_owner.adapters.data_files import csv_file as csv_module
from data_owner.adapters.data_files import open_data_file
from data_owner.domain.dataset_profile import DatasetProfile, profile_blocks


@pytest.fixture
def write(tmp_path: Path):
    def write_csv(content: bytes | str) -> Path:
        path = tmp_path / "owner.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_csv


def read(path: Path, *columns: str) -> dict[str, list[float]]:
    numbers: dict[str, list[float]] = {}
    for block in open_data_file(path).blocks(columns or None):
        for name, column in block.columns.items():
            numbers.setdefault(name, []).extend(column.values.tolist())
    return numbers


def profile(path: Path) -> DatasetProfile:
    return profile_blocks(open_data_file(path).blocks())


def refusal(path: Path) -> DatasetInvalid:
    with pytest.raises(DatasetInvalid) as caught:
        profile(path)
    assert caught.value.fields["file"] == str(path)
    assert caught.value.message.startswith(str(path))
    return caught.value


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\r\n3,4\r\n",
        "\ufeffa,b\n1,2\n3,4\n",
        '"a","b"\n"1","2"\n"3","4"\n',
        '\ufeff"a", "b"\n1,2\n3,4\n',
        " a , b \n 1 , 2 \n+3, 4.0e0\n",
        "\n\na,b\n\n1,2\n\n\n3,4\n\n",
    ],
)
def test_usual_ways_of_writing_the_same_table(write, content):
    path = write(content)
    assert open_data_file(path).column_names == ("a", "b")
    assert read(path) == {"a": [1, 3], "b": [2, 4]}


def test_only_the_wanted_columns_are_read_in_the_wanted_order(write):
    assert read(write("a,b,c\n1,x,3\n"), "c", "a") == {"c": [3], "a": [1]}


def test_headers_may_hold_commas_quotes_line_breaks_and_any_script(write):
    path = write('"a, b","say ""hi""","two\nlines",größe\n1,2,3,4\n')
    assert open_data_file(path).column_names == ("a, b", 'say "hi"', "two\nlines", "größe")
    assert [column.minimum for column in profile(path).columns] == [1, 2, 3, 4]


def test_blocks_follow_each_other_without_gap(write, monkeypatch):
    monkeypatch.setattr(csv_module, "_BLOCK_BYTES", 200)
    path = write("a,b\n" + "".join(f"{i},{-i}\n" for i in range(1, 501)))
    blocks = list(open_data_file(path).blocks())
    assert len(blocks) > 10
    assert [block.first_row for block in blocks[1:]] == [block.first_row + block.row_count for block in blocks[:-1]]
    assert read(path)["a"] == list(range(1, 501))


def test_cells_with_line_breaks_may_lie_across_blocks(write, monkeypatch):
    monkeypatch.setattr(csv_module, "_BLOCK_BYTES", 200)
    path = write("name,a\n" + "".join(f'"line\nbreak {i}",{i}\n' for i in range(200)))
    assert read(path, "a")["a"] == list(range(200))


def test_numbers_are_those_that_python_reads(write):
    cells = ["0", "-0.0", "007", "5.", ".5", "-.5E+3", "1e-320", "1e308", "0.1", "123456789012345678.5", "+8"]
    assert read(write("a,b\n" + "".join(f"{cell},1\n" for cell in cells)))["a"] == [float(cell) for cell in cells]


@pytest.mark.parametrize(
    "cell", ["abc", "0x10", "1_000", "1 000", '"1,000"', "--1", "1e", "e5", "1d5", "٣", "12%", "€5", "1.2.3"]
)
def test_what_is_no_number_is_named_with_its_row_and_line(write, cell):
    found = profile(write(f"a,b\n1,1\n\n{cell},1\n")).column("a")
    assert found is not None
    assert (found.type, found.is_numeric, found.unusable_count) == ("text", False, 1)
    assert found.first_unusable is not None
    assert (found.first_unusable.row, found.first_unusable.text) == (2, cell.strip('"'))


@pytest.mark.parametrize("cell", ["", '""', "NaN", "nan", "NA", "n/a", "#N/A", "NULL", "None", " "])
def test_missing_cells_are_recognised(write, cell):
    found = profile(write(f"a,b\n1,1\n{cell},1\n3,1\n")).column("a")
    assert found is not None
    assert (found.missing_count, found.first_missing_row, found.unusable_count) == (1, 2, 0)
    assert (found.minimum, found.maximum, found.type) == (1, 3, "integer")


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "+inf", "1e999", "-1e999"])
def test_infinite_cells_are_unusable(write, cell):
    found = profile(write(f"a,b\n1,1\n{cell},1\n")).column("a")
    assert found is not None
    assert found.first_unusable is not None
    assert (found.first_unusable.text, found.first_unusable.expected) == (cell, "a finite number")
    assert (found.minimum, found.maximum) == (1, 1)


def test_truth_values_are_one_and_zero(write):
    path = write("a,b\ntrue,1\nFALSE,2\n")
    assert read(path)["a"] == [1, 0]
    assert [column.type for column in profile(path).columns] == ["boolean", "integer"]


@pytest.mark.parametrize(
    ("cell", "usable"),
    [
        ("9007199254740992", True),
        ("9007199254740993", False),
        ("-9007199254740993", False),
        ("9007199254740994", True),
        ("12345678901234567890123", False),
        ("9007199254740993.0", True),
        ("1e30", True),
    ],
)
def test_integers_that_float64_cannot_hold_are_unusable(write, cell, usable):
    found = profile(write(f"a,b\n{cell},1\n")).column("a")
    assert found is not None
    assert found.is_numeric == usable


def test_text_columns_may_be_in_the_file(write):
    path = write('name,a\n"Ann, the 1st",1\nBob,2\n')
    assert [(column.name, column.type) for column in profile(path).columns] == [("name", "text"), ("a", "integer")]
    assert read(path, "a") == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("\ufeff", "the file is empty"),
        ("a,b", "a header but no row"),
        ("a,b\n", "a header but no row"),
        ("a,b\n\n\n", "a header but no row"),
        ("a,b,a\n1,2,3\n", "'a' is the name of more than one column (1, 3)"),
        ("a, a \n1,2\n", "'a' is the name of more than one column (1, 2)"),
        ("a,,b\n1,2,3\n", "column 2 of 3 has no name"),
        ("a;b\n1;2\n", "separated by ';'"),
        ("a\tb\n1\t2\n", "separated by '\\t'"),
        ('"a,b\n1,2\n', "the header cannot be read"),
        ("a,b\r1,2\r", "the header cannot be read"),
        ("a,b\n1,2".encode("utf-16"), "is UTF-16 text; save the table as CSV in UTF-8"),
        ("größe,b\n1,2\n".encode("latin-1"), "the header is not UTF-8"),
    ],
)
def test_files_without_a_usable_header_or_rows_are_refused(write, content, part):
    assert part in refusal(write(content)).message


@pytest.mark.parametrize(
    ("content", "row", "line", "found"),
    [
        ("a,b\n1,2\n3\n", 2, 3, 1),
        ("a,b\n1,2,3\n", 1, 2, 3),
        ("a,b\n1,2\n\n\n3,4,\n", 2, 5, 3),
        ('a,b\n"x\ny",2\n5\n', 2, 4, 1),
        ("a,b\n1,2\n \n", 2, 3, 1),
    ],
)
def test_ragged_rows_are_refused_with_row_and_line(write, content, row, line, found):
    error = refusal(write(content))
    assert (error.fields["row"], error.fields["line"]) == (row, line)
    assert f"row {row} (line {line}) has {found} cells; expected 2" in error.message


def test_a_ragged_row_in_a_later_block_keeps_its_number(write, monkeypatch):
    monkeypatch.setattr(csv_module, "_BLOCK_BYTES", 200)
    error = refusal(write("a,b\n" + "1,2\n" * 400 + "7\n"))
    assert (error.fields["row"], error.fields["line"]) == (401, 402)


def test_errors_about_cells_find_the_line_behind_quoted_line_breaks(write):
    path = write('a,b\n"1\n",2\n\n"x\n\ny",4\n')
    (block,) = open_data_file(path).blocks()
    assert cell_error(block, "a", 1, "a number").fields["line"] == 5


@pytest.mark.parametrize("row", [1, 300])
def test_cells_that_are_not_utf8_are_refused_with_row_and_line(write, monkeypatch, row):
    monkeypatch.setattr(csv_module, "_BLOCK_BYTES", 200)
    lines = [b"1,2"] * 400
    lines[row - 1] = b"1,\xfc"
    error = refusal(write(b"a,b\n" + b"\n".join(lines)))
    assert (error.fields["column"], error.fields["row"], error.fields["line"]) == ("b", row, row + 1)


def test_a_quote_that_is_never_closed_does_not_swallow_rows(write):
    error = refusal(write('a,name\n1,Ann\n3,"Bob\n5,Cid\n7,Dan\n'))
    assert "row 2 has a quote that is never closed" in error.message


def test_a_closed_quote_at_the_end_of_the_file_is_no_error(write):
    assert profile(write('a,b\n1,"two\nlines"\n')).row_count == 1


def test_a_row_longer_than_a_block_is_refused(write, monkeypatch):
    monkeypatch.setattr(csv_module, "_BLOCK_BYTES", 200)
    error = refusal(write('a,b\n1,2\n3,"' + "x" * 1000 + "\n"))
    assert "quote to be closed" in error.message


def test_threads_that_read_ahead_use_nothing_of_pythons(write):
    # They may outlive the interpreter, and would abort the process.
    reading_threads: set[int] = set()

    class Watched(io.FileIO):
        def read(self, size: int = -1, /) -> bytes:
            reading_threads.add(threading.get_ident())
            return super().read(size)

        def readinto(self, buffer, /) -> int:
            reading_threads.add(threading.get_ident())
            return super().readinto(buffer)

    path = write("a,b\n" + "1,2\n" * 2_000_000)
    blocks = csv_module.CsvFile(path, lambda: Watched(path, "rb")).blocks()
    assert next(blocks).first_row == 1
    blocks.close()
    assert reading_threads == {threading.get_ident()}


def test_an_unknown_column_is_refused_before_reading(write):
    data_file = open_data_file(write("age,bmi\n1,2\n"))
    with pytest.raises(DatasetInvalid, match=r"no column 'Bmi' \(did you mean 'bmi'\?\); it has age, bmi"):
        next(data_file.blocks(["Bmi"]))


def test_a_file_that_went_away_is_not_found(write):
    path = write("a,b\n1,2\n")
    data_file = open_data_file(path)
    path.unlink()
    with pytest.raises(NotFound, match="there is no file"):
        next(data_file.blocks())


def test_values_keep_their_type_and_problems_their_cells(write):
    (block,) = open_data_file(write("a,b\n1.5,x\n,2\n")).blocks()
    assert block.columns["a"].values.dtype == np.float64
    assert block.columns["a"].problems.tolist() == [0, 1]
    assert np.isnan(block.columns["b"].values[0])
    assert block.columns["b"].cell_text(0) == "x"
