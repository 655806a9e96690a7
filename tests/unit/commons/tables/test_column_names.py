import pytest

from commons.tables.column_names import closest_name, did_you_mean, likeness, missing_column_error


@pytest.mark.parametrize(
    ("name", "other", "unit"),
    [
        ("BMI", "b.m.i.", ""),
        ("Targét", "TARGET", ""),
        ("año", "Ano", ""),
        ("Age (years)", "age", ""),
        ("age", "Age [years]", ""),
        ("age", "age_years", "years"),
        ("age (years)", "age_years", ""),
        ("age_years", "Age (years)", ""),
        ("s-1", "S1", ""),
        ("(x)", "[X]", ""),
        ("+", "+", ""),
    ],
)
def test_names_are_the_same_but_for_case_accents_punctuation_and_unit(name, other, unit):
    assert likeness(name, other, unit=unit) == 1


@pytest.mark.parametrize(
    ("name", "other", "unit"),
    [
        ("age (years)", "age (months)", ""),
        ("age", "age (months)", "years"),
        ("sensor1", "sensor2", ""),
        ("x10", "x1", ""),
        ("age", "agy", ""),
        ("+", "-", ""),
    ],
)
def test_other_units_other_numbers_and_other_short_names_are_not_alike(name, other, unit):
    assert likeness(name, other, unit=unit) == 0


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("BMI", "bmi"),
        ("blood pressure", "blood_pressure"),
        ("bloodpresure", "blood_pressure"),
        ("zzz", None),
        ("target", None),
    ],
)
def test_closest_name_forgives_case_separators_and_typos(name, closest):
    assert closest_name(name, ["age", "bmi", "blood_pressure"]) == closest


def test_closest_name_of_no_candidates_is_none():
    assert closest_name("x", []) is None


def test_there_is_no_hint_when_nothing_is_close():
    assert did_you_mean("the feature", "Age", ["age"]) == "the feature (did you mean 'age'?)"
    assert did_you_mean("the feature", "zzz", ["age"]) == "the feature"


def test_missing_column_error_names_the_column_the_hint_and_what_there_is():
    error = missing_column_error("owner.csv", "preasure", ["pressure", "bmi"])
    assert error.message == "owner.csv: there is no column 'preasure' (did you mean 'pressure'?); it has pressure, bmi"
    assert error.fields == {"file": "owner.csv", "column": "preasure"}


def test_missing_column_error_stays_short_for_wide_tables():
    assert missing_column_error("owner.csv", "x", map(str, range(500))).message.endswith("18, 19, …")
