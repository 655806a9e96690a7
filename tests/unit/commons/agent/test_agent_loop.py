"""The loop with a hand-written aggregator: what it is given decides, and nothing ends the loop but the stop signal."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from commons.agent import loop as agent_loop
from commons.agent.aggregator_client import Answer, PendingTask
from commons.agent.backoff import Backoff
from commons.agent.loop import public_reason, run_agent
from commons.computations.linear_regression.messages import VerifyResult
from commons.computations.registry import AnyResult, AnyTask
from commons.errors import (
    ChainUnavailable,
    DatasetInvalid,
    DeltaMLError,
    InvalidInput,
    ProtocolViolation,
    ServiceUnavailable,
    TooManyRequests,
)

VECTOR = {"count": 1, "fractional_bits": 0, "ciphertexts": "AA=="}
GOOD = {
    "kind": "linear_regression/train",
    "job_id": 1,
    "round": 1,
    "checkpoint": 0,
    "averaging_weight": 1,
    "averaging_total": 2,
}
GOOD["weights"] = VECTOR
DONE = VerifyResult(accepted=True)


class Aggregator:
    """Gives out what is in `polls`, then stops the agent; records what it is told."""

    def __init__(self, polls: list[list[PendingTask] | DeltaMLError]) -> None:
        self.polls = polls
        self.results: list[tuple[str, AnyResult]] = []
        self.failures: list[tuple[str, str]] = []
        self.refusals: list[DeltaMLError] = []
        self.waits: list[int] = []
        self.following: list[list[PendingTask]] = []
        self.stop = threading.Event()

    def tasks(self, wait_s: int = 25) -> list[PendingTask]:
        if not self.polls:
            self.stop.set()
            return []
        poll = self.polls.pop(0)
        if isinstance(poll, DeltaMLError):
            raise poll
        return poll

    def post_result(self, task_id: str, result: AnyResult, wait_s: int = 0) -> Answer:
        if self.refusals:
            raise self.refusals.pop(0)
        self.results.append((task_id, result))
        self.waits.append(wait_s)
        return Answer("accepted", tuple(self.following.pop(0)) if wait_s and self.following else ())

    def post_failure(self, task_id: str, reason: str) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.failures.append((task_id, reason))


def pending(task_id: str = "t1", body: Any = GOOD) -> PendingTask:
    return PendingTask(task_id, 0.0, body)


def run(aggregator: Aggregator, handle: Callable[[AnyTask], AnyResult] = lambda _: DONE) -> None:
    run_agent(aggregator, handle, aggregator.stop)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_loop, "Backoff", lambda: Backoff(initial_s=0.001, limit_s=0.002))
    monkeypatch.setattr(agent_loop, "_WATCH_S", 0.01)


def test_tasks_are_computed_and_handed_in() -> None:
    aggregator = Aggregator([[pending("t1"), pending("t2")]])
    run(aggregator)
    assert aggregator.results == [("t1", DONE), ("t2", DONE)]


def test_an_aggregator_that_is_away_is_waited_for() -> None:
    aggregator = Aggregator([ServiceUnavailable("away"), ProtocolViolation("nonsense"), [pending()]])
    run(aggregator)
    assert aggregator.results == [("t1", DONE)]


def test_a_computed_result_is_offered_until_it_is_answered() -> None:
    aggregator = Aggregator([[pending()]])
    aggregator.refusals = [ServiceUnavailable("away"), ServiceUnavailable("still away")]
    run(aggregator)
    assert aggregator.results == [("t1", DONE)]


def test_a_result_that_is_refused_is_not_repeated_by_itself() -> None:
    aggregator = Aggregator([[pending()]])
    aggregator.refusals = [InvalidInput("not the right form")]
    run(aggregator)
    assert aggregator.results == []
    assert aggregator.failures == []


def test_a_malformed_task_is_reported_with_the_field() -> None:
    aggregator = Aggregator([[pending(body={**GOOD, "round": -1})]])
    run(aggregator)
    [(task_id, reason)] = aggregator.failures
    assert task_id == "t1"
    assert "round" in reason
    assert aggregator.results == []


def test_an_impossible_task_is_reported_and_the_next_one_done() -> None:
    def handle(task: AnyTask) -> AnyResult:
        if task.round == 1:
            raise ProtocolViolation("weights of another job")
        return DONE

    aggregator = Aggregator([[pending("t1"), pending("t2", {**GOOD, "round": 2})]])
    run(aggregator, handle)
    assert aggregator.failures == [("t1", "protocol_violation: weights of another job")]
    assert aggregator.results == [("t2", DONE)]


def test_an_unexpected_error_is_reported_without_its_text() -> None:
    def handle(task: AnyTask) -> AnyResult:
        raise RuntimeError("cell 4711 of my file")

    aggregator = Aggregator([[pending()]])
    run(aggregator, handle)
    [(_, reason)] = aggregator.failures
    assert "4711" not in reason
    assert reason.startswith("internal_error")


def test_what_time_can_heal_is_neither_reported_nor_dropped() -> None:
    tries = []

    def handle(task: AnyTask) -> AnyResult:
        tries.append(task)
        if len(tries) < 3:
            raise ChainUnavailable("the node does not answer")
        return DONE

    aggregator = Aggregator([[pending()], [pending()], [pending()]])
    run(aggregator, handle)
    assert aggregator.failures == []
    assert aggregator.results == [("t1", DONE)]


def test_a_failure_report_that_is_refused_does_not_end_the_agent() -> None:
    def handle(task: AnyTask) -> AnyResult:
        raise ProtocolViolation("no")

    aggregator = Aggregator([[pending()], [pending()]])
    aggregator.refusals = [InvalidInput("no such task")]
    run(aggregator, handle)
    assert aggregator.failures == [("t1", "protocol_violation: no")]


def test_stopping_does_not_wait_for_a_long_poll() -> None:
    released = threading.Event()

    class Polling(Aggregator):
        def tasks(self, wait_s: int = 25) -> list[PendingTask]:
            self.stop.set()
            released.wait(20)
            return []

    aggregator = Polling([])
    run(aggregator)
    assert not released.is_set()
    released.set()


def test_a_defect_in_the_client_ends_the_agent_so_that_it_is_restarted() -> None:
    class Broken(Aggregator):
        def tasks(self, wait_s: int = 25) -> list[PendingTask]:
            raise TypeError("defect")

    with pytest.raises(TypeError, match="defect"):
        run(Broken([]))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ProtocolViolation("other candidates"), "protocol_violation: other candidates"),
        (DatasetInvalid("row 3 holds 17.5"), "dataset_invalid: the participant's own log says more"),
        (InvalidInput("/home/alice/rows.csv"), "invalid_input: the participant's own log says more"),
    ],
)
def test_reasons_say_nothing_of_a_participants_data(error: DeltaMLError, shown: str) -> None:
    assert public_reason(error) == shown


def test_the_answer_to_the_last_result_brings_the_next_tasks() -> None:
    aggregator = Aggregator([[pending("t1"), pending("t2")]])
    aggregator.following = [[pending("t3")]]
    run(aggregator)
    assert [task_id for task_id, _ in aggregator.results] == ["t1", "t2", "t3"]
    assert [wait > 0 for wait in aggregator.waits] == [False, True, True]


def test_work_is_prepared_while_there_is_none_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_loop, "_PREPARE_AFTER_S", 0.01)
    made: list[int] = []
    aggregator = Aggregator([[]])

    def slow_poll(wait_s: int = 25) -> list[PendingTask]:
        time.sleep(0.2)
        aggregator.stop.set()
        return []

    monkeypatch.setattr(aggregator, "tasks", slow_poll)

    def prepare() -> bool:
        made.append(1)
        return len(made) < 5

    run_agent(aggregator, lambda _: DONE, aggregator.stop, prepare=prepare)
    assert len(made) >= 5


FORKED = """
import json, os
import commons.agent.loop
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, KeyHolderRandomizer, Randomizer, generate_keypair

