import math
from fractions import Fraction

import numpy as np
import pytest

from commons.computations.linear_regression.learning.federated import federated_gradient_descent
from commons.computations.linear_regression.learning.gradient_map import gradient_map, learning_rate_limit
from commons.computations.linear_regression.learning.gram import GramAccumulator, GramStatistics
from commons.errors import InvalidInput


def stats_of(X: np.ndarray, y: np.ndarray) -> GramStatistics:
    accumulator = GramAccumulator(X.shape[1])
    accumulator.add(X, y)
    return accumulator.statistics()


def rows(seed: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(-1, 1, size=(m, d - 1)), np.ones(m)]), rng.uniform(-1, 1, size=m)


def exact_map(stats: GramStatistics, rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The same map by repeated steps in rational numbers."""
    d = stats.n_features
    step = [
        [Fraction(int(i == j)) - Fraction(rate) * Fraction(float(stats.G[i, j])) for j in range(d)] for i in range(d)
    ]
    shift = [Fraction(rate) * Fraction(float(value)) for value in stats.c]
    A = [[Fraction(int(i == j)) for j in range(d)] for i in range(d)]
    b = [Fraction(0)] * d
    for _ in range(steps):
        A = [[sum(step[i][k] * A[k][j] for k in range(d)) for j in range(d)] for i in range(d)]
        b = [sum(step[i][k] * b[k] for k in range(d)) + shift[i] for i in range(d)]
    return np.array(A, dtype=np.float64), np.array(b, dtype=np.float64)


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
@pytest.mark.parametrize(("m", "d"), [(30, 4), (2, 5), (1, 3)])
def test_map_equals_exact_arithmetic_also_for_singular_rows(m, d, steps):
    stats = stats_of(*rows(m, m, d))
    rate = 0.9 * learning_rate_limit(stats)
    result = gradient_map(stats, rate, steps)
    A, b = exact_map(stats, rate, steps)
    np.testing.assert_allclose(result.A, A, atol=1e-13)
    np.testing.assert_allclose(result.b, b, atol=1e-13 * max(1, np.abs(b).max()))


@pytest.mark.parametrize("steps", [1, 5, 50])
def test_one_application_equals_gradient_steps_on_the_rows(steps):
    X, y = rows(3, 60, 6)
    result = gradient_map(stats_of(X, y), 0.5, steps)
    start = np.linspace(-2, 2, 6)
    stepped = federated_gradient_descent([(X, y)], rounds=1, local_steps=steps, learning_rate=0.5, start=start)[-1]
    np.testing.assert_allclose(result.A @ start + result.b, stepped, rtol=1e-12, atol=1e-13)


def test_many_steps_end_at_least_squares():
    X, y = rows(4, 40, 3)
    stats = stats_of(X, y)
    result = gradient_map(stats, 1 / np.linalg.eigvalsh(stats.G)[-1], 5000)
    np.testing.assert_allclose(result.b, np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-10)
    assert result.spectral_norm < 1e-10


@pytest.mark.parametrize("steps", [1, 3, 50])
@pytest.mark.parametrize("fraction_of_limit", [0.3, 0.99, 1.1])
def test_spectral_norm_is_the_largest_singular_value(steps, fraction_of_limit):
    stats = stats_of(*rows(5, 25, 5))
    result = gradient_map(stats, fraction_of_limit * learning_rate_limit(stats), steps)
    assert result.spectral_norm == pytest.approx(np.linalg.svd(result.A, compute_uv=False)[0], rel=1e-12)


def test_spectral_norm_crosses_one_at_the_learning_rate_limit():
    stats = stats_of(*rows(6, 25, 5))
    limit = learning_rate_limit(stats)
    assert gradient_map(stats, 0.999 * limit, 4).spectral_norm <= 1
    assert gradient_map(stats, 1.001 * limit, 4).spectral_norm > 1


def test_learning_rate_limit_of_rows_worked_by_hand():
    assert learning_rate_limit(stats_of(np.array([[2.0, 0.0], [0.0, 1.0]]), np.zeros(2))) == pytest.approx(1.0)


def test_rows_of_zeros_never_diverge_and_never_move():
    stats = stats_of(np.zeros((3, 2)), np.zeros(3))
    assert learning_rate_limit(stats) == math.inf
    result = gradient_map(stats, 1e6, 50)
    np.testing.assert_array_equal(result.A, np.eye(2))
    np.testing.assert_array_equal(result.b, [0, 0])


def test_repr_shows_the_norm_only():
    result = gradient_map(stats_of(np.array([[1.0]]), np.array([1.0])), 0.5, 1)
    assert repr(result) == "GradientMap(spectral_norm=0.5)"


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_learning_rate_that_is_no_step_is_refused(rate):
    with pytest.raises(InvalidInput, match="learning_rate") as caught:
        gradient_map(stats_of(*rows(0, 5, 2)), rate, 1)
    assert caught.value.fields["field"] == "learning_rate"


def test_no_steps_are_refused():
    with pytest.raises(InvalidInput, match="local_steps is 0"):
        gradient_map(stats_of(*rows(0, 5, 2)), 0.1, 0)


def test_divergence_beyond_float64_is_refused_with_the_limit():
    stats = stats_of(*rows(0, 5, 2))
    with pytest.raises(InvalidInput, match=f"expected less than {learning_rate_limit(stats):.6g}"):
        gradient_map(stats, 1e10, 50)
