"""The scheduler: results in, next steps out, whatever participants and processes do."""

import json

import numpy as np
import pytest

from commons.ciphers.masks import seed_hash
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.computations.linear_regression.learning import federated_gradient_descent, mean_squared_error
from commons.computations.linear_regression.messages import TaskKind
from commons.errors import InvalidCiphertext, InvalidInput, NotFound
from federated_aggregator.tables import Task

UNKNOWN = "0" * 32
NOISE = 2**-23
"""Metrics are this close to those in the clear, in squared half widths of the target's range."""


def parts(owners):
    return [(owner.X, owner.y) for owner in owners]


def test_a_job_is_trained_evaluated_and_settled(play_at):
    play = play_at("settling", 3)
    view = play.view()
    trainers, validators = play.members("trainer"), play.members("validator")
    seen = []
    history = federated_gradient_descent(
        parts(trainers), rounds=3, local_steps=1, learning_rate=1 / 3, evaluate=seen.append
    )
    half_width = play.spec.computation.target.half_width
    assert [(one["index"], one["round"]) for one in view["checkpoints"]] == [(0, 0), (1, 2), (2, 3)]
    for one in view["checkpoints"]:
        weights = history[one["round"]]
        error = mean_squared_error(parts(validators), weights)
        assert one["mse"] == pytest.approx(error * half_width**2, abs=NOISE * half_width**2)
        without = seen[one["round"]].leave_one_out_weights
        assert [int(mse) / 1e18 for mse in one["leave_one_out_mses_fixed"]] == pytest.approx(
            [mean_squared_error(parts(validators), each) for each in without], abs=NOISE
        )
    play.settle()
    assert play.view()["state"] == "finished"
    delivery = play.aggregator.views.delivery(play.buyer, play.context.job_id)
    seed = play.chain.calls["job/7/finalize"]["seed"]
    assert seed_hash(seed) == play.chain.calls["job/7/start"]["seed_hash"]
    weights = unmasked(play, delivery, seed)
    assert np.abs(weights - history[-1]).max() <= 1e-10 * np.abs(history[-1]).max()


def unmasked(play, delivery, seed):
    vector = CiphertextVector.model_validate(delivery["delivered"]).to_vector(
        play.key.public_key, count=3, fractional_bits=192, bound=1 << 500
    )
    return KeyHolder(play.context, play.key).unmask_delivery(vector, seed, round_number=delivery["round"])


def test_every_checkpoint_is_recorded_on_chain_as_the_buyer_signed_it(play_at):
    play = play_at("settling", 3)
    view = play.view()
    for one in view["checkpoints"]:
        call = play.chain.calls[f"job/7/checkpoint/{one['index']}"]
        statement = call["statement"]
        assert play.chain.recover_checkpoint(statement, call["signature"]) == play.buyer
        assert (statement.index, statement.round) == (one["index"], one["round"])
        assert str(statement.mse_fixed) == one["mse_fixed"]
        assert list(map(str, statement.leave_one_out_mses_fixed)) == one["leave_one_out_mses_fixed"]
        assert not statement.last
    latest, closing = statement, play.chain.calls["job/7/delivery"]
    assert play.chain.recover_checkpoint(closing["statement"], closing["signature"]) == play.buyer
    assert closing["statement"] == latest.closing(closing["statement"].delivery_digest)
    assert any(closing["statement"].delivery_digest)


def test_what_the_last_checkpoint_pays_is_on_its_way_before_the_buyer_takes_the_delivery(play_at):
    play = play_at("linear_regression/deliver", 3)
    call = play.chain.calls["job/7/checkpoint/2"]
    assert play.chain.recover_checkpoint(call["statement"], call["signature"]) == play.buyer
    assert (
        list(map(str, call["statement"].leave_one_out_mses_fixed))
        == (play.view()["checkpoints"][2]["leave_one_out_mses_fixed"])
    )


def test_early_stopping_ends_the_job_at_a_checkpoint(make_play):
    play = make_play(rounds=50, evaluate_every=1, early_stop={"minimum_improvement": 0.9, "patience": 1})
    play.start()
    view = play.play_until(lambda view: view["state"] == "settling")
    assert [one["round"] for one in view["checkpoints"]] == [0, 1]
    assert play.chain.calls["job/7/delivery"]["statement"].index == 2


