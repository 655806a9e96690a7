import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from commons.computations.linear_regression.learning.federated import (
    FederatedRound,
    federated_gradient_descent,
    mean_squared_error,
)
from commons.errors import InvalidInput


def diabetes_parts(owners: int, seed: int = 7) -> list[tuple[np.ndarray, np.ndarray]]:
    X, y = load_diabetes(return_X_y=True)
    X = np.column_stack([X, np.ones(len(X))])
    order = np.random.default_rng(seed).permutation(len(X))
    return [(X[rows], y[rows]) for rows in np.array_split(order, owners)]


def test_one_round_worked_by_hand():
    first = (np.array([[1.0]]), np.array([2.0]))
    second = (np.array([[1.0], [1.0], [1.0]]), np.array([4.0, 4.0, 4.0]))
    by_rows = federated_gradient_descent([first, second], rounds=1, local_steps=1, learning_rate=0.5)
    uniform = federated_gradient_descent(
        [first, second], rounds=1, local_steps=1, learning_rate=0.5, averaging="uniform"
    )
    # From zero the trainers step to 1 and 2.
    np.testing.assert_array_equal(by_rows, [[0], [1.75]])
    np.testing.assert_array_equal(uniform, [[0], [1.5]])


def test_one_local_step_averaged_by_rows_is_gradient_descent_on_all_rows():
    parts = diabetes_parts(5)
    pooled = (np.concatenate([X for X, _ in parts]), np.concatenate([y for _, y in parts]))
    options = {"rounds": 30, "local_steps": 1, "learning_rate": 1.5}
    federated, central = (federated_gradient_descent(p, **options)[-1] for p in (parts, [pooled]))
    np.testing.assert_allclose(federated, central, rtol=1e-12)


def test_many_rounds_reach_least_squares():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(-1, 1, size=(60, 3)), np.ones(60)])
    y = rng.uniform(-1, 1, size=60)
    parts = [(X[:20], y[:20]), (X[20:], y[20:])]
    w = federated_gradient_descent(parts, rounds=3000, local_steps=1, learning_rate=0.9)[-1]
    np.testing.assert_allclose(w, np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-9)


def test_history_starts_at_the_given_weights_and_has_one_entry_a_round():
    start = np.arange(11.0)
    history = federated_gradient_descent(diabetes_parts(2), rounds=3, local_steps=2, learning_rate=0.1, start=start)
    assert len(history) == 4
    np.testing.assert_array_equal(history[0], start)
    np.testing.assert_array_equal(start, np.arange(11.0))


def test_every_round_is_shown_with_its_leave_one_out_averages():
    parts, rounds = diabetes_parts(3), []
    history = federated_gradient_descent(parts, rounds=2, local_steps=1, learning_rate=1.0, evaluate=rounds.append)
    assert [shown.number for shown in rounds] == [0, 1, 2]
    assert rounds[0].local_weights == rounds[0].leave_one_out_weights == ()
    last: FederatedRound = rounds[-1]
    np.testing.assert_array_equal(last.weights, history[-1])
    counts = [len(y) for _, y in parts]
    for t, without in enumerate(last.leave_one_out_weights):
        # What is left, times its share, plus the one left out, times its share, is the whole average.
        share = counts[t] / sum(counts)
        np.testing.assert_allclose((1 - share) * without + share * last.local_weights[t], last.weights, rtol=1e-12)


def test_leaving_out_the_only_trainer_leaves_the_model_as_it_was_before():
    rounds: list[FederatedRound] = []
    federated_gradient_descent(diabetes_parts(1), rounds=2, local_steps=1, learning_rate=1.0, evaluate=rounds.append)
    np.testing.assert_array_equal(rounds[2].leave_one_out_weights[0], rounds[1].weights)


def test_mean_squared_error_weighs_every_row_alike():
    parts = [(np.array([[1.0]]), np.array([3.0])), (np.array([[1.0], [2.0]]), np.array([1.0, 2.0]))]
    assert mean_squared_error(parts, np.array([1.0])) == pytest.approx(4 / 3)
    assert mean_squared_error(diabetes_parts(4), np.zeros(11)) == pytest.approx(29074.4819, rel=1e-8)


def test_unusable_arguments_are_refused():
    X, y = np.ones((2, 1)), np.ones(2)
    options = {"rounds": 1, "local_steps": 1, "learning_rate": 0.1}
    with pytest.raises(InvalidInput, match="no parts"):
        federated_gradient_descent([], **options)
    with pytest.raises(InvalidInput, match="no rows"):
        federated_gradient_descent([(X[:0], y[:0])], **options)
    with pytest.raises(InvalidInput, match=r"parts\[1\].y has shape"):
        federated_gradient_descent([(X, y), (X, y[:1])], **options)
    with pytest.raises(InvalidInput, match="averaging is 'median'"):
        federated_gradient_descent([(X, y)], averaging="median", **options)
    with pytest.raises(InvalidInput, match="start has shape"):
        federated_gradient_descent([(X, y)], start=np.zeros(2), **options)
