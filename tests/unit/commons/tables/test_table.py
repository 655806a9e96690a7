import numpy as np
import pytest

from commons.tables.table import CellProblem, ColumnBlock, TableBlock, cell_error, expectation, format_number, shorten


def block(text: str, line: int | None = None) -> TableBlock:
    column = ColumnBlock("text", np.full(3, np.nan), np.full(3, 2, dtype=np.uint8), lambda _index: text)
    return TableBlock("owner.csv", 11, {"bmi": column}, lambda _row: line)


def test_cell_error_names_file_column_row_line_value_and_expectation():
    error = cell_error(block("abc", line=14), "bmi", 1, "a number")
    assert error.message == "owner.csv: column 'bmi', row 12 (line 14) holds 'abc'; expected a number"
    assert error.fields == {
        "file": "owner.csv",
        "column": "bmi",
        "row": 12,
        "line": 14,
        "value": "abc",
        "expected": "a number",
    }


def test_cell_error_without_lines_names_the_row_only():
    assert cell_error(block("x"), "bmi", 0, "y").message == "owner.csv: column 'bmi', row 11 holds 'x'; expected y"


@pytest.mark.parametrize("text", ["", "  "])
def test_cell_error_says_when_a_cell_is_empty(text):
    assert "row 11 is empty; expected a number" in cell_error(block(text), "bmi", 0, "a number").message


def test_long_cells_are_cut_in_messages():
    assert shorten("x" * 40) == "x" * 40
    assert shorten("x" * 41) == "x" * 39 + "…"
    assert "x" * 41 not in cell_error(block("x" * 5000), "bmi", 0, "a number").message


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (-0.5, "-0.5"), (0.1, "0.1"), (1e300, "1e+300"), (1e15, "1000000000000000")]
)
def test_numbers_are_written_shortest(value, text):
    assert format_number(value) == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("problem", "text", "part"),
    [
        (CellProblem.NOT_A_NUMBER, "abc", "a number"),
        (CellProblem.NOT_A_NUMBER, "1,234.5", "thousands"),
        (CellProblem.NOT_A_NUMBER, "1 234 567", "thousands"),
        (CellProblem.NOT_A_NUMBER, "3,14", "decimal point"),
        (CellProblem.NOT_FINITE, "inf", "finite"),
        (CellProblem.NOT_EXACT, "9007199254740993", "2^53"),
        (CellProblem.MISSING, "", "a number"),
    ],
)
def test_expectation_hints_at_what_went_wrong(problem, text, part):
    assert part in expectation(problem, text)


def test_rows_of_a_block_are_counted_and_cells_are_not_shown_by_repr():
    assert block("secret").row_count == 3
    assert TableBlock("empty.csv", 1, {}).row_count == 0
    assert "nan" not in repr(block("secret"))
