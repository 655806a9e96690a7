"""Results that honest code would not send are refused, and their tasks stay open."""

from dataclasses import replace

import pytest

from commons.computations.linear_regression.messages import TaskKind
from commons.errors import InvalidCiphertext, ProtocolViolation

UNKNOWN = "0" * 32


def test_a_refresh_with_other_weights_is_refused_and_stays_open(play_at):
    play = play_at("linear_regression/refresh", 2)
    ((address, task_id, task),) = play.tasks(TaskKind.REFRESH)
    honest = play.answer(address, task)
    other = play.answer(address, task.model_copy(update={"checkpoint": 0}))
    with pytest.raises(ProtocolViolation):
        play.submit(address, task_id, other)
    with pytest.raises(ProtocolViolation):
        play.submit(address, task_id, honest | {"opened_value": "0x0"})
    assert play.submit(address, task_id, honest) == "accepted"


def test_residuals_of_another_form_are_refused(play_at):
    play = play_at("linear_regression/evaluate", 2)
    (address, task_id, task), _ = play.tasks(TaskKind.EVALUATE)
    result = play.answer(address, task)
    first = result["masked"][0]
    for broken in (
        {**result, "masked": result["masked"][:2]},
        {**result, "masked": [first | {"residuals": first["scaled_residuals"]}, *result["masked"][1:]]},
        {**result, "masked": [first | {"residuals": {**first["residuals"], "ciphertexts": ""}}, *result["masked"][1:]]},
        {**result, "corrections": result["corrections"] | {"count": 2}},
    ):
        with pytest.raises(InvalidCiphertext):
            play.submit(address, task_id, broken)
    for broken in (
        {**result, "masked": [*result["masked"][1:], first]},
        {**result, "signature": "0x" + "00" * 65},
    ):
        with pytest.raises(ProtocolViolation, match=f"statement of {address}: the signature is"):
            play.submit(address, task_id, broken)
    assert play.submit(address, task_id, result) == "accepted"


def test_squares_must_be_of_the_asked_validators_and_candidates(play_at):
    play = play_at("linear_regression/square", 2)
    ((address, task_id, task),) = play.tasks(TaskKind.SQUARE)
    result = play.answer(address, task)
    first, second = result["validators"]
    for broken in ([second, first], [first], [first, first]):
        with pytest.raises(ProtocolViolation, match="expected those of the task, in its order"):
            play.submit(address, task_id, {**result, "validators": broken})
    short = first | {"squares": first["squares"] | {"count": 2}}
    with pytest.raises(InvalidCiphertext):
        play.submit(address, task_id, {**result, "validators": [short, second]})
    for broken in ({"squares": None}, {"fault": "malformed"}):
        with pytest.raises(ProtocolViolation, match="or a fault"):
            play.submit(address, task_id, {**result, "validators": [first | broken, second]})
    assert play.submit(address, task_id, result) == "accepted"


def test_a_statement_must_be_the_senders_own_about_these_candidates_and_of_what_it_evaluated(play_at):
    play = play_at("linear_regression/unmask", 2)
    (one, one_id, task), (other, _, other_task) = play.tasks(TaskKind.UNMASK)
    mine, theirs = play.answer(one, task), play.answer(other, other_task)
    with pytest.raises(ProtocolViolation, match="its validator is another account than the sender"):
        play.submit(one, one_id, theirs)
    renamed = {**theirs, "statement": theirs["statement"] | {"validator": one}}
    with pytest.raises(ProtocolViolation, match="its error is not the one that was evaluated"):
        play.submit(one, one_id, renamed)
    statement = mine["statement"]
    for change, message in (
        ({"candidates_digest": "0x" + "ab" * 32}, "about other candidates"),
        ({"sse": statement["zero_check"]}, "its error is not the one that was evaluated"),
        ({"zero_check": theirs["statement"]["zero_check"]}, "the signature is not its own"),
    ):
        with pytest.raises(ProtocolViolation, match=message):
            play.submit(one, one_id, {**mine, "statement": statement | change})
    assert play.submit(one, one_id, mine) == "accepted"


def test_false_openings_and_signatures_are_refused(play_at):
    play = play_at("linear_regression/open", 2)
    ((address, task_id, task),) = play.tasks(TaskKind.OPEN)
    result = play.answer(address, task)
    false = [result["sums"][0] | {"value": "0x1"}, *result["sums"][1:]]
    with pytest.raises(ProtocolViolation, match="opening 0 does not fit"):
        play.submit(address, task_id, {**result, "sums": false})
    other = play.sign(task, replace(play.opened_values(task), mse=1))
    with pytest.raises(ProtocolViolation, match="not the model buyer's signature of this checkpoint"):
        play.submit(address, task_id, {**result, "checkpoint_signature": other})
    with pytest.raises(ProtocolViolation, match="checkpoint_signature: the signature is malformed"):
        play.submit(address, task_id, {**result, "checkpoint_signature": "0x00"})
    assert len(play.view()["checkpoints"]) == 1
    assert play.submit(address, task_id, result) == "accepted"


@pytest.mark.parametrize("what", ["another MSE", "other weights", "not the last checkpoint"])
def test_the_last_signature_must_cover_the_delivered_weights(play_at, what):
    play = play_at("linear_regression/deliver", 3)
    ((address, task_id, task),) = play.tasks(TaskKind.DELIVER)
    values = play.opened_values(task)
    signature = {
        "another MSE": play.sign(task, replace(values, mse=values.mse + 1), play.delivery_digest(task)),
        "other weights": play.sign(task, values, bytes([1]) * 32),
        "not the last checkpoint": play.sign(task, values),
    }[what]
    with pytest.raises(ProtocolViolation, match="not the model buyer's signature of this checkpoint"):
        play.submit(address, task_id, {"kind": "linear_regression/deliver", "checkpoint_signature": signature})
    assert play.submit(address, task_id, play.answer(address, task)) == "accepted"
    assert play.view()["state"] == "settling"


def test_the_buyer_is_never_handed_the_encrypted_weights(play_at):
    """Everything that was asked of it: ciphertexts of masked numbers and sums over validators, never [w]."""
    play = play_at("settling", 3)
    shown_to_trainers = {task.weights.ciphertexts for _, task in play.answered if task.kind == TaskKind.TRAIN}
    candidates = {
        one.ciphertexts for _, task in play.answered if task.kind == TaskKind.EVALUATE for one in task.candidates
    }
    to_buyer = [task.model_dump_json() for address, task in play.answered if address == play.buyer]
    assert len(to_buyer) == 2 + 3 * 2 + 1
    for text in to_buyer:
        assert not any(ciphertexts in text for ciphertexts in shown_to_trainers | candidates)
    assert {task.kind for address, task in play.answered if address == play.buyer} == {
        "linear_regression/refresh",
        "linear_regression/square",
        "linear_regression/open",
        "linear_regression/deliver",
    }
