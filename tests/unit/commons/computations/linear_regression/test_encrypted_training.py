"""The whole encrypted protocol of all parties in one process, against the same training in the clear."""

from __future__ import annotations

import numpy as np
import pytest

from commons.computations.linear_regression.learning import federated_gradient_descent, mean_squared_error
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling

NOISE = 2**-23
"""Metrics are this close to those in the clear, in squared half widths of the target's range."""


@pytest.mark.parametrize(
    ("sizes", "n_trainers", "d", "changes"),
    [
        ((30, 41, 25, 18, 33), 3, 6, {"rounds": 14, "evaluate_every": 10}),
        ((20, 9), 1, 4, {"rounds": 7, "evaluate_every": 3, "local_steps": 5}),
        ((15, 12, 3), 2, 8, {"rounds": 5, "evaluate_every": 5, "local_steps": 50, "averaging": "uniform"}),
    ],
)
def test_encrypted_weights_and_metric_equal_plaintext_training(make_job, make_parts, *, sizes, n_trainers, d, changes):
    parts = make_parts(d, sizes, d)
    trainers, validators = parts[:n_trainers], parts[n_trainers:]
    job = make_job(trainers, validators, **changes)
    spec = job.plan.spec
    weights = job.run()
    seen = []
    history = federated_gradient_descent(
        trainers,
        rounds=spec.rounds,
        local_steps=spec.local_steps,
        learning_rate=spec.learning_rate,
        averaging=spec.averaging.value,
        evaluate=seen.append,
    )
    assert np.abs(weights - history[-1]).max() <= 1e-10 * np.abs(history[-1]).max()
    at = [0, *(number for number in range(1, spec.rounds + 1) if spec.is_checkpoint(number))]
    assert len(job.values) == len(at)
    for number, values in zip(at, job.values, strict=True):
        h_squared = spec.target.half_width**2
        error = mean_squared_error(validators, history[number])
        assert values.mse_target_units == pytest.approx(error, abs=NOISE * h_squared)
        without = seen[number].leave_one_out_weights
        expected = [mean_squared_error(validators, w) / h_squared for w in without]
        assert [value / 1e18 for value in values.leave_one_out_mses] == pytest.approx(expected, abs=NOISE)


def test_scaled_training_ends_at_the_weights_of_the_same_training_in_the_clear(make_job):
    rng = np.random.default_rng(11)
    features = (FeatureRange("x0", 10.0, 60.0), FeatureRange("x1", -3.0, 2.0))
    scaling = RangeScaling(features, FeatureRange("y", 0.0, 400.0))
    original = [
        (np.column_stack([rng.uniform(10, 60, m), rng.uniform(-3, 2, m)]), rng.uniform(0, 400, m)) for m in (9, 14, 8)
    ]
    parts = [(scaling.design_matrix(X), scaling.transform_target(y)) for X, y in original]
    job = make_job(
        parts[:2],
        parts[2:],
        features=[{"name": one.name, "minimum": one.minimum, "maximum": one.maximum} for one in features],
        target={"name": "y", "minimum": 0.0, "maximum": 400.0},
        scaling="range",
        learning_rate=None,
        rounds=9,
        evaluate_every=9,
    )
    weights = job.run()
    assert job.plan.spec.learning_rate == pytest.approx(1 / 3)
    (*_, expected) = federated_gradient_descent(parts[:2], rounds=9, local_steps=1, learning_rate=1 / 3)
    assert np.abs(weights - expected).max() <= 1e-10 * np.abs(expected).max()
    in_units = mean_squared_error(parts[2:], expected) * 200**2
    assert job.values[-1].mse_target_units == pytest.approx(in_units, abs=NOISE * 200**2)
    assert job.values[-1].mse / 1e18 == pytest.approx(mean_squared_error(parts[2:], expected), abs=NOISE)


def test_training_goes_on_with_whoever_answers(make_job, make_parts):
    parts = make_parts(5, (12, 20, 16, 11), 3)
    job = make_job(parts[:3], parts[3:], rounds=4, evaluate_every=2)
    addresses = [owner.address for owner in job.trainers]
    absent = {1: [0], 2: [1, 2], 3: [], 4: [0]}
    weights = job.run(missing=lambda number: [addresses[index] for index in absent[number]])

    expected = np.zeros(3)
    for number in range(1, 5):
        present = [part for index, part in enumerate(parts[:3]) if index not in absent[number]]
        (_, expected) = federated_gradient_descent(present, rounds=1, local_steps=1, learning_rate=1.5, start=expected)
    assert np.abs(weights - expected).max() <= 1e-9 * np.abs(expected).max()
    at_two, at_four = job.values[1:]
    # Trainers that sent nothing change nothing by their absence but noise.
    same = [abs(mse - at_two.mse) for mse in at_two.leave_one_out_mses[1:]]
    same.append(abs(at_four.leave_one_out_mses[0] - at_four.mse))
    other = [abs(at_two.leave_one_out_mses[0] - at_two.mse), abs(at_four.leave_one_out_mses[1] - at_four.mse)]
    assert max(same) < NOISE * 1e18 < min(other)
