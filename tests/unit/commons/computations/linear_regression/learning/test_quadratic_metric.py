import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.linear_regression.learning.quadratic_metric import QuadraticMetric, QuadraticMetricAccumulator
from commons.errors import InvalidInput


def rows(seed: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(size=(m, d - 1)), np.ones(m)]), rng.normal(size=m)


def metric_of(X: np.ndarray, y: np.ndarray, cuts: list[int] | None = None) -> QuadraticMetric:
    accumulator = QuadraticMetricAccumulator(X.shape[1])
    for features, target in zip(np.split(X, cuts or []), np.split(y, cuts or []), strict=True):
        accumulator.add(features, target)
    return accumulator.metric()


@pytest.mark.parametrize("m", [1, 2, 4, 5, 6, 7, 60])
def test_error_equals_that_of_the_rows_also_with_fewer_rows_than_features(m):
    X, y = rows(m, m, 5)
    metric = metric_of(X, y)
    for w in np.random.default_rng(9).normal(size=(5, 5)):
        assert metric.squared_error(w) == pytest.approx(np.sum((X @ w - y) ** 2), rel=1e-12, abs=1e-13)
    assert metric.row_count == m


@pytest.mark.parametrize("m", [1, 3, 5, 6, 20])
def test_shapes_do_not_depend_on_rows_and_r_is_upper_triangular(m):
    metric = metric_of(*rows(m, m, 5))
    assert metric.R.shape == (5, 5)
    assert metric.q.shape == (5,)
    np.testing.assert_array_equal(metric.R, np.triu(metric.R))


@given(st.lists(st.integers(0, 30), max_size=6).map(sorted), st.integers(0, 100))
def test_blocks_of_any_size_give_the_same_metric(cuts, seed):
    X, y = rows(seed, 30, 4)
    at_once, in_blocks = metric_of(X, y), metric_of(X, y, cuts)
    np.testing.assert_allclose(in_blocks.R.T @ in_blocks.R, at_once.R.T @ at_once.R, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(in_blocks.R.T @ in_blocks.q, at_once.R.T @ at_once.q, rtol=1e-11, atol=1e-12)
    assert in_blocks.rho_squared == pytest.approx(at_once.rho_squared, rel=1e-11)


def test_rho_squared_is_the_error_of_least_squares():
    X, y = rows(2, 50, 4)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    assert metric_of(X, y).rho_squared == pytest.approx(np.sum((X @ best - y) ** 2), rel=1e-12)


def test_rows_that_a_model_fits_exactly_leave_no_error():
    X, _ = rows(3, 3, 5)
    assert metric_of(X, X @ np.arange(5.0)).rho_squared == 0


def test_digits_survive_that_the_normal_equations_lose():
    epsilon = 1e-9
    X, y = np.array([[1, 1], [epsilon, 0], [0, epsilon]]), np.zeros(3)
    w = np.array([1.0, -1.0])
    G = X.T @ X
    assert w @ G @ w == 0
    assert metric_of(X, y).squared_error(w) == pytest.approx(2e-18, rel=1e-6)


def test_merging_equals_taking_all_rows():
    X, y = rows(4, 12, 3)
    first, second = QuadraticMetricAccumulator(3), QuadraticMetricAccumulator(3)
    first.add(X[:2], y[:2])
    second.add(X[2:], y[2:])
    first.merge(second)
    metric = first.metric()
    w = np.array([0.3, -2.0, 1.0])
    assert metric.squared_error(w) == pytest.approx(np.sum((X @ w - y) ** 2), rel=1e-13)
    assert metric.row_count == first.row_count == 12


def test_repr_shows_the_row_count_only():
    assert repr(metric_of(*rows(0, 9, 2))) == "QuadraticMetric(row_count=9)"


def test_no_rows_are_refused():
    accumulator = QuadraticMetricAccumulator(2)
    accumulator.add(np.zeros((0, 2)), np.zeros(0))
    with pytest.raises(InvalidInput, match="no rows"):
        accumulator.metric()


@pytest.mark.parametrize(
    ("X", "y", "field"),
    [([[1, 2, 3]], [1], "X"), ([[1, 2]], [1, 2], "y"), ([[float("inf"), 1]], [1], "X"), ([[1, 2]], [np.nan], "y")],
)
def test_unusable_blocks_are_refused(X, y, field):
    with pytest.raises(InvalidInput) as caught:
        QuadraticMetricAccumulator(2).add(X, y)
    assert caught.value.fields["field"] == field


def test_values_whose_squares_overflow_are_refused():
    accumulator = QuadraticMetricAccumulator(1)
    accumulator.add([[1.0], [1.0]], [1e200, -1e200])
    with pytest.raises(InvalidInput, match="too large"):
        accumulator.metric()


def test_merging_another_number_of_features_is_refused():
    with pytest.raises(InvalidInput, match="2 features into 3"):
        QuadraticMetricAccumulator(3).merge(QuadraticMetricAccumulator(2))


def test_no_features_are_refused():
    with pytest.raises(InvalidInput, match="n_features is 0"):
        QuadraticMetricAccumulator(0)
