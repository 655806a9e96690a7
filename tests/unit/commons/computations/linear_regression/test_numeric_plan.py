import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commons.computations.linear_regression.learning import (
    GramAccumulator,
    QuadraticMetricAccumulator,
    federated_gradient_descent,
    gradient_map,
    learning_rate_limit,
)
from commons.computations.linear_regression.numeric_plan import (
    CHECK_FACTOR_BITS,
    MASK_BITS,
    MATRIX_FRACTIONAL_BITS,
    WEIGHT_FRACTIONAL_BITS,
    NumericPlan,
    declared_growth,
)
from commons.errors import HeadroomExceeded, InvalidInput


@st.composite
def trainings(draw):
    """Rows inside random declared ranges, a learning rate around and beyond where steps diverge."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scaling = draw(st.sampled_from(["none", "range"]))
    k, steps = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 7, 50]))
    spread = 1.0 if scaling == "range" else 10 ** draw(st.floats(-3, 3))
    reach = 1.0 if scaling == "range" else 10 ** draw(st.floats(-3, 3))
    low = -spread if scaling == "range" else draw(st.sampled_from([-spread, 0.0, spread / 2]))
    sizes = draw(st.lists(st.integers(1, 12), min_size=2, max_size=4))
    # Rows at the very ends of their ranges are the ones that come closest to the bounds.
    corners = draw(st.booleans())

    def rows(shape, lowest, highest):
        return rng.choice([lowest, highest], shape) if corners else rng.uniform(lowest, highest, shape)

    parts = [(np.column_stack([rows((m, k), low, spread), np.ones(m)]), rows(m, -reach, reach)) for m in sizes]
    faster = draw(st.sampled_from([0.3, 0.99, 1.02, 1.5]))
    limits = []
    for X, y in parts:
        accumulator = GramAccumulator(k + 1)
        accumulator.add(X, y)
        limits.append(accumulator.statistics())
    rate = min(learning_rate_limit(stats) for stats in limits) * faster
    fields = {
        "features": [{"name": f"x{j}", "minimum": low, "maximum": spread} for j in range(k)],
        "target": {"name": "y", "minimum": -reach, "maximum": reach},
        "scaling": scaling,
        "local_steps": steps,
        "learning_rate": rate,
        "rounds": draw(st.integers(1, 6)),
        "evaluate_every": 1,
    }
    return parts, limits, fields


@settings(max_examples=300)
@given(training=trainings(), averaging=st.sampled_from(["rows", "uniform"]))
def test_no_training_on_rows_inside_the_ranges_leaves_the_bounds(make_spec, training, averaging):
    parts, statistics, fields = training
    spec = make_spec(**fields, averaging=averaging)
    steps = [gradient_map(stats, spec.learning_rate, spec.local_steps) for stats in statistics]
    growth = max(declared_growth(step.spectral_norm) for step in steps)
    assume(growth < 1e6)
    plan = NumericPlan(spec, 3072, growth)
    assert all(np.linalg.norm(step.b) <= plan.update_norm * (1 + 1e-9) for step in steps)
    metrics = []
    for X, y in parts:
        accumulator = QuadraticMetricAccumulator(spec.n_weights)
        accumulator.add(X, y)
        metrics.append(accumulator.metric())
    rounds = []
    federated_gradient_descent(
        parts,
        rounds=spec.rounds,
        local_steps=spec.local_steps,
        learning_rate=spec.learning_rate,
        averaging=averaging,
        evaluate=rounds.append,
    )
    for one in rounds:
        for weights in (one.weights, *one.local_weights, *one.leave_one_out_weights):
            bound = plan.weight_bound(one.number, WEIGHT_FRACTIONAL_BITS)
            assert np.linalg.norm(weights) <= bound / 2**WEIGHT_FRACTIONAL_BITS
            for metric in metrics:
                residual = metric.R @ weights - metric.q
                fraction = plan.residual_fractional_bits
                highest = 2.0 ** (plan.residual_bits(one.number, metric.row_count) - fraction)
                assert np.linalg.norm(residual) < highest
                squared = metric.squared_error(weights)
                assert squared <= 2.0 ** (plan.sse_bits(one.number, metric.row_count) - 2 * fraction)


def test_bounds_of_a_training_worked_out_by_hand(make_spec):
    spec = make_spec(
        features=[{"name": "x", "minimum": -3, "maximum": 2}, {"name": "z", "minimum": 0, "maximum": 4}],
        target={"name": "y", "minimum": -10, "maximum": 5},
        scaling="none",
        learning_rate=0.5,
        local_steps=4,
    )
    plan = NumericPlan(spec, 2048)
    assert plan.row_norm == pytest.approx(math.sqrt(3**2 + 4**2 + 1))
    assert plan.target_magnitude == 10
    assert plan.update_norm == pytest.approx(0.5 * 4 * math.sqrt(26) * 10)
    # Without growth each round adds the norm of b once: 10 rounds of 101.98 need 10 bits, and 2 are slack.
    assert plan.weight_bits(10) == 12
    grown = NumericPlan(spec, 2048, growth=2.0)
    assert grown.update_norm == pytest.approx(2 * plan.update_norm)
    # 2^10/(2 − 1) times 203.96.
    assert grown.weight_bits(10) == 10 + 8 + 2


def test_range_scaling_makes_every_entry_at_most_one(make_spec):
    plan = NumericPlan(make_spec(), 2048)
    assert plan.row_norm == pytest.approx(math.sqrt(3))
    assert plan.target_magnitude == 1
    assert plan.update_norm == pytest.approx(math.sqrt(3) / 3)
    assert plan.weight_bits(0) == 2


@given(norm=st.floats(0, 1e5))
def test_declared_growth_is_coarse_and_never_too_small(norm):
    growth = declared_growth(norm)
    assert growth >= 1
    assert growth >= norm - 1e-9
    assert (16 * growth).is_integer()
    assert growth - norm <= 1 / 16 or growth == 1


def test_bounds_beyond_the_range_of_a_float_are_still_right(make_spec):
    spec = make_spec(rounds=2000)
    plan = NumericPlan(spec, 16_384, growth=2.0)
    assert plan.weight_bits(2000) > 2000
    # ‖Rw − q‖ ≤ √m·(√3·2^weight_bits + 1): one bit for √3, half of 10 for √m, one for the sum, one more of slack.
    whole = plan.residual_bits(2000, 1024) - plan.residual_fractional_bits
    assert plan.weight_bits(2000) + 5.8 <= whole <= plan.weight_bits(2000) + 9
    plan.require_headroom((1024,))


@pytest.mark.parametrize(
    ("changes", "growth", "rows"),
    [
        ({"rounds": 4000}, 2.0, 100),
        ({"rounds": 1200}, 2.0, 100),
        ({"rounds": 100_000}, 1e6, 100),
        ({"rounds": 100, "local_steps": 1000}, 1.1e5, 100),
        # Weights fit, and residuals of so many rows do not.
        ({"rounds": 10}, 1.0, 2**2400),
    ],
    ids=["weights", "residuals of diverging weights", "growth", "local steps", "residuals of many rows"],
)
def test_a_job_without_headroom_is_refused_with_a_remedy(make_spec, changes, growth, rows):
    plan = NumericPlan(make_spec(**changes), 3072, growth)
    with pytest.raises(HeadroomExceeded) as caught:
        plan.require_headroom((rows,))
    for remedy in ("smaller learning_rate", "fewer rounds or local_steps", "narrower ranges", "larger key"):
        assert remedy in caught.value.message


@pytest.mark.parametrize(("growth", "rounds"), [(1.0, 100_000), (1.0625, 5000), (2.0, 700), (1024.0, 70)])
def test_headroom_is_enough_for_every_step_of_a_job(make_spec, growth, rounds):
    plan = NumericPlan(make_spec(rounds=rounds), 3072, growth)
    try:
        plan.require_headroom((10**6,))
    except HeadroomExceeded:
        pytest.fail("this job fits a 3072-bit key")
    largest = 1 << 3070
    scale = WEIGHT_FRACTIONAL_BITS
    for number in range(max(1, rounds - 100), rounds + 1):
        if not plan.can_train(number, scale):
            scale = WEIGHT_FRACTIONAL_BITS
            assert plan.can_train(number, scale)
        scale += MATRIX_FRACTIONAL_BITS
        # One averaging factor finer, masked: the largest number of a refresh.
        assert plan.masked_bound(number, scale + MATRIX_FRACTIONAL_BITS) < largest
        assert plan.mask_bits(number, scale) - plan.weight_bits(number) - scale == MASK_BITS
        squares = 2 * plan.scaled_residual_slot_bits(number, 10**6)
        assert spec_sum_bits(plan) + squares < 3072
        assert plan.sse_bits(number, 10**6) < squares


def spec_sum_bits(plan):
    return math.ceil(math.log2(plan.spec.n_weights))


def test_the_next_round_does_not_fit_once_the_scale_has_grown(make_spec):
    plan = NumericPlan(make_spec(rounds=1000), 2048)
    fitting = [n for n in range(100) if plan.can_train(1000, WEIGHT_FRACTIONAL_BITS + n * MATRIX_FRACTIONAL_BITS)]
    assert fitting == list(range(len(fitting)))
    assert 25 <= len(fitting) <= 34


def test_slots_hold_value_mask_carry_and_sign(make_spec):
    plan = NumericPlan(make_spec(), 2048)
    assert plan.residual_slot_bits(5, 100) == plan.residual_bits(5, 100) + MASK_BITS + 2
    assert plan.scaled_residual_slot_bits(5, 100) == plan.residual_slot_bits(5, 100) + CHECK_FACTOR_BITS


def test_steps_that_diverge_beyond_any_key_are_refused_early(make_spec):
    accumulator = GramAccumulator(1)
    accumulator.add([[1.0]], [1.0])
    with pytest.raises(InvalidInput, match="learning_rate"):
        gradient_map(accumulator.statistics(), 1e12, 1000)
    plan = NumericPlan(make_spec(learning_rate=1e12, rounds=100_000), 2048, growth=1e12)
    with pytest.raises(HeadroomExceeded, match=r"learning_rate 1000000000000\.0 diverges"):
        plan.require_headroom((1,))
