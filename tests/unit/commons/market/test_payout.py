import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.errors import InvalidInput
from commons.market.payout import Payout, payout, payout_of_job

wei = st.integers(0, 2**128 - 1)
mse = st.integers(0, 2**128 - 1)
contributions = st.lists(st.integers(0, 2**135), min_size=1, max_size=8)
validators = st.integers(1, 40)
jobs = st.tuples(wei, mse, mse, contributions, validators)
shares = st.tuples(st.integers(0, 5000), st.integers(0, 3000), st.integers(0, 2000))


def total(split: Payout, n_validators: int) -> int:
    return sum(split.trainers) + split.validator_each * n_validators + split.aggregator + split.refund


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        # Half the error gone: half of the trainers' 70 % is paid.
        ((10_000, 100, 50, [3, 1], 2), Payout((2625, 875), 1000, 1000, 3500)),
        ((10_000, 100, 0, [1], 1), Payout((7000,), 2000, 1000, 0)),
        ((10_000, 100, 100, [5, 5], 1), Payout((0, 0), 2000, 1000, 7000)),
        ((10_000, 100, 250, [5, 5], 1), Payout((0, 0), 2000, 1000, 7000)),
        ((10_000, 0, 0, [1, 1], 1), Payout((0, 0), 2000, 1000, 7000)),
        ((10_000, 0, 7, [1, 1], 1), Payout((0, 0), 2000, 1000, 7000)),
        ((10_000, 100, 0, [0, 0, 0], 3), Payout((2333, 2333, 2333), 666, 1000, 3)),
        ((0, 100, 50, [1], 1), Payout((0,), 0, 0, 0)),
        ((9, 3, 1, [1, 2], 1), Payout((1, 2), 1, 0, 5)),
    ],
)
def test_worked_splits(job, expected):
    assert payout(*job) == expected


def test_divisions_round_down_one_after_the_other():
    # ⌊19 · 0.7⌋ = 13 and ⌊13 · 10/11⌋ = 11, where ⌊19 · 0.7 · 10/11⌋ would be 12 and pay 4 and 8.
    assert payout(19, 11, 1, [1, 2], 2) == Payout((3, 7), 1, 1, 6)


@given(jobs, shares)
def test_money_is_conserved_and_nobody_pays(job, bps):
    deposit, _, _, gains, n_validators = job
    split = payout(*job, trainer_bps=bps[0], validator_bps=bps[1], aggregator_bps=bps[2])
    assert total(split, n_validators) == deposit
    assert min(*split.trainers, split.validator_each, split.aggregator, split.refund) >= 0
    assert len(split.trainers) == len(gains)


@given(jobs, st.integers(1, 2**135), st.data())
def test_a_larger_contribution_never_earns_less(job, more, data):
    *terms, gains, n_validators = job
    trainer = data.draw(st.integers(0, len(gains) - 1))
    raised = [gain + more if t == trainer else gain for t, gain in enumerate(gains)]
    assert payout(*terms, raised, n_validators).trainers[trainer] >= payout(*job).trainers[trainer]


@given(jobs, st.randoms(use_true_random=False))
def test_pay_follows_the_trainer_and_not_its_place(job, random):
    *terms, gains, n_validators = job
    order = list(range(len(gains)))
    random.shuffle(order)
    plain, shuffled = payout(*job), payout(*terms, [gains[t] for t in order], n_validators)
    assert shuffled.trainers == tuple(plain.trainers[t] for t in order)
    assert shuffled.refund == plain.refund


@given(wei, st.integers(1, 2**128 - 1), contributions, validators, st.data())
def test_a_lower_final_error_never_pays_the_trainers_less(deposit, initial, gains, n_validators, data):
    low, high = sorted(data.draw(st.tuples(mse, mse)))
    better = payout(deposit, initial, low, gains, n_validators)
    worse = payout(deposit, initial, high, gains, n_validators)
    assert all(a >= b for a, b in zip(better.trainers, worse.trainers, strict=True))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"deposit_wei": -1}, "deposit_wei"),
        ({"initial_mse": -1}, "initial_mse"),
        ({"final_mse": -1}, "final_mse"),
        ({"contributions": []}, "contributions"),
        ({"contributions": [1, -1]}, "contributions"),
        ({"n_validators": 0}, "n_validators"),
        ({"trainer_bps": 7001}, "shares_bps"),
        ({"validator_bps": -1}, "validator_bps"),
    ],
)
def test_impossible_arguments_are_refused(changed, field):
    arguments = {"deposit_wei": 1, "initial_mse": 1, "final_mse": 1, "contributions": [1], "n_validators": 1}
    with pytest.raises(InvalidInput) as caught:
        payout(**(arguments | changed))
    assert caught.value.fields["field"] == field


COURSE = [(100, []), (80, [90, 70]), (50, [50, 80])]


@pytest.mark.parametrize(
    ("checkpoints", "delivered", "expected"),
    [
        # Contributions of 10 and 30 share half of 7000.
        (COURSE, True, Payout((875, 2625), 2000, 1000, 3500)),
        (COURSE, False, Payout((875, 2625), 2000, 0, 4500)),
        (COURSE[:1], False, Payout((0, 0), 2000, 0, 8000)),
        ([], False, Payout((0, 0), 0, 0, 10_000)),
    ],
)
def test_a_job_pays_by_its_checkpoints_and_its_end(checkpoints, delivered, expected):
    assert payout_of_job(10_000, checkpoints, 2, 1, delivered=delivered) == expected


def test_leave_one_out_errors_of_other_trainers_are_refused():
    with pytest.raises(InvalidInput, match="expected 3") as caught:
        payout_of_job(10_000, COURSE, 3, 1, delivered=True)
    assert caught.value.fields["field"] == "leave_one_out_mses"
