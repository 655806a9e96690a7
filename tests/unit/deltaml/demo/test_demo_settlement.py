from __future__ import annotations

import pytest

from commons.chain.jobs import JobSettled, Quote
from commons.computations.job_facts import Pay
from deltaml.demo.settlement import Settled, paid_owners

OWNERS = ["0xAa", "0xBb", "0xCc", "0xDd"]


def settled(contributions: tuple[int, ...], trainers_wei: tuple[int, ...]) -> Settled:
    return Settled(
        quote=Quote(trainers=trainers_wei, validator_each=30, aggregator=10, refund=0),
        settled=JobSettled(1, None, 100, 0, "0x1"),
        trainers=("0xcc", "0xaa"),
        validators=("0xDD",),
        contributions=contributions,
    )


def test_improvement_is_paid_by_contribution_and_validators_contribute_nothing() -> None:
    owners = paid_owners(OWNERS, [5, 6, 7, 8], settled((3, 1), (45, 15)), Pay.IMPROVEMENT)
    assert [one["role"] for one in owners] == ["trainer", "validator", "trainer", "validator"]
    assert [one["contribution"] for one in owners] == [0.25, 0, 0.75, 0]
    assert [one["paid_wei"] for one in owners] == ["15", "0", "45", "30"]
    assert [(one["index"], one["address"], one["rows"]) for one in owners] == [
        (0, "0xAa", 5), (1, "0xBb", 6), (2, "0xCc", 7), (3, "0xDd", 8),
    ]  # fmt: skip


def test_without_any_contribution_trainers_share_alike() -> None:
    owners = paid_owners(OWNERS, [1] * 4, settled((0, 0), (0, 0)), Pay.IMPROVEMENT)
    assert [one["contribution"] for one in owners] == [0.5, 0, 0.5, 0]


def test_answers_are_paid_alike_and_contribute_what_they_are_paid() -> None:
    owners = paid_owners(OWNERS, [1] * 4, settled((1, 1), (30, 30)), Pay.PER_ANSWER)
    assert [one["contribution"] for one in owners] == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    assert owners[3]["role"] == "validator", "as on chain"
