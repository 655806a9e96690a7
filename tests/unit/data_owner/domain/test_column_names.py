import pytest

from data_owner.domain.column_names import closest_name, did_you_mean, missing_column_error


@pytest.mark.parametrize(
    ("name", "closest"),
    [("BMI", "bmi"), ("blood pressure", "blood_pressure"), ("bloodpresure", "blood_pressure"), ("zzz", None)],
)
def test_closest_name_forgives_case_separators_and_typos(name, closest):
    assert closest_name(name, ["age", "bmi", "blood_pressure"]) == closest


def test_closest_name_of_no_candidates_is_none():
    assert closest_name("x", []) is None


def test_hint_is_empty_when_nothing_is_close():
    assert did_you_mean("Age", ["age"]) == " (did you mean 'age'?)"
    assert did_you_mean("zzz", ["age"]) == ""


def test_missing_column_error_names_the_column_the_hint_and_what_there_is():
    error = missing_column_error("owner.csv", "agge", ["age", "bmi"])
    assert error.message == "owner.csv: there is no column 'agge' (did you mean 'age'?); it has age, bmi"
    assert error.fields == {"file": "owner.csv", "column": "agge"}


def test_missing_column_error_stays_short_for_wide_tables():
    assert missing_column_error("owner.csv", "x", map(str, range(500))).message.endswith("18, 19, …")
