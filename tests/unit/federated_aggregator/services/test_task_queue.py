import json
import threading
import time
from functools import partial

import pytest

from commons.computations.linear_regression.messages import TaskKind
from commons.computations.registry import TASK
from commons.errors import NotAllowed
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS
from commons.web.serving.worker import MOST_WAITING
from federated_aggregator.serve import THREADS
from federated_aggregator.services import task_queue
from federated_aggregator.tables import Job
from tests.doubles.at_once import at_once


def test_pending_tasks_come_with_deadline_and_body(play_at):
    play = play_at("linear_regression/train", 1)
    for address, task_id, task in play.tasks(TaskKind.TRAIN):
        (item,) = [one for one in play.pending(address) if one["task_id"] == task_id]
        assert item["deadline"] == pytest.approx(play.clock.now + 60)
        assert TASK.validate_python(item["task"]) == task
        assert task.averaging_weight == len(play.owners[address].y)


def test_nobody_gets_tasks_of_another_account(play_at):
    play = play_at("linear_regression/train", 1)
    trainers = {owner.address for owner in play.members("trainer")}
    for address in play.everybody():
        kinds = {item["task"]["kind"] for item in play.pending(address)}
        assert ("linear_regression/train" in kinds) is (address in trainers)
    assert play.pending("0x" + "00" * 20) == []


def test_a_poll_returns_at_once_when_there_is_something_and_waits_when_not(play_at):
    play = play_at("linear_regression/train", 1)
    queue = play.aggregator.queue
    started = time.monotonic()
    assert queue.fetch(play.members("trainer")[0].address, 20)
    assert time.monotonic() - started < 5
    started = time.monotonic()
    assert queue.fetch(play.buyer, 0.3) == []
    assert time.monotonic() - started >= 0.3


def test_a_waiting_poll_is_woken_by_a_new_task(play_at):
    play = play_at("linear_regression/train", 2)
    found = []
    poll = threading.Thread(target=lambda: found.extend(play.aggregator.queue.fetch(play.buyer, 20)))
    poll.start()
    started = time.monotonic()
    play.answer_all([TaskKind.TRAIN])
    poll.join(timeout=20)
    assert time.monotonic() - started < 10
    assert [json.loads(item)["task"]["kind"] for item in found] == [TaskKind.REFRESH]


def test_tasks_of_another_process_are_found_too(play_at):
    play = play_at("linear_regression/train", 2)
    other = play.assemble()
    found = []
    poll = threading.Thread(target=lambda: found.extend(other.queue.fetch(play.buyer, 20)))
    poll.start()
    play.answer_all([TaskKind.TRAIN])
    poll.join(timeout=20)
    assert [json.loads(item)["task"]["kind"] for item in found] == [TaskKind.REFRESH]


def test_secret_seeds_are_never_in_a_task(play_at):
    play = play_at("linear_regression/refresh", 2)
    (item,) = play.pending(play.buyer)
    assert set(item) == {"task_id", "deadline", "task"}
    assert set(item["task"]) == {"kind", "job_id", "round", "checkpoint", "masked", "shift_bits"}


WAIT_S = 1.0


def polls_that_waited(queue, *addresses, times):
    """How many of these polls, made at the same moment, were not answered at once."""

    def poll(address):
        started = time.monotonic()
        assert queue.fetch(address, WAIT_S) == []
        return time.monotonic() - started >= WAIT_S

    return at_once(*[partial(poll, address) for address in addresses], times=times).count(True)


def test_an_account_has_two_waiting_polls_and_further_ones_are_answered_at_once(play_at):
    play = play_at("linear_regression/train", 1)
    assert polls_that_waited(play.aggregator.queue, play.buyer, times=20) == 2
    # And again, so a poll that has ended leaves its place.
    assert polls_that_waited(play.aggregator.queue, play.buyer, times=3) == 2


def test_a_poll_that_may_not_wait_brings_what_there_is(play_at):
    play = play_at("linear_regression/train", 1)
    trainer = play.members("trainer")[0].address
    found = at_once(lambda: play.aggregator.queue.fetch(trainer, 5), times=6)
    assert [len(tasks) for tasks in found] == [1] * 6


def test_participants_without_a_job_leave_room_for_those_who_have_one(play_at, monkeypatch):
    monkeypatch.setattr(task_queue, "POLLS", 5)
    monkeypatch.setattr(task_queue, "POLLS_WITHOUT_A_JOB", 2)
    play = play_at("linear_regression/refresh", 2)
    play.answer_all([TaskKind.VERIFY])
    idle = [f"0x{number:040x}" for number in range(10)]
    for address in idle:
        play.aggregator.catalogue.register(address, kind="data_owner", name="idle")
    assert polls_that_waited(play.aggregator.queue, *idle, times=10) == 2
    owners = list(play.owners)
    assert polls_that_waited(play.aggregator.queue, *idle, *owners, times=14) == 5
    assert polls_that_waited(play.aggregator.queue, *owners, times=8) == 5


def test_the_largest_job_of_all_can_wait(play_at):
    assert task_queue.POLLS - task_queue.POLLS_WITHOUT_A_JOB < MAX_TRAINERS + MAX_VALIDATORS + 1 <= task_queue.POLLS
    # What waits besides, and what is left for everybody else.
    assert task_queue.POLLS + 2 * MOST_WAITING <= THREADS - 16


def test_who_takes_part_in_nothing_may_not_wait(play_at):
    play = play_at("linear_regression/train", 1)
    with pytest.raises(NotAllowed, match="register first"):
        play.aggregator.queue.fetch("0x" + "00" * 20, 20)


def test_after_its_job_a_participant_waits_like_those_who_have_none(play_at, monkeypatch):
    monkeypatch.setattr(task_queue, "POLLS_WITHOUT_A_JOB", 0)
    play = play_at("linear_regression/train", 1)
    play.aggregator.catalogue.register(play.buyer, kind="model_buyer", name="City hospital")
    assert polls_that_waited(play.aggregator.queue, play.buyer, times=2) == 2
    with play.database.session() as session:
        session.get(Job, 7).state = "finished"
    assert polls_that_waited(play.aggregator.queue, play.buyer, times=2) == 2, "for a while"
    monkeypatch.setattr(task_queue, "JOB_REMEMBERED_S", 0.0)
    assert polls_that_waited(play.aggregator.queue, play.buyer, times=2) == 0
