import json

import numpy as np
import pytest

from commons.errors import InvalidInput
from commons.tables.table import CellProblem, ColumnBlock, TableBlock
from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile, UnusableCell, profile_blocks


def column(values, problems=None, column_type="number") -> ColumnBlock:
    problems = np.zeros(len(values), dtype=np.uint8) if problems is None else np.array(problems, dtype=np.uint8)
    numbers = np.where(problems == 0, np.array(values, dtype=np.float64), np.nan)
    return ColumnBlock(column_type, numbers, problems, lambda index: f"cell {index}")


def test_ranges_and_counts_are_taken_over_all_blocks():
    blocks = [
        TableBlock("x.csv", 1, {"a": column([3, 1]), "b": column([5, 5])}),
        TableBlock("x.csv", 3, {"a": column([2, -7.5, 4]), "b": column([5, 5, 5])}),
    ]
    profile = profile_blocks(blocks)
    assert profile.row_count == 5
    assert profile.column_names == ("a", "b")
    assert (profile.columns[0].minimum, profile.columns[0].maximum) == (-7.5, 4)
    assert profile.columns[0].is_numeric
    assert not profile.columns[0].is_constant
    assert profile.columns[1].is_constant


def test_missing_cells_are_counted_and_the_first_row_named():
    blocks = [
        TableBlock("x.csv", 1, {"a": column([1, 2])}),
        TableBlock("x.csv", 3, {"a": column([0, 4, 0], [1, 0, CellProblem.MISSING])}),
        TableBlock("x.csv", 6, {"a": column([0], [CellProblem.MISSING])}),
    ]
    found = profile_blocks(blocks).columns[0]
    assert (found.missing_count, found.first_missing_row) == (3, 3)
    assert (found.minimum, found.maximum) == (1, 4)
    assert found.is_numeric


@pytest.mark.parametrize("problem", [CellProblem.NOT_A_NUMBER, CellProblem.NOT_FINITE, CellProblem.NOT_EXACT])
def test_unusable_cells_make_a_column_not_numeric_and_the_first_is_quoted(problem):
    blocks = [
        TableBlock("x.csv", 1, {"a": column([1, 2])}),
        TableBlock("x.csv", 3, {"a": column([1, 0, 0], [0, problem, problem])}),
        TableBlock("x.csv", 6, {"a": column([0], [problem])}),
    ]
    found = profile_blocks(blocks).columns[0]
    assert not found.is_numeric
    assert found.unusable_count == 3
    assert found.first_unusable is not None
    assert (found.first_unusable.row, found.first_unusable.text) == (4, "cell 1")


@pytest.mark.parametrize(
    ("types", "merged"),
    [
        (["boolean", "integer"], "integer"),
        (["integer", "number"], "number"),
        (["number", "integer"], "number"),
        (["empty", "boolean"], "boolean"),
        (["text", "number"], "text"),
        (["empty"], "empty"),
    ],
)
def test_type_of_a_column_covers_all_blocks(types, merged):
    blocks = [TableBlock("x.csv", i + 1, {"a": column([1], column_type=kind)}) for i, kind in enumerate(types)]
    assert profile_blocks(blocks).columns[0].type == merged


def test_a_column_of_missing_cells_only_is_not_numeric_and_has_no_range():
    found = profile_blocks([TableBlock("x.csv", 1, {"a": column([0, 0], [1, 1], "empty")})]).columns[0]
    assert (found.minimum, found.maximum, found.is_numeric, found.is_constant) == (None, None, False, False)


def test_profile_of_no_blocks_is_empty():
    assert profile_blocks([]) == DatasetProfile((), 0)


def test_columns_are_found_by_name():
    profile = profile_blocks([TableBlock("x.csv", 1, {"a": column([1]), "b": column([2])})])
    assert profile.column("b") is profile.columns[1]
    assert profile.column("c") is None


def test_profile_survives_storage_as_json():
    text = ColumnProfile("name", "text", None, None, 1, 2, 7, UnusableCell(1, "Ann", "a number"))
    number = ColumnProfile("age", "number", 0.1, 1e300, 0, None, 0, None)
    profile = DatasetProfile((text, number), 8)
    assert DatasetProfile.from_dict(json.loads(json.dumps(profile.to_dict()))) == profile


@pytest.mark.parametrize("document", [{}, {"columns": [{}], "row_count": 1}, {"columns": 1, "row_count": 1}])
def test_what_is_no_stored_profile_is_refused(document):
    with pytest.raises(InvalidInput, match="stored dataset profile"):
        DatasetProfile.from_dict(document)
