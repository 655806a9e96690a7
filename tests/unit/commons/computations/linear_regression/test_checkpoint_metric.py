import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.linear_regression.checkpoint_metric import mse_fixed, mse_in_target_units
from commons.market.checkpoint_statement import MAX_MSE_FIXED
from commons.market.checkpoint_statement import MAX_MSE_FIXED as CHAIN_MAXIMUM

BITS = 480
ONE = 1 << BITS


@pytest.fixture(scope="module")
def scaled(make_spec):
    return make_spec(target={"name": "y", "minimum": -10, "maximum": 30})


@pytest.fixture(scope="module")
def unscaled(make_spec):
    return make_spec(target={"name": "y", "minimum": -10, "maximum": 30}, scaling="none", learning_rate=0.1)


def test_on_chain_the_unit_is_the_half_width_squared_whatever_the_scaling(scaled, unscaled):
    # 8 rows with a squared error of 100 each in units of the target, whose half width is 20.
    assert mse_fixed(unscaled, 800 * ONE, 8, BITS) == 100 * 10**18 // 400
    assert mse_fixed(scaled, 2 * ONE, 8, BITS) == 100 * 10**18 // 400
    assert mse_in_target_units(unscaled, 800 * ONE, 8, BITS) == 100.0
    assert mse_in_target_units(scaled, 2 * ONE, 8, BITS) == 100.0


@given(sse=st.integers(0, 2**600), rows=st.integers(1, 10**9))
def test_both_forms_are_correctly_rounded(scaled, unscaled, sse, rows):
    exact = Fraction(sse, rows * ONE)
    assert mse_fixed(scaled, sse, rows, BITS) == min(int(exact * 10**18), MAX_MSE_FIXED)
    assert mse_fixed(unscaled, sse, rows, BITS) == min(int(exact / 400 * 10**18), MAX_MSE_FIXED)
    assert mse_in_target_units(scaled, sse, rows, BITS) == float(exact * 400)
    assert mse_in_target_units(unscaled, sse, rows, BITS) == float(exact)


def test_the_chains_form_is_rounded_down(scaled):
    assert mse_fixed(scaled, ONE, 3, BITS) == 333_333_333_333_333_333
    assert mse_fixed(scaled, 1, 1, BITS) == 0


def test_an_error_below_zero_counts_as_none(scaled):
    assert mse_fixed(scaled, -5, 1, BITS) == 0
    assert mse_in_target_units(scaled, -5, 1, BITS) == 0.0


def test_training_that_diverged_is_recorded_as_the_largest_values(scaled):
    assert mse_fixed(scaled, ONE << 3000, 1, BITS) == MAX_MSE_FIXED == CHAIN_MAXIMUM
    assert mse_in_target_units(scaled, ONE << 3000, 1, BITS) == sys.float_info.max
