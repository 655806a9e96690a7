"""Whole jobs: the pooled statistics are those of all rows, owners are paid alike, and each question is answered once."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from eth_account import Account

from commons.computations.parts import Answer, Ask
from commons.computations.statistics import STATISTICS
from commons.computations.statistics.messages import SumTask, TaskKind
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.statements import FULL_ERROR
from commons.errors import DatasetInvalid, ProtocolViolation
from commons.market.declaration import Declaration
from commons.market.payout import payout_of_job
from tests.doubles.in_memory_table import in_memory_table
from tests.unit.commons.computations.statistics.conftest import (
    CORRELATED,
    DELIVER,
    PLACE,
    PLAIN,
    SUM,
    part_of,
    parts_of,
    require_pooled,
)


@pytest.mark.parametrize("owners", [3, 4, 5, 6])
@pytest.mark.parametrize("spec", [PLAIN, CORRELATED], ids=["plain", "correlated"])
def test_the_buyer_gets_the_statistics_of_all_rows_together(make_market, owners, spec):
    parts = parts_of(owners)
    market = make_market(parts, spec)
    market.run()
    assert (market.failure, market.refused) == (None, [])
    outcome = market.outcome()
    require_pooled(json.loads(outcome.to_json()), parts, spec)
    assert STATISTICS.read_outcome(outcome.to_json()).to_json() == outcome.to_json()
    assert STATISTICS.compare(market.started, market.secret_key, market.delivery, market.seed, {}) is None


def test_the_document_has_the_agreed_form(make_market):
    market = make_market(parts_of(3), CORRELATED)
    market.run()
    report = json.loads(market.outcome().to_json())
    assert list(report) == ["format", "owners", "rows", "columns", "correlation", "doubts"]
    assert report["format"] == "DeltaML statistics v1"
    assert list(report["columns"]["bmi"]) == [
        *("count", "missing", "mean", "variance", "minimum", "maximum", "histogram")
    ]
    assert report["columns"]["bmi"]["histogram"]["edges"] == [10, 20, 30, 40, 50, 60]


def test_facts_are_a_line_for_each_column(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.run()
    facts = dict(market.outcome().facts())
    assert list(facts) == ["owners", "rows", "age", "bmi", "sex"]
    assert facts["owners"] == "3"
    assert facts["age"].startswith("mean ")
    assert facts["sex"].startswith("f ")


def test_columns_without_a_value_and_constant_ones_have_no_numbers(make_market):
    parts = [{"age": [np.nan] * 4, "bmi": [20.0] * 4, "sex": [""] * 4} for _ in range(3)]
    market = make_market(parts, CORRELATED)
    market.run()
    report = json.loads(market.outcome().to_json())
    age, bmi = report["columns"]["age"], report["columns"]["bmi"]
    assert (age["count"], age["missing"], age["mean"], age["variance"]) == (0, 12, None, None)
    assert (age["minimum"], age["maximum"]) == (None, None)
    assert bmi["mean"] == pytest.approx(20, rel=1e-15)
    assert (bmi["variance"], bmi["minimum"], bmi["maximum"]) == (0.0, 20.0, 30.0)
    assert report["columns"]["sex"] == {"count": 0, "missing": 12, "levels": {"f": 0, "m": 0}}
    assert report["correlation"]["matrix"] == [[None, None], [None, None]]
    assert dict(market.outcome().facts())["age"] == "0 values, 12 missing"


# -- pay


def paid(market):
    statements = [score.statement for score in market.scores]
    checkpoints = [(one.mse_fixed, one.leave_one_out_mses_fixed) for one in statements]
    terms = market.started.terms
    trainers, validators = len(market.started.trainers), len(market.started.validators)
    pay = terms.pay.model_dump()
    return payout_of_job(terms.deposit_wei, checkpoints, trainers, validators, delivered=True, **pay)


def test_all_owners_that_answered_are_paid_alike(make_market):
    market = make_market(parts_of(4), PLAIN)
    market.run()
    statements = [score.statement for score in market.scores]
    assert [(one.index, one.round, one.last) for one in statements] == [(0, 0, False), (1, 1, False), (2, 1, True)]
    assert statements[2].delivery_digest == market.delivery.delivered.digest()
    assert all(score.loss is None for score in market.scores)
    split = paid(market)
    assert split.trainers == (225 * 10**15,) * 3
    assert split.validator_each == 225 * 10**15
    assert (split.aggregator, split.refund) == (10**17, 0)


def test_a_trainer_that_did_not_answer_is_not_paid_and_not_in_the_sums(make_market):
    parts = parts_of(6)
    market = make_market(parts, PLAIN)
    absent = market.addresses[1]
    market.run(missing=lambda address, kind: address == absent)
    require_pooled(json.loads(market.outcome().to_json()), [*parts[:1], *parts[2:]], PLAIN)
    assert market.scores[1].statement.leave_one_out_mses_fixed == (FULL_ERROR, 0, *(FULL_ERROR,) * 3)
    assert paid(market).trainers[1] == 0


def test_the_formal_validator_may_be_missing(make_market):
    parts = parts_of(5)
    market = make_market(parts, PLAIN)
    market.run(missing=lambda address, kind: address == market.addresses[4])
    require_pooled(json.loads(market.outcome().to_json()), parts[:4], PLAIN)
    assert market.scores[1].statement.leave_one_out_mses_fixed == (FULL_ERROR,) * 4


@pytest.mark.parametrize(("owners", "needed"), [(3, 3), (4, 3), (5, 4), (6, 4), (7, 5), (101, 68)])
def test_the_quorum_is_two_thirds_and_three(owners, needed):
    job = SimpleNamespace(started=SimpleNamespace(owners=("0x",) * owners))
    assert STATISTICS.aggregator().quorum(job, SUM) == needed
    assert STATISTICS.aggregator().quorum(job, DELIVER) == 1


def test_fewer_than_a_quorum_are_waited_for_and_never_handed_over(make_market):
    market = make_market(parts_of(5), PLAIN)
    with pytest.raises(AssertionError, match="3 of 4"):
        market.run(missing=lambda address, kind: address in market.addresses[:2])
    ask = Ask(market.addresses[0], TaskKind.SUM)
    answers = {address: Answer(ask, None, None) for address in market.addresses[:3]}
    turn = STATISTICS.aggregator().aggregate(market.aggregator_job(), SUM, answers, {})
    assert "too few" in turn.failure


# -- who takes part


def test_two_members_are_refused_by_all(make_market, job_secret_key):
    market = make_market(parts_of(2), PLAIN)
    market.run()
    assert "at least 3" in market.failure
    task = SumTask(**PLACE)
    part = market.owner(market.addresses[0]).part
    for refused in (lambda: part.require_next(task, {}), lambda: part.answer(task, {}.__getitem__), market.buyer):
        with pytest.raises(ProtocolViolation, match="at least 3"):
            refused()


def test_one_account_in_three_places_is_one_member(make_market):
    account = Account.create()
    market = make_market(parts_of(3)[:1] * 3, PLAIN, accounts=[account] * 3)
    market.run()
    assert "has 1 owners" in market.failure


def test_a_member_that_did_not_agree_to_correlations_stops_the_job(make_market):
    market = make_market(parts_of(3), CORRELATED)
    declarations = dict(market.started.declarations)
    declarations[market.addresses[2]] = Declaration(row_count=24, roles=3, facts={"consents": []})
    market.started = replace(market.started, declarations=declarations)
    market.run()
    assert "did not agree to correlation" in market.failure
    with pytest.raises(ProtocolViolation, match="did not agree to correlation"):
        market.owner(market.addresses[0]).answer(SumTask(**PLACE))
    with pytest.raises(ProtocolViolation, match="did not agree to correlation"):
        market.buyer()


def test_rows_that_are_not_those_declared_are_refused(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.members[0] = replace(market.members[0], table=in_memory_table(part_of(0, 11)))
    with pytest.raises(DatasetInvalid, match="11 rows, but job 7 was accepted with 10"):
        market.owner(market.addresses[0])


def test_somebody_elses_account_has_no_part(make_market):
    market = make_market(parts_of(3), PLAIN)
    stranger = replace(market.members[0], account=Account.create())
    market.members.append(stranger)
    with pytest.raises(ProtocolViolation, match="does not take part"):
        market.owner(stranger.address)


# -- each question once


def test_an_owner_answers_once_and_repeats_itself_when_asked_again(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.run()
    owner = market.owner(market.addresses[0])
    first = market.messages[1].text
    assert owner.answer(SumTask(**PLACE)).model_dump_json() == first
    for other in ({"round": 2}, {"checkpoint": 2}, {"job_id": 8}):
        with pytest.raises(ProtocolViolation):
            owner.answer(SumTask(**PLACE | other))
    with pytest.raises(ProtocolViolation, match="sent already"):
        owner.part.require_next(SumTask(**PLACE), owner._latest)


def test_a_buyer_takes_one_delivery(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.run()
    first = market.delivery
    task = market.task(next(one.text for one in market.messages if one.kind == TaskKind.DELIVER and not one.is_answer))
    market.buyer().answer(task)
    assert market.delivery is first
    other = task.model_copy(update={"answers": task.answers[::-1]})
    with pytest.raises(ProtocolViolation, match="once"):
        market.buyer().answer(other)
    for history in (([], market.buyer().scores), (market.buyer().questions, [])):
        with pytest.raises(ProtocolViolation, match="one delivery"):
            market.buyer().part.require_next(other, *history)


def test_tasks_of_others_are_refused(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.run()
    deliver = market.task(market.messages[-2].text)
    with pytest.raises(ProtocolViolation, match="its sums only"):
        market.owner(market.addresses[0]).part.answer(deliver, {}.__getitem__)
    with pytest.raises(ProtocolViolation, match="the delivery only"):
        market.buyer().part.answer(SumTask(**PLACE), [], [])


def test_an_owner_makes_factors_ahead_until_it_has_answered(make_market):
    market = make_market(parts_of(3), PLAIN)
    owner = market.owner(market.addresses[0])
    while market.randomizer.prepare(0):  # others may have left some
        pass
    market.randomizer._prepared.clear()
    count = SumPlan.of(market.started).ciphertext_count
    assert [owner.part.prepare(100) for _ in range(count + 1)] == [True] * count + [False]
    owner.answer(SumTask(**PLACE))
    assert not owner.part.prepare(100)
    assert not market.buyer().part.prepare()


# -- what others send


def test_people_are_told_what_is_waited_for():
    part = STATISTICS.aggregator()
    assert part.doing(SUM) == "adding up their columns"
    assert part.doing(DELIVER) == "signing for what was added up"