def test_uniform_averaging_weighs_all_trainers_alike(make_play):
    play = make_play(rounds=1, evaluate_every=1, averaging="uniform")
    play.start()
    asked = [task for _, _, task in play.play_to("linear_regression/train", 1)]
    assert [(task.averaging_weight, task.averaging_total) for task in asked] == [(1, 2), (1, 2)]
    view = play.play_until(lambda view: view["state"] == "settling")
    (*_, expected) = federated_gradient_descent(
        parts(play.members("trainer")), rounds=1, local_steps=1, learning_rate=1 / 3, averaging="uniform"
    )
    error = mean_squared_error(parts(play.members("validator")), expected) * play.spec.computation.target.half_width**2
    assert view["checkpoints"][-1]["mse"] == pytest.approx(
        error, abs=NOISE * play.spec.computation.target.half_width**2
    )


def test_weights_are_refreshed_between_checkpoints_when_the_headroom_is_used_up(make_play):
    play = make_play(rounds=12, evaluate_every=12)
    play.start()
    view = play.play_until(lambda view: view["state"] == "settling")
    refreshed = [task.round for _, task in play.answered if task.kind == TaskKind.REFRESH]
    assert len(refreshed) == 2
    assert refreshed[-1] == 12
    (*_, expected) = federated_gradient_descent(
        parts(play.members("trainer")), rounds=12, local_steps=1, learning_rate=1 / 3
    )
    error = mean_squared_error(parts(play.members("validator")), expected) * play.spec.computation.target.half_width**2
    assert view["checkpoints"][-1]["mse"] == pytest.approx(
        error, abs=NOISE * play.spec.computation.target.half_width**2
    )


def test_a_result_posted_twice_gets_the_same_answer_and_changes_nothing(play_at):
    play = play_at("linear_regression/train", 1)
    (address, task_id, task), _ = play.tasks(TaskKind.TRAIN)
    result = play.answer(address, task)
    assert play.submit(address, task_id, result) == "accepted"
    other = play.answer(address, task)
    assert other != result
    assert play.submit(address, task_id, other) == "accepted"
    with play.database.snapshot() as session:
        assert json.loads(session.get(Task, task_id).result) == result
    assert [address for address, _, _ in play.tasks(TaskKind.TRAIN)] != [address]
    assert play.view()["step"] == "linear_regression/train"


def test_a_result_posted_again_after_the_step_is_over_is_accepted_still(play_at):
    play = play_at("linear_regression/train", 1)
    first, second = play.tasks(TaskKind.TRAIN)
    results = {task_id: play.answer(address, task) for address, task_id, task in (first, second)}
    for address, task_id, _ in (first, second):
        play.submit(address, task_id, results[task_id])
    assert play.view()["round"] == 2
    assert play.submit(first[0], first[1], results[first[1]]) == "accepted"
    assert play.view()["round"] == 2
    assert len(play.tasks(TaskKind.TRAIN)) == 2


def test_a_task_is_its_assignees_alone(play_at):
    play = play_at("linear_regression/train", 1)
    (one, task_id, task), (other, _, _) = play.tasks(TaskKind.TRAIN)
    result = play.answer(one, task)
    for stranger in (other, play.buyer, play.chain.address, one.lower()):
        with pytest.raises(NotFound, match=f"no task {task_id}"):
            play.submit(stranger, task_id, result)
        with pytest.raises(NotFound):
            play.aggregator.scheduler.submit_failure(stranger, task_id, "no")
    with pytest.raises(NotFound):
        play.submit(one, UNKNOWN, result)


@pytest.mark.parametrize(
    ("result", "error", "field"),
    [
        ({}, InvalidInput, "result"),
        ({"kind": "linear_regression/train"}, InvalidInput, "result.update"),
        ({"kind": "guess"}, InvalidInput, "result"),
        ("linear_regression/train", InvalidInput, "result"),
        (None, InvalidInput, "result"),
        ({"kind": "linear_regression/verify", "accepted": True}, InvalidInput, "result.kind"),
        (
            {"kind": "linear_regression/train", "update": {"count": 2, "fractional_bits": 240, "ciphertexts": ""}},
            InvalidCiphertext,
            "count",
        ),
        (
            {"kind": "linear_regression/train", "update": {"count": 3, "fractional_bits": 192, "ciphertexts": ""}},
            InvalidCiphertext,
            "fractional_bits",
        ),
        (
            {"kind": "linear_regression/train", "update": {"count": 3, "fractional_bits": 240, "ciphertexts": "AA=="}},
            InvalidCiphertext,
            "ciphertexts",
        ),
    ],
)
def test_a_malformed_result_is_refused_and_leaves_the_task_open(play_at, result, error, field):
    play = play_at("linear_regression/train", 1)
    (address, task_id, task), _ = play.tasks(TaskKind.TRAIN)
    with pytest.raises(error) as caught:
        play.submit(address, task_id, result)
    assert caught.value.fields["field"].startswith(field)
    assert task_id in [item["task_id"] for item in play.pending(address)]
    assert play.submit(address, task_id, play.answer(address, task)) == "accepted"


