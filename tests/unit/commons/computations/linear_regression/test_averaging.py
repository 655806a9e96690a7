import numpy as np
import pytest

from commons.ciphers.paillier import EncryptedVector, encode
from commons.computations.linear_regression.averaging import average, candidates
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS
from commons.errors import Conflict

SCALE = 240
BOUND = 1 << (SCALE + 20)
LOCAL = {
    "a": np.array([1.0, -2.0, 0.5]),
    "b": np.array([4.0, 0.0, -8.0]),
    "c": np.array([-3.0, 2.25, 7.0]),
}
ROWS = {"a": 30, "b": 41, "c": 7}
UNIFORM = {"a": 1, "b": 1, "c": 1}
PREVIOUS = np.array([9.0, -9.0, 3.0])


@pytest.fixture(params=[ROWS, UNIFORM], ids=["by rows", "uniform"])
def shares(request):
    return request.param


@pytest.fixture
def encrypted(job_randomizer, shares):
    """[p_t·w_t] of every trainer, as trainers send them."""
    total = sum(shares.values())
    return {
        name: EncryptedVector.encrypt(
            job_randomizer, encode(weights * shares[name] / total, SCALE), fractional_bits=SCALE, bound=BOUND
        )
        for name, weights in LOCAL.items()
    }


def decrypt(job_secret_key, vector):
    return np.array([value / (1 << vector.fractional_bits) for value in job_secret_key.decrypt_vector(vector)])


def mean(shares, names):
    return np.average([LOCAL[name] for name in names], axis=0, weights=[shares[name] for name in names])


def only(encrypted, names):
    return {name: encrypted[name] for name in names}


def test_with_all_updates_the_average_is_their_sum_at_the_same_scale(job_secret_key, encrypted, shares):
    result = average(encrypted, shares, bound=BOUND)
    assert decrypt(job_secret_key, result) == pytest.approx(mean(shares, "abc"), rel=1e-13)
    assert (result.fractional_bits, result.bound) == (SCALE, BOUND)


@pytest.mark.parametrize("names", ["ab", "bc", "ac", "a", "b", "c"])
def test_missing_trainers_are_left_out_of_the_average(job_secret_key, encrypted, shares, names):
    result = average(only(encrypted, names), shares, bound=BOUND)
    assert decrypt(job_secret_key, result) == pytest.approx(mean(shares, names), rel=1e-12)
    assert result.fractional_bits == SCALE + MATRIX_FRACTIONAL_BITS
    assert result.bound == BOUND << MATRIX_FRACTIONAL_BITS


@pytest.mark.parametrize("names", ["abc", "ab", "bc"])
def test_candidates_are_the_average_and_the_ones_without_each_trainer(
    job_secret_key, job_randomizer, encrypted, shares, names
):
    previous = EncryptedVector.encrypt(job_randomizer, encode(PREVIOUS, 192), fractional_bits=192, bound=BOUND)
    models = candidates(only(encrypted, names), shares, list("abc"), previous, bound=BOUND)
    assert len(models) == 4
    assert {model.fractional_bits for model in models} == {SCALE + MATRIX_FRACTIONAL_BITS}
    expected = [mean(shares, names)]
    # Whoever sent nothing changes nothing by its absence.
    expected += [mean(shares, names.replace(name, "")) if name in names else expected[0] for name in "abc"]
    for model, weights in zip(models, expected, strict=True):
        assert decrypt(job_secret_key, model) == pytest.approx(weights, rel=1e-12)


def test_without_the_only_one_that_answered_the_model_stays_as_it_was(
    job_secret_key, job_randomizer, encrypted, shares
):
    previous = EncryptedVector.encrypt(job_randomizer, encode(PREVIOUS, 192), fractional_bits=192, bound=BOUND)
    models = candidates(only(encrypted, "b"), shares, list("abc"), previous, bound=BOUND)
    for model, weights in zip(models, [LOCAL["b"], LOCAL["b"], PREVIOUS, LOCAL["b"]], strict=True):
        assert decrypt(job_secret_key, model) == pytest.approx(weights, rel=1e-12)
        assert model.fractional_bits == SCALE + MATRIX_FRACTIONAL_BITS


def test_order_is_the_trainers_and_not_that_of_arrival(job_secret_key, job_randomizer, encrypted, shares):
    previous = EncryptedVector.encrypt(job_randomizer, encode(PREVIOUS, 192), fractional_bits=192, bound=BOUND)
    arrived = {name: encrypted[name] for name in "cab"}
    models = candidates(arrived, shares, list("abc"), previous, bound=BOUND)
    assert decrypt(job_secret_key, models[1]) == pytest.approx(mean(shares, "bc"), rel=1e-12)


def test_without_any_update_there_is_no_average(job_randomizer, encrypted, shares):
    previous = EncryptedVector.encrypt(job_randomizer, [0], fractional_bits=192, bound=BOUND)
    with pytest.raises(Conflict, match="no trainer's update is in"):
        average({}, shares, bound=BOUND)
    with pytest.raises(Conflict, match="no trainer's update is in"):
        candidates({}, shares, list("abc"), previous, bound=BOUND)
