"""Moments of exact sums against numpy, and against published values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.statistics.moments import correlation_matrix, extent, mean, variance
from commons.computations.statistics.spec import NumberColumn
from commons.computations.statistics.summing import sum_table
from commons.computations.statistics.sums import NumberSums
from tests.doubles.in_memory_table import in_memory_table
from tests.unit.commons.computations.statistics.conftest import spec_of

# Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973), first data set.
ANSCOMBE = {
    "x": np.array([10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]),
    "y": np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]),
}


def columns_of(*names, low=0.0, high=20.0):
    return [{"kind": "number", "name": name, "minimum": low, "maximum": high} for name in names]


def sums_of(cells, low=0.0, high=20.0):
    spec = spec_of(columns_of(*cells, low=low, high=high), correlation=len(cells) > 1)
    return spec, sum_table(spec, in_memory_table(cells))


def test_anscombes_first_data_set():
    spec, sums = sums_of(ANSCOMBE)
    assert mean(spec.columns[0], sums.columns[0]) == 9.0
    assert mean(spec.columns[1], sums.columns[1]) == pytest.approx(7.500909090909091, rel=1e-14)
    # He gives sums of squares of deviations: 110.0 and 41.2727 for n = 11.
    assert variance(spec.columns[0], sums.columns[0]) == pytest.approx(110 / 11, rel=1e-14)
    assert variance(spec.columns[1], sums.columns[1]) * 11 == pytest.approx(41.27269, rel=1e-7)
    ((one, r), (same, other)) = correlation_matrix(sums.products)
    assert (one, other) == (1.0, 1.0)
    assert r == same == pytest.approx(0.8164205163448399, rel=1e-13)


@given(
    x=st.lists(st.floats(-1, 1), min_size=1, max_size=40),
    offset=st.sampled_from([0.0, 1e6, -1e9]),
)
def test_moments_of_narrow_values_far_from_zero_keep_their_digits(x, offset):
    values = np.array(x) + offset
    column = NumberColumn(name="x", minimum=offset - 1, maximum=offset + 1)
    values = np.clip(values, column.minimum, column.maximum)
    spec, sums = sums_of({"x": values}, low=column.minimum, high=column.maximum)
    assert mean(spec.columns[0], sums.columns[0]) == pytest.approx(
        math.fsum(values) / len(values), rel=1e-15, abs=1e-15
    )
    assert variance(spec.columns[0], sums.columns[0]) == pytest.approx(np.var(values - offset), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("low", "high"), [(-1e100, 1e100), (0.0, 1e-150), (1e15, 1e15 + 1)])
def test_very_wide_and_very_narrow_ranges(low, high):
    rng = np.random.default_rng(1)
    x, y = (np.clip(low + rng.random(50) * (high - low), low, high) for _ in range(2))
    spec, sums = sums_of({"x": x, "y": y}, low, high)
    assert mean(spec.columns[0], sums.columns[0]) == pytest.approx(np.mean(x), rel=1e-12)
    assert variance(spec.columns[0], sums.columns[0]) == pytest.approx(np.var(x - low), rel=1e-9)
    r = correlation_matrix(sums.products)[0][1]
    assert r == pytest.approx(np.corrcoef((x - low) / (high - low), (y - low) / (high - low))[0, 1], rel=1e-9)


def test_a_constant_column_has_variance_zero_and_no_correlation():
    spec, sums = sums_of({"x": ANSCOMBE["x"], "c": np.full(11, 0.1), "y": ANSCOMBE["y"]})
    assert variance(spec.columns[1], sums.columns[1]) == 0.0
    matrix = correlation_matrix(sums.products)
    assert matrix[1] == (None, None, None)
    assert [row[1] for row in matrix] == [None, None, None]
    assert matrix[0][0] == 1.0
    assert matrix[0][2] is not None


def test_one_complete_row_correlates_with_nothing():
    _, sums = sums_of({"x": [1.0, math.nan], "y": [2.0, 3.0]})
    assert correlation_matrix(sums.products) == ((None, None), (None, None))


def test_opposite_columns_correlate_with_minus_one():
    _, sums = sums_of({"x": ANSCOMBE["x"], "y": 20 - ANSCOMBE["x"]})
    assert correlation_matrix(sums.products) == ((1.0, -1.0), (-1.0, 1.0))


def test_without_values_there_are_no_moments():
    column, nothing = NumberColumn(name="x", minimum=0, maximum=1, bins=2), NumberSums(0, 0, 0, (0, 0))
    assert (mean(column, nothing), variance(column, nothing), extent(column, nothing)) == (None, None, (None, None))


def test_the_extent_is_that_of_the_filled_bins():
    column = NumberColumn(name="x", minimum=0, maximum=10, bins=5)
    assert extent(column, NumberSums(3, 0, 0, (0, 1, 0, 2, 0))) == (2.0, 8.0)
