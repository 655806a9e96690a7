"""The rule in Python against the shared vectors, and what the vectors themselves must have to be worth anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commons.market.contribution import leave_one_out_contributions
from commons.market.payout import BPS, Payout, payout, payout_of_job

CONTRACTS = Path(__file__).resolve().parents[4] / "contracts"
VECTORS = CONTRACTS / "test" / "vectors"


@pytest.fixture(scope="module")
def histories():
    return json.loads((VECTORS / "histories.json").read_text())


@pytest.fixture(scope="module")
def splits():
    return json.loads((VECTORS / "contributions.json").read_text())


def numbers(values):
    return [int(value) for value in values]


def expected(vector):
    pays = vector["pays"]
    amounts = (int(pays[name]) for name in ("validator", "aggregator", "refund"))
    return Payout(tuple(numbers(pays["trainers"])), *amounts)


def shares(vector):
    return dict(zip(("trainer_bps", "validator_bps", "aggregator_bps"), vector["bps"], strict=True))


def checkpoints(vector):
    return [(int(mse), numbers(rest)) for mse, *rest in vector["checkpoints"]]


def split_arguments(vector):
    initial, final, deposit = (int(vector[name]) for name in ("initial", "final", "deposit"))
    return deposit, initial, final, numbers(vector["contributions"]), vector["validators"]


def test_the_generator_makes_the_committed_files():
    check = subprocess.run(
        [sys.executable, CONTRACTS / "payout_vectors.py", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_whole_jobs_agree(histories):
    for line, vector in enumerate(histories, start=2):
        course, own = checkpoints(vector), numbers(vector["contributions"])
        assert (leave_one_out_contributions(course[1:]) or [0] * len(own)) == own, f"histories.json:{line}"
        split = payout_of_job(
            int(vector["deposit"]),
            course,
            len(own),
            vector["validators"],
            delivered=vector["delivered"],
            **shares(vector),
        )
        assert split == expected(vector), f"histories.json:{line}"


def test_splits_agree(splits):
    for line, vector in enumerate(splits, start=2):
        assert payout(*split_arguments(vector), **shares(vector)) == expected(vector), f"contributions.json:{line}"


def test_every_vector_conserves_the_deposit(histories, splits):
    for vector in [*histories, *splits]:
        split = expected(vector)
        paid = sum(split.trainers) + split.validator_each * vector["validators"] + split.aggregator
        assert paid + split.refund == int(vector["deposit"])
        assert min(*split.trainers, split.validator_each, split.aggregator, split.refund) >= 0


def test_there_are_ten_thousand_and_degenerate_ones_in_hundreds(histories, splits):
    assert len(histories) + len(splits) >= 10_000
    courses = [checkpoints(vector) for vector in histories if len(vector["checkpoints"]) > 1]
    frequencies = {
        "expired": sum(not vector["delivered"] for vector in histories),
        "no checkpoint": sum(not vector["checkpoints"] for vector in histories),
        "start only": sum(len(vector["checkpoints"]) == 1 for vector in histories),
        "start perfect": sum(course[0][0] == 0 for course in courses),
        "end perfect": sum(course[-1][0] == 0 < course[0][0] for course in courses),
        "unchanged": sum(course[-1][0] == course[0][0] > 0 for course in courses),
        "rising": sum(course[-1][0] > course[0][0] for course in courses),
        "huge": sum(course[-1][0] == 2**128 - 1 for course in courses),
        "equal leave-one-out": sum(len(own) > 1 and len(set(own)) == 1 for course in courses for _, own in course[1:]),
        "no contribution": sum(not any(numbers(vector["contributions"])) for vector in histories),
        "one trainer": sum(len(vector["contributions"]) == 1 for vector in [*histories, *splits]),
        "40 validators": sum(vector["validators"] == 40 for vector in [*histories, *splits]),
        "1 wei": sum(vector["deposit"] == "1" for vector in [*histories, *splits]),
        "largest deposit": sum(vector["deposit"] == str(2**128 - 1) for vector in [*histories, *splits]),
        "no share at all": sum(not any(vector["bps"]) for vector in [*histories, *splits]),
        "one has the whole": sum(BPS in vector["bps"] for vector in [*histories, *splits]),
        "something kept back": sum(0 < sum(vector["bps"]) < BPS for vector in [*histories, *splits]),
    }
    assert {name: count for name, count in frequencies.items() if count < 100} == {}
    assert sum(len(vector["contributions"]) == 100 and vector["validators"] == 40 for vector in histories) >= 3


def rounded_once(deposit, initial, final, own, bps):
    gain = max(0, initial - final)
    if not initial or not sum(own):
        return None
    return [deposit * bps * gain * part // (BPS * initial * sum(own)) for part in own]


def rounded_up(deposit, initial, final, own, bps):
    pool = -(-deposit * bps * max(0, initial - final) // (BPS * initial)) if initial else 0
    return [pool * part // sum(own) for part in own] if sum(own) else None


def nothing_without_a_contribution(deposit, initial, final, own, bps):
    pool = deposit * bps // BPS * max(0, initial - final) // (initial or 1)
    return [pool * part // (sum(own) or 1) for part in own]


def in_floating_point(deposit, initial, final, own, bps):
    pool = deposit * bps // BPS
    pool = int(pool * (max(0, initial - final) / initial)) if initial else 0
    return [int(pool * (part / sum(own))) for part in own] if sum(own) else [pool // len(own)] * len(own)


@pytest.mark.parametrize(
    "wrong",
    [rounded_once, rounded_up, nothing_without_a_contribution, in_floating_point],
    ids=lambda rule: rule.__name__,
)
def test_rules_that_are_nearly_right_are_told_from_the_rule(splits, wrong):
    caught = 0
    for vector in splits:
        *arguments, _ = split_arguments(vector)
        amounts = wrong(*arguments, vector["bps"][0])
        caught += amounts is not None and tuple(amounts) != expected(vector).trainers
    assert caught >= 50


def test_contributions_that_are_nearly_right_are_told_from_the_rule(histories):
    from_start = with_losses = only_last = 0
    for vector in histories:
        (start, _), *course = checkpoints(vector) or [(0, [])]
        rows = [[(without - mse, start - without) for without in own] for mse, own in course]
        own = numbers(vector["contributions"])
        from_start += own != [sum(max(0, other) for _, other in column) for column in zip(*rows, strict=True)]
        with_losses += own != [sum(gain for gain, _ in column) for column in zip(*rows, strict=True)]
        only_last += own != [max(0, gain) for gain, _ in (rows[-1] if rows else [])]
    assert min(from_start, with_losses, only_last) >= 500
