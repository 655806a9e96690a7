"""What a buyer can ask for, and what is said of what it cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from commons.computations.statistics.spec import MAX_SUMS, CategoryColumn, NumberColumn, StatisticsSpec
from commons.computations.statistics.sums import TableSums, sum_bounds

AGE = {"kind": "number", "name": "age", "minimum": 0, "maximum": 120, "unit": "a"}
SEX = {"kind": "category", "name": "sex", "levels": ["f", "m"]}


def numbers(count, **changes):
    return [{**AGE, "name": f"x{index}", **changes} for index in range(count)]


def categories(count, levels):
    return [{**SEX, "name": f"c{index}", "levels": [f"level {one}" for one in range(levels)]} for index in range(count)]


@pytest.mark.parametrize(
    ("columns", "where", "said"),
    [
        ([], "columns", "at least one column"),
        ([AGE, {**SEX, "name": "age"}], "columns", "repeated: age"),
        ([{**AGE, "minimum": 120}], "columns.0", "must be below"),
        ([{**AGE, "minimum": float("nan")}], "columns.0.minimum", "finite"),
        ([{**AGE, "maximum": 1e101}], "columns.0", "too wide"),
        ([{**AGE, "maximum": 1e-310}], "columns.0", "too narrow"),
        ([{**AGE, "bins": 0}], "columns.0.bins", "greater than or equal to 1"),
        ([{**AGE, "bins": 101}], "columns.0.bins", "less than or equal to 100"),
        ([{**AGE, "name": ""}], "columns.0.name", "at least 1 character"),
        ([{**SEX, "levels": []}], "columns.0.levels", "at least one level"),
        ([{**SEX, "levels": ["f", "f"]}], "columns.0.levels", "repeated: f"),
        ([{**SEX, "levels": [" f"]}], "columns.0.levels", "white space"),
        ([{**SEX, "levels": [""]}], "columns.0.levels.0", "at least 1 character"),
        ([{**SEX, "levels": ["x" * 201]}], "columns.0.levels.0", "at most 200 characters"),
        ([{**SEX, "levels": [f"{i}" for i in range(201)]}], "columns.0.levels", "at most 200 items"),
        (numbers(201), "columns", "at most 200 items"),
        ([{**AGE, "kind": "date"}], "columns.0", "kind"),
        (numbers(160, bins=100), "columns", f"at most {MAX_SUMS}"),
        ([{**one, "levels": [f"{i:0200}" for i in range(51)]} for one in categories(10, 1)], "columns", "100000"),
    ],
)
def test_what_cannot_be_asked_for_is_named_with_its_place(columns, where, said):
    with pytest.raises(ValidationError) as caught:
        StatisticsSpec.model_validate({"columns": columns})
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == where
    assert said in error["msg"]


def test_correlation_needs_two_columns_of_numbers():
    with pytest.raises(ValidationError, match="at least two columns of numbers") as caught:
        StatisticsSpec.model_validate({"columns": [AGE, SEX], "correlation": True})
    assert caught.value.errors()[0]["loc"] == ("correlation",)


def test_too_many_correlations_are_refused():
    StatisticsSpec.model_validate({"columns": numbers(170, bins=1), "correlation": True})
    with pytest.raises(ValidationError, match=r"(?s)correlation.*at most 16000"):
        StatisticsSpec.model_validate({"columns": numbers(180, bins=1), "correlation": True})


def test_a_specification_survives_its_json():
    spec = StatisticsSpec.model_validate({"columns": [AGE, SEX], "correlation": False})
    assert StatisticsSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.kind == "statistics"
    assert isinstance(spec.columns[0], NumberColumn)
    assert isinstance(spec.columns[1], CategoryColumn)
    assert (spec.numbers, spec.categories) == ((spec.columns[0],), (spec.columns[1],))


@given(
    bins=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    levels=st.lists(st.integers(1, 5), max_size=3),
    correlation=st.booleans(),
)
def test_the_number_of_sums_is_that_of_a_vector(bins, levels, correlation):
    columns = [one for count in levels for one in categories(1, count)]
    columns = [{**one, "name": f"c{index}"} for index, one in enumerate(columns)]
    columns += [{**one, "bins": count} for one, count in zip(numbers(len(bins)), bins, strict=True)]
    spec = StatisticsSpec.model_validate({"columns": columns, "correlation": correlation})
    bounds = sum_bounds(spec, 10)
    assert len(bounds) == spec.sum_count
    assert TableSums.of_vector(spec, bounds).vector() == bounds


@given(
    low=st.floats(-1e100, 1e100, allow_nan=False),
    width=st.floats(1e-300, 1e100, allow_nan=False),
    bins=st.integers(1, 100),
)
def test_edges_are_in_order_and_end_where_the_range_ends(low, width, bins):
    high = min(low + width, 1e100)
    if not low < high or high - low < np.finfo(np.float64).tiny:
        return
    edges = NumberColumn(name="x", minimum=low, maximum=high, bins=bins).edges()
    assert len(edges) == bins + 1
    assert (edges[0], edges[-1]) == (low, high)
    assert (np.diff(edges) >= 0).all()
