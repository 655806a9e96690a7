"""What passes between the participants shows nobody what one owner has."""

from __future__ import annotations

import json

from commons.computations.parts import DELIVERED, Answer
from commons.computations.statistics import STATISTICS
from commons.computations.statistics.aggregator import ANSWERS
from commons.computations.statistics.messages import DeliverTask, TaskKind
from commons.computations.statistics.plan import SumPlan
from tests.unit.commons.computations.statistics.conftest import (
    PLACE,
    PLAIN,
    SUM,
    part_of,
    parts_of,
)


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
