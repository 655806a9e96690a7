from dataclasses import replace

import pytest

from commons.errors import InvalidInput
from commons.market.requirements import ColumnKind, RequiredColumn, Requirements
from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile, UnusableCell
from data_owner.domain.matching import can_serve, match_dataset

AGE = RequiredColumn("age", "feature", minimum=0, maximum=100, unit="years", should_vary=True)
BMI = RequiredColumn("bmi", "feature", minimum=10, maximum=60, should_vary=True)
TARGET = RequiredColumn("progression", "target", minimum=0, maximum=400, should_vary=True)
REQUIREMENTS = Requirements((AGE, BMI, TARGET), min_rows=50)


def number(name: str, low: float, high: float, missing: int = 0) -> ColumnProfile:
    return ColumnProfile(name, "number", low, high, missing, 7 if missing else None, 0, None)


def text(name: str) -> ColumnProfile:
    return ColumnProfile(name, "text", None, None, 0, None, 3, UnusableCell(2, "n.a.", "a number"))


def profile(*columns: ColumnProfile, rows: int = 60) -> DatasetProfile:
    named = {column.name: column for column in columns}
    plain = (number("age", 20, 80), number("bmi", 15, 45), number("progression", 25, 346), text("note"))
    kept = [named.pop(column.name, column) for column in plain]
    return DatasetProfile((*kept, *named.values()), rows)


def without(name: str) -> DatasetProfile:
    return DatasetProfile(tuple(column for column in profile().columns if column.name != name), 60)


def only_mismatch(dataset: DatasetProfile, **options) -> tuple[str | None, str, str]:
    (mismatch,) = match_dataset(dataset, REQUIREMENTS, **options)
    return mismatch.column, mismatch.code, mismatch.reason


def test_a_dataset_that_has_everything_matches_whatever_else_it_holds():
    assert match_dataset(profile(), REQUIREMENTS) == []


def test_values_on_the_declared_bounds_match():
    assert match_dataset(profile(number("age", 0, 100)), REQUIREMENTS) == []


def test_too_few_rows():
    assert only_mismatch(profile(rows=49)) == (
        None,
        "too_few_rows",
        "The dataset has 49 rows; the job asks for at least 50.",
    )
    assert "has 1 row;" in only_mismatch(profile(rows=1))[2]


def test_a_missing_column_comes_with_a_hint():
    dataset = DatasetProfile((*without("bmi").columns, number("BMI ", 15, 45)), 60)
    assert only_mismatch(dataset) == (
        "bmi",
        "missing_column",
        "There is no column 'bmi' (did you mean 'BMI '?).",
    )


def test_a_missing_column_without_a_likeness_is_named_alone():
    assert only_mismatch(without("progression")) == (
        "progression",
        "missing_column",
        "There is no column 'progression'.",
    )


def test_a_column_of_text_quotes_the_first_cell():
    assert only_mismatch(profile(text("age"))) == (
        "age",
        "not_numeric",
        "Column 'age' is not numeric: 3 cells cannot be used, the first in row 2 holds 'n.a.'; expected a number.",
    )


def test_a_column_without_any_value():
    empty = ColumnProfile("age", "empty", None, None, 60, 1, 0, None)
    assert only_mismatch(profile(empty)) == (
        "age",
        "not_numeric",
        "Column 'age' holds no numbers: all its cells are empty.",
    )


def test_missing_cells_name_the_first_row():
    assert only_mismatch(profile(number("bmi", 15, 45, missing=1))) == (
        "bmi",
        "missing_cells",
        "Column 'bmi' has 1 cell without a value, the first in row 7; every row needs a number.",
    )


@pytest.mark.parametrize(("low", "high"), [(-0.5, 80), (20, 100.25), (-1, 101)])
def test_values_outside_the_declared_range_show_both_ranges(low, high):
    column, code, reason = only_mismatch(profile(number("age", low, high)))
    assert (column, code) == ("age", "out_of_range")
    assert reason == f"Column 'age' holds values from {low} to {high}; the job declares 0 to 100 years."


def test_the_target_is_held_to_its_range_too():
    assert only_mismatch(profile(number("progression", 25, 401)))[:2] == ("progression", "out_of_range")