key = generate_keypair(512, policy=UNSAFE_SMALL_KEYS)
randomizers = [Randomizer(key.public_key), KeyHolderRandomizer(key)]
for randomizer in randomizers:
    while randomizer.prepare(3):
        pass

def drawn():
    return json.dumps([[hex(randomizer.obfuscator()) for _ in range(4)] for randomizer in randomizers])

read, write = os.pipe()
if os.fork() == 0:
    os.write(write, drawn().encode())
    os._exit(0)
os.wait()
os.close(write)
with os.fdopen(read) as child:
    print(json.dumps([json.load(child), json.loads(drawn())]))
"""


@pytest.mark.parametrize(("hooked", "shared"), [(True, 0), (False, 3)], ids=["with the loop's hook", "without it"])
def test_prepared_randomness_is_not_used_again_after_a_fork(hooked: bool, shared: int) -> None:
    program = FORKED if hooked else FORKED.replace("import commons.agent.loop", "")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    for child, parent in zip(*json.loads(done.stdout), strict=True):
        assert len(set(child) & set(parent)) == shared


class TurnsAway(Aggregator):
    """Answers polls at once although nothing is there, some times."""

    def __init__(self, times: int) -> None:
        super().__init__([[]] * times)
        self.asked_at: list[float] = []

    def tasks(self, wait_s: int = 25) -> list[PendingTask]:
        self.asked_at.append(time.monotonic())
        return super().tasks(wait_s)


def test_whose_poll_is_turned_away_pauses_before_it_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_loop, "Backoff", lambda: Backoff(initial_s=0.1, limit_s=0.4))
    aggregator = TurnsAway(3)
    run(aggregator)
    pauses = [later - earlier for earlier, later in pairwise(aggregator.asked_at)]
    assert len(pauses) == 3
    # Doubling, and never under half of the step.
    assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True))


def test_a_poll_that_waited_in_vain_is_repeated_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_loop, "Backoff", lambda: Backoff(initial_s=30))
    monkeypatch.setattr(agent_loop, "_AT_ONCE_S", 0.01)

    class Waits(TurnsAway):
        def tasks(self, wait_s: int = 25) -> list[PendingTask]:
            found = super().tasks(wait_s)
            time.sleep(0.02)
            return found

    started = time.monotonic()
    run(Waits(3))
    assert time.monotonic() - started < 10


def test_an_aggregator_that_names_a_time_is_not_asked_before_it() -> None:
    aggregator = TurnsAway(0)
    aggregator.polls = [TooManyRequests("too many requests", retry_after_s=0.3), [pending()]]
    run(aggregator)
    assert aggregator.asked_at[1] - aggregator.asked_at[0] >= 0.3
    assert aggregator.results == [("t1", DONE)]


@pytest.mark.parametrize("asked", [10**9, -5, "soon", None])
def test_a_time_that_makes_no_sense_is_not_kept_to(asked: object) -> None:
    assert 0 <= agent_loop._asked_for_s(TooManyRequests("x", retry_after_s=asked)) <= 60
