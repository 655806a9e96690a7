import pytest

from commons.computations.linear_regression.learning.scaling import FeatureRange
from commons.errors import InvalidInput
from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile, UnusableCell
from data_owner.domain.requirements import DatasetRequirements, can_serve, match_dataset

AGE = FeatureRange("age", 0, 100, "years")
BMI = FeatureRange("bmi", 10, 60)
TARGET = FeatureRange("progression", 0, 400)
REQUIREMENTS = DatasetRequirements((AGE, BMI), TARGET, min_rows=50)


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


def test_a_missing_feature_comes_with_a_hint():
    dataset = DatasetProfile((*without("bmi").columns, number("BMI ", 15, 45)), 60)
    assert only_mismatch(dataset) == (
        "bmi",
        "missing_column",
        "There is no column 'bmi' for the feature (did you mean 'BMI '?).",
    )


def test_a_missing_target_is_called_the_target():
    assert only_mismatch(without("progression")) == (
        "progression",
        "missing_column",
        "There is no column 'progression' for the target.",
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
        "There is no column 'Altre' for the feature (did you mean 'Alter'?)."
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