def test_a_constant_column_is_named_and_can_serve():
    constant = profile(number("age", 30, 30))
    assert only_mismatch(constant) == (
        "age",
        "constant",
        "Column 'age' holds 30 in every row; there is nothing to learn from it.",
    )
    assert can_serve(constant, REQUIREMENTS)


@pytest.mark.parametrize(
    "dataset",
    [
        profile(rows=49),
        without("bmi"),
        profile(text("age")),
        profile(number("bmi", 15, 45, missing=1)),
        profile(number("age", 30, 101)),
        profile(number("progression", 25, 401)),
    ],
)
def test_whatever_is_named_keeps_a_dataset_from_serving(dataset):
    assert match_dataset(dataset, REQUIREMENTS)
    assert not can_serve(dataset, REQUIREMENTS)
    assert can_serve(profile(), REQUIREMENTS)


def test_every_reason_is_given_at_once():
    dataset = DatasetProfile((number("age", -1, 80, missing=2), text("bmi")), 3)
    codes = [(mismatch.column, mismatch.code) for mismatch in match_dataset(dataset, REQUIREMENTS)]
    assert codes == [
        (None, "too_few_rows"),
        ("age", "missing_cells"),
        ("age", "out_of_range"),
        ("bmi", "not_numeric"),
        ("progression", "missing_column"),
    ]


def test_a_mapping_lets_names_differ():
    dataset = DatasetProfile((*without("age").columns, number("Alter", 20, 80)), 60)
    assert match_dataset(dataset, REQUIREMENTS, column_mapping={"age": "Alter"}) == []
    assert only_mismatch(dataset, column_mapping={"age": "Altre"})[2] == (
        "There is no column 'Altre' (did you mean 'Alter'?)."
    )


def test_one_column_cannot_stand_for_two():
    assert only_mismatch(profile(), column_mapping={"bmi": "age"}) == (
        "bmi",
        "mapped_twice",
        "Column 'age' stands for both 'age' and 'bmi'.",
    )


def test_a_mapping_of_a_name_that_the_job_does_not_ask_for_is_refused():
    with pytest.raises(InvalidInput, match="'weight'") as caught:
        match_dataset(profile(), REQUIREMENTS, column_mapping={"weight": "age"})
    assert caught.value.fields["field"] == "column_mapping"


SEX = RequiredColumn("sex", "column", ColumnKind.CATEGORY, levels=("f", "m"))


def words(name: str, missing: int = 0) -> ColumnProfile:
    return ColumnProfile(name, "text", None, None, missing, 7 if missing else None, 3, UnusableCell(1, "f", "a number"))


def of_one(column: ColumnProfile, required: RequiredColumn) -> list[str]:
    dataset, requirements = DatasetProfile((column,), 60), Requirements((required,))
    reasons = [mismatch.reason for mismatch in match_dataset(dataset, requirements)]
    assert can_serve(dataset, requirements) == (not reasons)
    return reasons


@pytest.mark.parametrize("column", [words("sex"), number("sex", 0, 1), number("sex", 1, 1)])
def test_a_category_is_any_column_without_gaps(column):
    assert of_one(column, SEX) == []


def test_a_category_with_gaps_is_one_where_gaps_are_allowed():
    reason = "Column 'sex' has 1 cell without a value, the first in row 7; every row needs one."
    assert of_one(words("sex", missing=1), SEX) == [reason]
    assert of_one(words("sex", missing=1), replace(SEX, may_be_missing=True)) == []


def test_gaps_among_numbers_are_nothing_to_speak_of_where_they_are_allowed():
    optional = replace(AGE, may_be_missing=True)
    assert of_one(number("age", 20, 80, missing=3), optional) == []
    assert of_one(ColumnProfile("age", "empty", None, None, 60, 1, 0, None), optional) == []
    assert "is not numeric" in of_one(text("age"), optional)[0]
    assert "the job declares 0 to 100 years" in of_one(number("age", 20, 101, missing=3), optional)[0]


def test_one_number_in_every_row_is_remarkable_only_where_numbers_should_vary():
    assert of_one(number("age", 30, 30), replace(AGE, should_vary=False)) == []


def test_numbers_without_a_declared_range_may_be_any():
    assert of_one(number("age", -1e9, 1e9), RequiredColumn("age", "column")) == []
