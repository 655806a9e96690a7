import pytest

from commons.market.requirements import ColumnKind, RequiredColumn
from data_owner.domain.column_mapping import suggest_mapping
from data_owner.domain.dataset_profile import ColumnProfile, UnusableCell


def number(name: str, low: float = 0, high: float = 1, missing: int = 0) -> ColumnProfile:
    return ColumnProfile(name, "number", low, high, missing, 1 if missing else None, 0, None)


def wanted(name: str, unit: str = "") -> RequiredColumn:
    return RequiredColumn(name, "feature", minimum=0, maximum=1, unit=unit, should_vary=True)


def test_columns_that_differ_in_writing_only_are_proposed():
    missing = [wanted("Age", "years"), wanted("Blood pressure"), wanted("Targét")]
    free = [number("target"), number("blood_presure"), number("age_years"), number("other")]
    assert suggest_mapping(missing, free) == {
        "Age": "age_years",
        "Blood pressure": "blood_presure",
        "Targét": "target",
    }


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("target", "age"),
        ("weight", "height"),
        ("min_price", "max_price"),
        ("s1", "s2"),
        ("age (years)", "age (months)"),
    ],
)
def test_what_only_sounds_alike_is_left_to_people(name, own):
    assert suggest_mapping([wanted(name)], [number(own)]) == {}


@pytest.mark.parametrize(
    "own",
    [
        number("AGE", 0, 80),
        number("AGE", missing=1),
        ColumnProfile("AGE", "text", None, None, 0, None, 1, UnusableCell(1, "x", "a number")),
    ],
)
def test_a_column_that_cannot_serve_is_not_proposed(own):
    assert suggest_mapping([wanted("age")], [own]) == {}


def test_a_column_of_one_number_can_serve():
    assert suggest_mapping([wanted("age")], [number("AGE", 1, 1)]) == {"age": "AGE"}


def test_nothing_is_proposed_twice_or_by_chance():
    assert suggest_mapping([wanted("age")], [number("Age"), number("AGE")]) == {}
    assert suggest_mapping([wanted("Age"), wanted("AGE")], [number("age")]) == {}
    # What is the same goes before what is similar.
    free = [number("temperatures"), number("Temperature")]
    assert suggest_mapping([wanted("temperature")], free) == {"temperature": "Temperature"}


def test_a_category_is_proposed_by_its_name_alone():
    category = RequiredColumn("Sex", "column", ColumnKind.CATEGORY, levels=("f", "m"))
    own = ColumnProfile("SEX", "text", None, None, 0, None, 3, UnusableCell(1, "f", "a number"))
    assert suggest_mapping([category], [own]) == {"Sex": "SEX"}
