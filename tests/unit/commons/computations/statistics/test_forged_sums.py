"""Sums, signatures and deliveries that are not what they should be are refused, or make a result that says so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_account import Account

from commons.chain.signing import sign_message
from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.parts import DELIVERED, Answer, Ask, Value
from commons.computations.statistics import STATISTICS
from commons.computations.statistics.aggregator import ANSWERS
from commons.computations.statistics.messages import TaskKind
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.statements import digest_to_sign
from commons.errors import InvalidCiphertext, ProtocolViolation
from tests.support.worthless_keys import worthless_key
from tests.unit.commons.computations.statistics.conftest import (
    CORRELATED,
    DELIVER,
    PLAIN,
    SUM,
    parts_of,
    require_pooled,
)


def wrong_signature(market, result, by):
    digest = digest_to_sign(market.started, market.addresses[0], result.sums.digest())
    return result.model_copy(update={"signature": "0x" + sign_message(by, digest).hex()})


def test_sums_that_their_owner_did_not_sign_are_refused(make_market):
    market = make_market(parts_of(4), PLAIN)

    def forge(address, result):
        return wrong_signature(market, result, Account.create()) if address == market.addresses[0] else result

    market.run(change_result=forge)
    ((address, _, error),) = market.refused
    assert address == market.addresses[0]
    assert "the signature is not its own" in error.message
    require_pooled(json.loads(market.outcome().to_json()), parts_of(4)[1:], PLAIN)


@pytest.mark.parametrize("signature", ["0x", "0x" + "11" * 65, "0x" + "ff" * 65])
def test_malformed_signatures_are_refused(make_market, signature):
    market = make_market(parts_of(4), PLAIN)
    first = market.addresses[0]
    market.run(change_result=lambda who, result: changed(result, who == first, signature=signature))
    assert isinstance(market.refused[0][2], ProtocolViolation)


def changed(result, condition, **changes):
    return result.model_copy(update=changes) if condition else result


@pytest.mark.parametrize(
    "vector",
    [
        {"count": 1, "fractional_bits": 0, "ciphertexts": "AQ=="},
        {"fractional_bits": 52},
        {"ciphertexts": "AA=="},
        {"ciphertexts": "no base64"},
        {"count": 2},
    ],
)
def test_malformed_sums_are_refused(make_market, vector):
    market = make_market(parts_of(4), PLAIN)
    first = market.addresses[0]

    def malform(who, result):
        if who != first:
            return result
        return result.model_copy(update={"sums": result.sums.model_copy(update=vector)})

    market.run(change_result=malform)
    assert isinstance(market.refused[0][2], InvalidCiphertext | ProtocolViolation)
    assert len(market.delivery.details["answered"]) == 3


def test_sums_of_one_job_are_worth_nothing_in_another(make_market):
    accounts = [Account.create() for _ in range(3)]
    first = make_market(parts_of(3), PLAIN, accounts=accounts)
    first.run()
    second = make_market(parts_of(3), PLAIN, accounts=accounts, job_id=8)
    ask = Ask(accounts[0].address, TaskKind.SUM)
    old = first._result.validate_json(first.messages[1].text)
    with pytest.raises(ProtocolViolation, match="not its own"):
        STATISTICS.aggregator().check(second.aggregator_job(), SUM, ask, old)
    delivered = first.task(first.messages[-2].text)
    with pytest.raises(ProtocolViolation, match="not its own"):
        second.buyer().part.answer(delivered.model_copy(update={"job_id": 8}), [], [])
    with pytest.raises(ProtocolViolation, match="a task for round 1"):
        second.buyer().answer(delivered)


def test_the_buyers_signatures_must_be_its_own_and_of_these_statements(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.run()
    result = market._result.validate_json(market.messages[-1].text)
    ask = Ask(market.buyer_address, TaskKind.DELIVER)
    signatures = [result.start_signature, result.result_signature, result.closing_signature]
    for field in ("start_signature", "result_signature", "closing_signature"):
        for other in {*signatures, "0x" + "11" * 65, "0x"} - {getattr(result, field)}:
            with pytest.raises(ProtocolViolation, match=field):
                STATISTICS.aggregator().check(
                    market.aggregator_job(), DELIVER, ask, result.model_copy(update={field: other})
                )


def test_an_answer_of_another_kind_is_refused(make_market):
    market = make_market(parts_of(3), PLAIN)
    with pytest.raises(ProtocolViolation, match="is not answered with this"):
        STATISTICS.aggregator().check(market.aggregator_job(), SUM, Ask("0x", TaskKind.SUM), "nonsense")


# -- what a dishonest aggregator hands over


def with_answers(market, change):
    """An aggregator that changes the list of who answered."""

    def change_turn(turn):
        if ANSWERS not in turn.values:
            return turn
        answers = json.dumps(change(json.loads(turn.values[ANSWERS].text)))
        return replace(turn, values={**turn.values, ANSWERS: Value(answers)})

    return change_turn


def refused_by_buyer(market, change, *, missing=lambda address, kind: False):
    with pytest.raises(ProtocolViolation) as caught:
        market.run(change_turn=with_answers(market, change), missing=missing)
    assert market.delivery is None
    return caught.value.message


def test_the_buyer_takes_no_owner_twice(make_market):
    market = make_market(parts_of(4), PLAIN)
    assert "twice" in refused_by_buyer(market, lambda answers: [*answers[:3], answers[0]])
    market = make_market(parts_of(4), PLAIN)

    def same_in_other_letters(answers):
        again = {**answers[0], "owner": "0x" + answers[0]["owner"][2:].upper()}
        return [*answers[:3], again]

    assert "twice" in refused_by_buyer(market, same_in_other_letters)


def test_the_buyer_takes_nobody_who_did_not_sign(make_market):
    market = make_market(parts_of(4), PLAIN)
    absent = market.addresses[3]

    def claim(answers):
        return [*answers, {**answers[0], "owner": absent}]

    message = refused_by_buyer(market, claim, missing=lambda address, kind: address == absent)
    assert f"sums of {absent}: the signature is not its own" in message


def test_the_buyer_takes_no_stranger(make_market):
    market = make_market(parts_of(3), PLAIN)
    stranger = Account.create().address
    message = refused_by_buyer(market, lambda answers: [*answers, {**answers[0], "owner": stranger}])
    assert "does not take part" in message


def test_the_buyer_takes_no_fewer_than_a_quorum(make_market):
    market = make_market(parts_of(5), PLAIN)
    assert "at least 4 of 5" in refused_by_buyer(market, lambda answers: answers[:3])


def test_the_buyer_takes_no_malformed_delivery(make_market):
    market = make_market(parts_of(3), PLAIN)

    def rescale(turn):
        if DELIVERED not in turn.values:
            return turn
        vector = json.loads(turn.values[DELIVERED].text) | {"fractional_bits": 1}
        return replace(turn, values={**turn.values, DELIVERED: Value(json.dumps(vector))})

    with pytest.raises(InvalidCiphertext):
        market.run(change_turn=rescale)
    assert market.delivery is None


def test_another_key_is_refused(make_market, job_secret_key):
    market = make_market(parts_of(3), PLAIN)
    market.secret_key = worthless_key(1024, "b")
    with pytest.raises(ProtocolViolation, match="not this buyer's key"):
        market.buyer()


# -- sums that cannot be


def resigned(market, address, sums):
    """An owner's answer with other sums, signed by itself."""
    member = next(one for one in market.members if one.address == address)
    signature = sign_message(member.account, digest_to_sign(market.started, address, sums.digest()))
    return {"sums": sums, "signature": "0x" + signature.hex()}