def test_the_deadline_closes_a_round_with_whoever_answered_and_the_others_are_late(play_at):
    play = play_at("linear_regression/train", 1)
    (punctual, task_id, task), (slow, late_id, late_task) = play.tasks(TaskKind.TRAIN)
    play.submit(punctual, task_id, play.answer(punctual, task))
    late = play.answer(slow, late_task)
    play.clock.now += 59
    assert play.aggregator.scheduler.close_overdue_steps() == 0
    play.clock.now += 2
    assert play.aggregator.scheduler.close_overdue_steps() == 1
    assert play.view()["round"] == 2
    assert play.submit(slow, late_id, late) == "late"
    assert play.submit(slow, late_id, {"kind": "nonsense"}) == "late"
    # Who was late is asked again in the next round.
    assert {address for address, _, _ in play.tasks(TaskKind.TRAIN)} == {punctual, slow}
    view = play.play_until(lambda view: view["state"] == "settling")
    assert len(view["checkpoints"]) == 3


def test_a_trainer_that_was_late_at_a_checkpoint_gets_no_contribution_from_it(play_at):
    play = play_at("linear_regression/train", 2)
    (punctual, task_id, task), (slow, _, _) = play.tasks(TaskKind.TRAIN)
    play.submit(punctual, task_id, play.answer(punctual, task))
    play.clock.now += 61
    play.aggregator.scheduler.close_overdue_steps()
    view = play.play_until(lambda view: len(view["checkpoints"]) == 2)
    checkpoint = view["checkpoints"][1]
    order = [owner.address for owner in play.members("trainer")]
    without = int(checkpoint["leave_one_out_mses_fixed"][order.index(slow)])
    assert abs(without - int(checkpoint["mse_fixed"])) < NOISE * 1e18
    # Without the only one that answered, the model would be that of the round before.
    history = federated_gradient_descent(parts(play.members("trainer")), rounds=1, local_steps=1, learning_rate=1 / 3)
    before = mean_squared_error(parts(play.members("validator")), history[1])
    found = int(checkpoint["leave_one_out_mses_fixed"][order.index(punctual)]) / 1e18
    assert found == pytest.approx(before, abs=NOISE)


def test_when_nobody_answers_the_deadline_moves_and_the_job_says_whom_it_waits_for(play_at):
    play = play_at("linear_regression/train", 1)
    waiting = [address for address, _, _ in play.tasks(TaskKind.TRAIN)]
    deadline = play.view()["waiting_for"]["until"]
    for _ in range(3):
        play.clock.now += 61
        assert play.aggregator.scheduler.close_overdue_steps() == 1
        assert play.aggregator.scheduler.close_overdue_steps() == 0
        view = play.view()
        assert view["reason"].startswith("nobody answered in time; still waiting for")
        assert all(address in view["reason"] for address in waiting)
        assert sorted(view["waiting_for"]["who"]) == sorted(waiting)
        assert view["waiting_for"]["until"] > deadline
        assert all(item["deadline"] == view["waiting_for"]["until"] for item in play.pending(waiting[0]))
        deadline = view["waiting_for"]["until"]
    play.answer_all([TaskKind.TRAIN])
    assert play.view()["round"] == 2
    assert play.view()["reason"] is None


def test_a_buyer_is_waited_for_too(play_at):
    play = play_at("linear_regression/square", 0)
    play.tasks(TaskKind.SQUARE)
    play.clock.now += 61
    play.aggregator.scheduler.close_overdue_steps()
    assert play.view()["waiting_for"]["who"] == [play.buyer]
    assert play.buyer in play.view()["reason"]


def test_a_participant_that_cannot_do_its_task_is_left_out(play_at):
    play = play_at("linear_regression/train", 1)
    (one, task_id, _), (other, other_id, task) = play.tasks(TaskKind.TRAIN)
    play.aggregator.scheduler.submit_failure(one, task_id, "the data file is gone")
    play.aggregator.scheduler.submit_failure(one, task_id, "said twice")
    assert play.view()["waiting_for"]["who"] == [other]
    assert play.submit(one, task_id, {"kind": "linear_regression/train"}) == "late"
    play.submit(other, other_id, play.answer(other, task))
    assert play.view()["round"] == 2


