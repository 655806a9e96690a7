"""Validators that do not answer, or not usably: out for good where enough are left, and waited for otherwise."""

import numpy as np
import pytest

from commons.computations.linear_regression.learning import mean_squared_error
from commons.computations.linear_regression.messages import TaskKind

NOISE = 2**-23


@pytest.fixture(scope="module")
def three(tmp_path_factory, build_play):
    """A job of four trainers and three validators, of which two must stay, at the beginning of its first evaluation."""
    play = build_play(tmp_path_factory.mktemp("three"), rows=(8, 11, 7, 9, 6, 10, 12), rounds=1, evaluate_every=1)
    play.start()
    return play


@pytest.fixture
def play(three, tmp_path):
    return three.fork(tmp_path / "fork.sqlite3")


def let_time_pass(play):
    play.clock.now += 61
    play.aggregator.scheduler.close_overdue_steps()


def out(play):
    return {one["address"]: one["out"] for one in play.view()["owners"] if one["out"]}


def error_on(play, validators):
    rows = [(owner.X, owner.y) for owner in play.members("validator") if owner.address in validators]
    return mean_squared_error(rows, np.zeros(3)) * play.spec.computation.target.half_width**2


@pytest.mark.parametrize("kind", [TaskKind.EVALUATE, TaskKind.UNMASK])
def test_a_validator_that_is_late_once_is_out_for_good(play, kind):
    names = [owner.address for owner in play.members("validator")]
    play.play_to(str(kind))
    play.answer_all([kind], absent=names[:1])
    assert out(play) == {}
    let_time_pass(play)
    assert out(play) == {names[0]: "it did not answer in time at checkpoint 0"}
    view = play.play_until(lambda view: len(view["checkpoints"]) == 1)
    expected = error_on(play, names[1:])
    assert view["checkpoints"][0]["mse"] == pytest.approx(
        expected, abs=NOISE * play.spec.computation.target.half_width**2
    )
    assert {address for address, _, _ in play.tasks(TaskKind.VERIFY)} == set(names[1:])
    assert {address for address, _, _ in play.play_to("linear_regression/evaluate", 1)} == set(names[1:])


def test_a_validator_that_cannot_answer_is_out_with_its_reason(play):
    first, *others = play.tasks(TaskKind.EVALUATE)
    play.aggregator.scheduler.submit_failure(first[0], first[1], "dataset_invalid: its log says more")
    for address, task_id, task in others:
        play.submit(address, task_id, play.answer(address, task))
    assert out(play) == {first[0]: "it could not answer at checkpoint 0: dataset_invalid: its log says more"}
    assert play.view()["step"] == "linear_regression/square"


def test_where_too_few_would_be_left_the_job_waits_and_says_for_whom(play):
    names = [owner.address for owner in play.members("validator")]
    play.answer_all([TaskKind.EVALUATE], absent=names[1:])
    for _ in range(2):
        let_time_pass(play)
        view = play.view()
        assert (view["state"], view["step"]) == ("running", "linear_regression/evaluate")
        assert view["reason"].startswith("too few answered in time; still waiting for ")
        assert sorted(view["waiting_for"]["who"]) == sorted(names[1:])
    assert out(play) == {}
    play.answer_all([TaskKind.EVALUATE], absent=names[2:])
    assert play.view()["step"] == "linear_regression/evaluate"
    let_time_pass(play)
    assert play.view()["step"] == "linear_regression/square"
    assert list(out(play)) == names[2:]


def test_a_validator_that_said_no_is_asked_again_where_it_is_needed(play):
    (one, one_id, one_task), (two, two_id, _), (three, three_id, three_task) = play.tasks(TaskKind.EVALUATE)
    play.submit(one, one_id, play.answer(one, one_task))
    for address, task_id in ((two, two_id), (three, three_id)):
        play.aggregator.scheduler.submit_failure(address, task_id, "the data file is gone")
    view = play.view()
    assert (view["state"], view["step"]) == ("running", "linear_regression/evaluate")
    assert f"{two} (the data file is gone)" in view["reason"]
    assert {address for address, _, _ in play.tasks(TaskKind.EVALUATE)} == {two, three}
    play.submit(three, three_id, play.answer(three, three_task))
    play.aggregator.scheduler.submit_failure(two, two_id, "the data file is gone")
    assert play.view()["step"] == "linear_regression/square"
    assert list(out(play)) == [two]


def squares_with(play, faults):
    """The buyer's answer with these faults named, as it gives it itself when it finds them."""
    ((address, task_id, task),) = play.play_to("linear_regression/square")
    result = play.answer(address, task)
    going_on = 3 - len(faults) >= 2
    for item in result["validators"]:
        fault = faults.get(item["validator"])
        if fault or not going_on:
            item |= {"squares": None, "scaled_squares": None, "fault": fault}
    return play.submit(address, task_id, result)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("malformed", "its residuals at checkpoint 0 could not be read"),
        ("above_bound", "its errors at checkpoint 0 were above what can be measured"),
    ],
)
def test_a_validator_whose_residuals_are_of_no_use_is_out_and_the_job_goes_on(play, fault, reason):
    names = [owner.address for owner in play.members("validator")]
    assert squares_with(play, {names[1]: fault}) == "accepted"
    assert out(play) == {names[1]: reason}
    assert {address for address, _, _ in play.tasks(TaskKind.UNMASK)} == {names[0], names[2]}
    play.play_until(lambda view: view["state"] == "settling")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("malformed", "cannot be read, and without them too few validators are left"),
        ("above_bound", "are above what can be measured"),
    ],
)
def test_a_job_without_enough_usable_residuals_ends_and_says_why(play, fault, reason):
    names = sorted(owner.address for owner in play.members("validator"))
    squares_with(play, dict.fromkeys(names[:2], fault))
    view = play.view()
    assert view["state"] == "failed"
    assert view["reason"].endswith(reason)
    assert all(name in view["reason"] for name in names[:2])