def encrypted(market, plaintexts):
    vector = EncryptedVector.encrypt(market.randomizer, plaintexts, fractional_bits=0)
    return CiphertextVector.of(vector)


def run_with_sums(market, plaintexts):
    first = market.addresses[0]
    sums = encrypted(market, plaintexts)
    market.run(change_result=lambda who, result: changed(result, who == first, **resigned(market, first, sums)))
    return json.loads(market.outcome().to_json())


def test_an_owner_that_sends_no_sums_makes_a_result_that_says_so(make_market):
    for plaintext in ("largest", "below zero"):
        market = make_market(parts_of(3), CORRELATED)
        plan = SumPlan.of(market.started)
        number = market.started.key.max_plaintext if plaintext == "largest" else -plan.bound
        report = run_with_sums(market, [number] * plan.ciphertext_count)
        assert [doubt["code"] for doubt in report["doubts"]] == ["unreadable"]
        assert report["columns"]["age"]["mean"] is None


def test_an_owner_that_sends_impossible_sums_makes_a_result_that_says_so(make_market):
    market = make_market(parts_of(3), CORRELATED)
    plan = SumPlan.of(market.started)
    vector = [0] * plan.spec.sum_count
    vector[0], vector[1] = 10, 10  # ten rows with ten ages, none of them in a bin
    report = run_with_sums(market, plan.layout.pack(vector))
    assert ("counts", "age") in [(doubt["code"], doubt["column"]) for doubt in report["doubts"]]
    assert report["columns"]["age"]["mean"] is None
    assert report["columns"]["bmi"]["mean"] is not None
    assert ("doubt", "age: its counts do not add up") in market.outcome().facts()


def test_an_aggregator_that_leaves_an_owner_out_makes_a_result_that_says_so(make_market):
    market = make_market(parts_of(4), PLAIN)
    part = STATISTICS.aggregator()

    def leave_out(turn):
        if DELIVERED not in turn.values:
            return turn
        asks = part.configure(market.aggregator_job(), SUM)[1:]
        results = [market.answer_of(SUM, ask) for ask in asks]
        checked = [part.check(market.aggregator_job(), SUM, *pair) for pair in zip(asks, results, strict=True)]
        answers = {
            ask.assignee: Answer(ask, result, vector)
            for ask, result, vector in zip(asks, results, checked, strict=True)
        }
        less = part.aggregate(market.aggregator_job(), SUM, answers, {})
        return replace(turn, values={**turn.values, DELIVERED: less.values[DELIVERED]})

    market.run(change_turn=leave_out)
    report = json.loads(market.outcome().to_json())
    (doubt,) = report["doubts"]
    assert doubt["code"] == "rows"
    assert doubt["text"] == "the sums are over 72 rows, but the owners that answered signed for 82"


# -- what can be read on the way
