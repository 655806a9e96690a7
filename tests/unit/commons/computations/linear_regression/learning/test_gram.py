import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.linear_regression.learning.gram import GramAccumulator
from commons.errors import InvalidInput


def rows(seed: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(size=(m, d - 1)), np.ones(m)]), rng.normal(size=m)


def in_blocks(X: np.ndarray, y: np.ndarray, cuts: list[int]) -> GramAccumulator:
    accumulator = GramAccumulator(X.shape[1])
    for features, target in zip(np.split(X, cuts), np.split(y, cuts), strict=True):
        accumulator.add(features, target)
    return accumulator


def test_statistics_of_a_table_worked_by_hand():
    accumulator = GramAccumulator(2)
    accumulator.add([[1, 1], [3, 1]], [2, 4])
    stats = accumulator.statistics()
    np.testing.assert_array_equal(stats.G, [[5, 2], [2, 1]])
    np.testing.assert_array_equal(stats.c, [7, 3])
    assert stats.yy == 10
    assert stats.row_count == 2
    assert stats.n_features == 2


@given(st.lists(st.integers(0, 40), max_size=5).map(sorted), st.integers(0, 100))
def test_blocks_give_what_all_rows_at_once_give(cuts, seed):
    X, y = rows(seed, 40, 4)
    stats = in_blocks(X, y, cuts).statistics()
    np.testing.assert_allclose(stats.G, X.T @ X / 40, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(stats.c, X.T @ y / 40, rtol=1e-13, atol=1e-14)
    assert stats.yy == pytest.approx(y @ y / 40, rel=1e-13)
    assert stats.row_count == 40


def test_many_blocks_do_not_pile_up_rounding():
    accumulator = GramAccumulator(1)
    for _ in range(20_000):
        accumulator.add([[1.0]], [0.1])
    # 0.1 is the float nearest to it, so the exact mean of its products is the float itself.
    assert accumulator.statistics().c[0] == 0.1


def test_merging_keeps_what_compensation_has_saved():
    merged, other = GramAccumulator(1), GramAccumulator(1)
    for value in (1e8, 1e-1, 1e-1, 1e-1):
        other.add([[value]], [value])
    merged.merge(other)
    assert merged.statistics().yy == other.statistics().yy == (10**16 * 100 + 3) / 400


def test_a_small_block_after_a_huge_one_is_not_lost():
    accumulator = GramAccumulator(1)
    for value in (1e8, 1e-1, 1e-1, 1e-1):
        accumulator.add([[value]], [value])
    exact = (10**16 * 100 + 3) / 400
    assert accumulator.statistics().yy == exact


def test_merging_equals_taking_all_rows():
    X, y = rows(1, 30, 3)
    merged, other = in_blocks(X[:10], y[:10], []), in_blocks(X[10:], y[10:], [])
    merged.merge(other)
    at_once = in_blocks(X, y, []).statistics()
    np.testing.assert_allclose(merged.statistics().G, at_once.G, rtol=1e-14)
    np.testing.assert_allclose(merged.statistics().c, at_once.c, rtol=1e-13)
    assert merged.row_count == 30
    assert other.row_count == 20


def test_rows_and_statistics_are_not_shown_by_repr():
    accumulator = GramAccumulator(1)
    accumulator.add([[1234.5]], [6789.5])
    assert repr(accumulator.statistics()) == "GramStatistics(row_count=1)"


def test_statistics_cannot_be_written_to():
    accumulator = GramAccumulator(1)
    accumulator.add([[1.0]], [1.0])
    with pytest.raises(ValueError, match="read-only"):
        accumulator.statistics().G[0, 0] = 2


def test_no_rows_are_refused():
    with pytest.raises(InvalidInput, match="no rows"):
        GramAccumulator(3).statistics()


@pytest.mark.parametrize(
    ("X", "y", "field"),
    [
        ([[1, 2, 3]], [1], "X"),
        ([1, 2], [1], "X"),
        ([[1, 2]], [1, 2], "y"),
        ([[1, float("nan")]], [1], "X"),
        ([[1, 2]], [float("inf")], "y"),
        ([["a", "b"]], [1], "X"),
        ([[1e200, 1]], [1], "X"),
    ],
)
def test_unusable_blocks_are_refused_and_change_nothing(X, y, field):
    accumulator = GramAccumulator(2)
    accumulator.add([[1, 1]], [1])
    with pytest.raises(InvalidInput) as caught:
        accumulator.add(X, y)
    assert caught.value.fields["field"] == field
    assert accumulator.row_count == 1
    np.testing.assert_array_equal(accumulator.statistics().G, np.ones((2, 2)))


def test_merging_another_number_of_features_is_refused():
    with pytest.raises(InvalidInput, match="2 features into 3"):
        GramAccumulator(3).merge(GramAccumulator(2))


def test_no_features_are_refused():
    with pytest.raises(InvalidInput, match="n_features is 0"):
        GramAccumulator(0)
