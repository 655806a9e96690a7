import threading
import time

import pytest

from commons.protocol.tasks import TASK, TaskKind


def test_pending_tasks_come_with_deadline_and_body(play_at):
    play = play_at("train", 1)
    for address, task_id, task in play.tasks(TaskKind.TRAIN):
        (item,) = [one for one in play.pending(address) if one["task_id"] == task_id]
        assert item["deadline"] == pytest.approx(play.clock.now + 60)
        assert TASK.validate_python(item["task"]) == task
        assert task.averaging_weight == len(play.owners[address].y)


def test_nobody_gets_tasks_of_another_account(play_at):
    play = play_at("train", 1)
    trainers = {owner.address for owner in play.members("trainer")}
    for address in play.everybody():
        kinds = {item["task"]["kind"] for item in play.pending(address)}
        assert ("train" in kinds) is (address in trainers)
    assert play.pending("0x" + "00" * 20) == []


def test_a_poll_returns_at_once_when_there_is_something_and_waits_when_not(play_at):
    play = play_at("train", 1)
    queue = play.aggregator.queue
    started = time.monotonic()
    assert queue.fetch(play.members("trainer")[0].address, 20)
    assert time.monotonic() - started < 5
    started = time.monotonic()
    assert queue.fetch(play.buyer, 0.3) == []
    assert time.monotonic() - started >= 0.3


def test_a_waiting_poll_is_woken_by_a_new_task(play_at):
    play = play_at("train", 2)
    found = []
    poll = threading.Thread(target=lambda: found.extend(play.aggregator.queue.fetch(play.buyer, 20)))
    poll.start()
    started = time.monotonic()
    play.answer_all([TaskKind.TRAIN])
    poll.join(timeout=20)
    assert time.monotonic() - started < 10
    assert [item["task"]["kind"] for item in found] == ["refresh"]


def test_tasks_of_another_process_are_found_too(play_at):
    play = play_at("train", 2)
    other = play.assemble()
    found = []
    poll = threading.Thread(target=lambda: found.extend(other.queue.fetch(play.buyer, 20)))
    poll.start()
    play.answer_all([TaskKind.TRAIN])
    poll.join(timeout=20)
    assert [item["task"]["kind"] for item in found] == ["refresh"]


def test_secret_seeds_are_never_in_a_task(play_at):
    play = play_at("refresh", 2)
    (item,) = play.pending(play.buyer)
    assert set(item) == {"task_id", "deadline", "task"}
    assert set(item["task"]) == {"kind", "job_id", "round", "checkpoint", "masked", "shift_bits"}
