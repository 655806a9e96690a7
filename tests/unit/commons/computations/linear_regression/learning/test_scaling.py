import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.errors import InvalidInput

AGE = FeatureRange("age", 0, 100, "years")
PRESSURE = FeatureRange("pressure", 1e9, 1e9 + 1, "Pa")
CELLS = FeatureRange("cells", -3e-8, 1e-8, "mol")
PRICE = FeatureRange("price", 200, 600, "euro")
finite = st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-1e12, max_value=1e12)


def scaling(mode: str = "range") -> RangeScaling:
    return RangeScaling((AGE, PRESSURE, CELLS), PRICE, mode)


def exact_prediction(model: RangeScaling, x: list[float], w: list[float]) -> Fraction:
    """The prediction in rational numbers, straight from the definition of the map."""
    total = Fraction(w[-1])
    for column, value, weight in zip(model.features, x, w, strict=False):
        low, high = Fraction(column.minimum), Fraction(column.maximum)
        total += Fraction(weight) * (2 * (Fraction(value) - low) / (high - low) - 1)
    low, high = Fraction(model.target.minimum), Fraction(model.target.maximum)
    return low + (total + 1) / 2 * (high - low)


def test_ends_and_middle_of_a_range_map_exactly():
    X = [[0, 1e9, -3e-8], [50, 1e9 + 0.5, -1e-8], [100, 1e9 + 1, 1e-8]]
    np.testing.assert_allclose(scaling().transform_features(X), [[-1] * 3, [0] * 3, [1] * 3], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(scaling().transform_features(X)[[0, 2]], [[-1] * 3, [1] * 3])
    np.testing.assert_array_equal(scaling().transform_target([200, 400, 600]), [-1, 0, 1])


@given(finite, finite, st.floats(0, 1))
def test_a_value_in_its_range_never_leaves_the_unit_range(one_end, other_end, position):
    low, high = sorted((one_end, other_end))
    if high - low < 1e-300:
        return
    value = min(max(low + position * (high - low), low), high)
    model = RangeScaling((FeatureRange("x", low, high),), PRICE)
    assert -1 <= model.transform_features([[value]])[0, 0] <= 1


def test_bias_column_comes_last():
    design = scaling().design_matrix([[100, 1e9, 1e-8], [0, 1e9, 1e-8]])
    np.testing.assert_array_equal(design, [[1, -1, 1, 1], [-1, -1, 1, 1]])
    assert scaling().n_weights == 4


def test_none_takes_the_numbers_as_they_come():
    model = scaling("none")
    np.testing.assert_array_equal(model.design_matrix([[7, 8, 9]]), [[7, 8, 9, 1]])
    np.testing.assert_array_equal(model.transform_target([1234]), [1234])
    np.testing.assert_array_equal(model.weights_to_original([1, 2, 3, 4]), [1, 2, 3, 4])
    np.testing.assert_array_equal(model.predict([[7, 8, 9]], [1, 2, 3, 4]), [54])


def test_weights_in_original_units_worked_by_hand():
    model = RangeScaling((FeatureRange("x", 0, 10),), FeatureRange("y", 100, 300))
    # Training units: z = x/5 - 1, t = y/100 - 2. t = 0.5 z + 0.25 is y = 10 x + 175.
    np.testing.assert_allclose(model.weights_to_original([0.5, 0.25]), [10, 175], rtol=1e-15)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_weights_in_original_units_are_the_exact_ones_rounded_once(w):
    original = scaling().weights_to_original(w)
    for j, column in enumerate(scaling().features):
        slope = 200 * Fraction(w[j]) / ((Fraction(column.maximum) - Fraction(column.minimum)) / 2)
        assert original[j] == float(slope)
    assert original[-1] == float(exact_prediction(scaling(), [0.0, 0.0, 0.0], w))


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_predictions_keep_their_digits_at_large_offsets(w, positions):
    columns = scaling().features
    x = [min(c.minimum + p * (c.maximum - c.minimum), c.maximum) for c, p in zip(columns, positions, strict=True)]
    expected = float(exact_prediction(scaling(), x, w))
    assert scaling().predict([x], w)[0] == pytest.approx(expected, rel=1e-13, abs=1e-10)


def test_ranges_over_eight_orders_of_magnitude_give_the_least_squares_of_the_original_units():
    rng = np.random.default_rng(0)
    columns = tuple(FeatureRange(f"x{i}", -(10.0**i), 10.0**i) for i in range(-4, 5))
    X = np.column_stack([rng.uniform(c.minimum, c.maximum, size=200) for c in columns])
    truth = np.array([1 / c.maximum for c in columns])
    y = X @ truth + 3
    model = RangeScaling(columns, FeatureRange("y", -10, 16))
    w = np.linalg.lstsq(model.design_matrix(X), model.transform_target(y), rcond=None)[0]
    np.testing.assert_allclose(model.weights_to_original(w), [*truth, 3], rtol=1e-12)


def test_mse_in_original_units():
    assert scaling().target_half_width == 200
    assert scaling().mse_to_original_units(0.25) == 10_000
    assert scaling("none").target_half_width == 200
    assert scaling("none").mse_to_original_units(0.25) == 0.25


def test_mse_in_original_units_is_that_of_the_predictions():
    rng = np.random.default_rng(1)
    model, w = scaling(), np.array([0.1, -0.2, 0.3, 0.05])
    X = np.column_stack([rng.uniform(c.minimum, c.maximum, size=20) for c in model.features])
    y = rng.uniform(200, 600, size=20)
    mse = np.mean((model.design_matrix(X) @ w - model.transform_target(y)) ** 2)
    assert model.mse_to_original_units(mse) == pytest.approx(np.mean((model.predict(X, w) - y) ** 2), rel=1e-12)


def test_contains_has_no_tolerance():
    values = np.array([0.0, np.nextafter(0, -1), 100.0, np.nextafter(100, 101), np.nan])
    np.testing.assert_array_equal(AGE.contains(values), [True, False, True, False, False])


@pytest.mark.parametrize(
    ("name", "low", "high", "message"),
    [
        ("x", 1, 1, "minimum below the maximum"),
        ("x", 2, 1, "minimum below the maximum"),
        ("x", math.nan, 1, "expected finite bounds"),
        ("x", 0, math.inf, "expected finite bounds"),
        ("x", -1.7e308, 1.7e308, "cannot scale"),
        ("x", 0, 5e-324, "cannot scale"),
        (" ", 0, 1, "no name"),
    ],
)
def test_unusable_ranges_are_refused(name, low, high, message):
    with pytest.raises(InvalidInput, match=message):
        FeatureRange(name, low, high)


@pytest.mark.parametrize(
    ("features", "target", "mode", "field"),
    [
        ((), PRICE, "range", "features"),
        ((AGE, AGE), PRICE, "range", "features"),
        ((AGE, PRICE), PRICE, "range", "features"),
        ((AGE,), PRICE, "standard", "scaling"),
    ],
)
def test_unusable_scalings_are_refused(features, target, mode, field):
    with pytest.raises(InvalidInput) as caught:
        RangeScaling(features, target, mode)
    assert caught.value.fields["field"] == field


def test_wrong_shapes_are_refused():
    with pytest.raises(InvalidInput, match=r"X has shape \(1, 2\)"):
        scaling().transform_features([[1, 2]])
    with pytest.raises(InvalidInput, match=r"y has shape \(1, 2\)"):
        scaling().transform_target([[1, 2]])
    with pytest.raises(InvalidInput, match=r"w has shape \(3,\)"):
        scaling().weights_to_original([1, 2, 3])


def test_weights_beyond_float64_are_refused():
    model = RangeScaling((FeatureRange("x", 0, 1e-300),), FeatureRange("y", 0, 1e300))
    with pytest.raises(InvalidInput, match="too large"):
        model.weights_to_original([1.0, 0.0])