def test_who_was_late_is_told_since_when(make_play):
    play = make_play(rounds=6, evaluate_every=6)
    play.start()
    play.play_to("linear_regression/train", 1)
    (punctual, _, _), (slow, _, _) = play.tasks(TaskKind.TRAIN)
    for _ in range(3):
        play.answer_all([TaskKind.TRAIN], absent=[slow])
        play.clock.now += 61
        play.aggregator.scheduler.close_overdue_steps()
    told = {address: task.missed_since for address, _, task in play.tasks(TaskKind.TRAIN)}
    assert told == {punctual: None, slow: 1}
    play.answer_all([TaskKind.TRAIN])
    assert [task.missed_since for _, _, task in play.tasks(TaskKind.TRAIN)] == [None, None]


def test_when_nobody_can_do_a_step_the_job_fails_with_their_reasons(play_at):
    play = play_at("linear_regression/train", 1)
    for index, (address, task_id, _) in enumerate(play.tasks(TaskKind.TRAIN)):
        play.aggregator.scheduler.submit_failure(address, task_id, f"reason {index}")
    view = play.view()
    assert view["state"] == "failed"
    assert view["reason"] == "linear_regression/train in round 1: nobody could do it: reason 0; reason 1"
    assert view["waiting_for"] is None
    assert "failed" in view["entered"]


def test_a_job_that_failed_asks_nobody_anything_any_more(play_at):
    play = play_at("linear_regression/train", 1)
    first, second = play.tasks(TaskKind.TRAIN)
    play.answer_all([TaskKind.VERIFY], absent=[play.members("validator")[0].address])
    for address, task_id, _ in (first, second):
        play.aggregator.scheduler.submit_failure(address, task_id, "no")
    assert all(not play.pending(address) for address in play.everybody())
    play.clock.now += 1000
    assert play.aggregator.scheduler.close_overdue_steps() == 0


def test_a_buyer_that_gives_up_fails_the_job(play_at):
    play = play_at("linear_regression/refresh", 2)
    ((address, task_id, _),) = play.tasks(TaskKind.REFRESH)
    play.aggregator.scheduler.submit_failure(address, task_id, "the key is lost")
    assert play.view()["state"] == "failed"
    assert "the key is lost" in play.view()["reason"]


def test_a_restart_after_every_single_answer_loses_nothing(play):
    play.start()
    while (view := play.view())["state"] == "running":
        play.restart()
        address, task_id, task = play.tasks(TaskKind(view["step"]))[0]
        play.submit(address, task_id, play.answer(address, task))
    assert [one["round"] for one in view["checkpoints"]] == [0, 2, 3]
    expected = federated_gradient_descent(parts(play.members("trainer")), rounds=3, local_steps=1, learning_rate=1 / 3)[
        -1
    ]
    error = mean_squared_error(parts(play.members("validator")), expected) * play.spec.computation.target.half_width**2
    assert view["checkpoints"][-1]["mse"] == pytest.approx(
        error, abs=NOISE * play.spec.computation.target.half_width**2
    )


def test_a_refresh_survives_a_restart_because_its_mask_does(play_at):
    play = play_at("linear_regression/refresh", 2)
    ((address, task_id, task),) = play.tasks(TaskKind.REFRESH)
    result = play.answer(address, task)
    play.restart()
    assert play.submit(address, task_id, result) == "accepted"
    view = play.play_until(lambda view: len(view["checkpoints"]) == 2)
    history = federated_gradient_descent(parts(play.members("trainer")), rounds=2, local_steps=1, learning_rate=1 / 3)
    error = (
        mean_squared_error(parts(play.members("validator")), history[2]) * play.spec.computation.target.half_width**2
    )
    assert view["checkpoints"][1]["mse"] == pytest.approx(error, abs=NOISE * play.spec.computation.target.half_width**2)


def test_an_objection_is_shown_and_does_not_stop_the_job(play_at):
    play = play_at("linear_regression/train", 2)
    (address, task_id, _), (other, other_id, _) = play.tasks(TaskKind.VERIFY)
    objection = {"kind": "linear_regression/verify", "accepted": False, "reason": "opening 0 does not fit"}
    assert play.submit(address, task_id, objection) == "accepted"
    assert play.submit(address, task_id, objection) == "accepted"
    assert play.submit(other, other_id, {"kind": "linear_regression/verify", "accepted": True}) == "accepted"
    view = play.view()
    assert view["state"] == "running"
    assert view["objections"] == [{"validator": address, "checkpoint": 0, "reason": "opening 0 does not fit"}]
    play.play_until(lambda view: view["state"] == "settling")


def test_training_does_not_wait_for_verifications(play_at):
    play = play_at("settling", 3)
    assert len(play.tasks(TaskKind.VERIFY)) == 6
    assert play.answer_all([TaskKind.VERIFY]) == 6
    assert play.view()["state"] == "settling"
