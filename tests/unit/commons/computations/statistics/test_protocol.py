"""Whole jobs: the pooled statistics are those of all rows, and whoever departs from the protocol gets no further."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from eth_account import Account

from commons.chain.signing import sign_message
from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.parts import DELIVERED, Answer, Ask, Value
from commons.computations.statistics import STATISTICS
from commons.computations.statistics.aggregator import ANSWERS
from commons.computations.statistics.messages import DeliverTask, SumTask, TaskKind
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.statements import FULL_ERROR, digest_to_sign
from commons.errors import DatasetInvalid, InvalidCiphertext, ProtocolViolation
from commons.market.declaration import Declaration
from commons.market.payout import payout_of_job
from commons.market.tasks import Step
from tests.doubles.in_memory_table import in_memory_table
from tests.support.worthless_keys import worthless_key
from tests.unit.commons.computations.statistics.conftest import part_of, spec_of

PLAIN, CORRELATED = spec_of(), spec_of(correlation=True)
SUM, DELIVER = Step(TaskKind.SUM, 1, 1), Step(TaskKind.DELIVER, 1, 1)
PLACE = {"job_id": 7, "round": 1, "checkpoint": 1}


def parts_of(owners):
    return [part_of(seed, 10 + 7 * seed) for seed in range(owners)]


def pool(parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def require_pooled(report, parts, spec):
    cells = pool(parts)
    rows = len(cells["age"])
    assert (report["owners"], report["rows"], report["doubts"]) == (len(parts), rows, [])
    for column in spec.numbers:
        x = cells[column.name][~np.isnan(cells[column.name])]
        found = report["columns"][column.name]
        assert (found["count"], found["missing"]) == (len(x), rows - len(x))
        assert found["histogram"]["counts"] == np.histogram(x, column.edges())[0].tolist()
        assert found["mean"] == pytest.approx(x.mean(), rel=1e-9)
        assert found["variance"] == pytest.approx(x.var(), rel=1e-9)
        assert found["minimum"] <= x.min() <= x.max() <= found["maximum"]
    levels = {level: int((cells["sex"] == level).sum()) for level in ("f", "m")}
    assert report["columns"]["sex"] == {
        "count": sum(levels.values()),
        "missing": rows - sum(levels.values()),
        "levels": levels,
    }
    if not spec.correlation:
        assert report["correlation"] is None
        return
    complete = ~np.isnan(cells["age"]) & ~np.isnan(cells["bmi"])
    wanted = np.corrcoef(cells["age"][complete], cells["bmi"][complete])
    assert report["correlation"]["columns"] == ["age", "bmi"]
    np.testing.assert_allclose(report["correlation"]["matrix"], wanted, rtol=1e-9)


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


def ciphertexts_in(text):
    """All base64 texts of a message."""

    def walk(value):
        if isinstance(value, dict):
            if "ciphertexts" in value:
                yield value["ciphertexts"]
            for one in value.values():
                yield from walk(one)
        elif isinstance(value, list):
            for one in value:
                yield from walk(one)

    return list(walk(json.loads(text)))


def test_nobody_is_shown_what_one_owner_has(make_market):
    spec = PLAIN
    market = make_market([part_of(1, 20)] * 3, spec)  # the same rows, so the same sums
    market.run()
    sent = [one for one in market.messages if one.is_answer and one.kind == TaskKind.SUM]
    vectors = [ciphertexts_in(one.text)[0] for one in sent]
    assert len(set(vectors)) == 3, "equal sums travel as different ciphertexts"
    to_buyer = [one.text for one in market.messages if one.participant == market.buyer_address and not one.is_answer]
    assert len(to_buyer) == 1
    (delivered,) = ciphertexts_in(to_buyer[0])
    assert delivered not in vectors
    assert not any(vector in to_buyer[0] for vector in vectors)
    own_sums = market.owner(market.addresses[0]).part._sums
    packed = SumPlan.of(market.started).layout.pack(own_sums.vector())
    everything = "".join(one.text for one in market.messages)
    assert not any(str(number) in everything or f"{number:x}" in everything for number in packed)
    assert str(own_sums.columns[0].squares) not in repr(own_sums)


def test_before_the_seed_is_out_the_buyer_decrypts_the_mask_only(make_market):
    market = make_market(parts_of(3), PLAIN)
    market.run()
    plan = SumPlan.of(market.started)
    vector = market.delivery.delivered.to_vector(
        market.started.key, count=plan.ciphertext_count, fractional_bits=0, bound=plan.masked_bound
    )
    masked = market.secret_key.decrypt_vector(vector)
    assert all(value.bit_length() > plan.bound.bit_length() + 60 for value in masked)
    other = STATISTICS.outcome(market.started, market.secret_key, market.delivery, bytes(32))
    assert [doubt.code for doubt in other.report.doubts] == ["unreadable"]


def test_what_is_delivered_is_not_the_product_of_what_was_sent_and_is_made_anew_each_time(make_market):
    market = make_market(parts_of(3), PLAIN)
    part, job = STATISTICS.aggregator(), market.aggregator_job()
    answers = {}
    for ask in part.configure(job, SUM):
        result = market.answer_of(SUM, ask)
        answers[ask.assignee] = Answer(ask, result, part.check(job, SUM, ask, result))
    turns = [part.aggregate(job, SUM, answers, {}) for _ in range(2)]
    first, second = (turn.values[DELIVERED].text for turn in turns)
    assert first != second
    assert turns[0].values[ANSWERS].text == turns[1].values[ANSWERS].text
    assert DeliverTask.model_validate(
        {**PLACE, "delivered": json.loads(first), "answers": json.loads(turns[0].values[ANSWERS].text)}
    )


def test_people_are_told_what_is_waited_for():
    part = STATISTICS.aggregator()
    assert part.doing(SUM) == "adding up their columns"
    assert part.doing(DELIVER) == "signing for what was added up"
