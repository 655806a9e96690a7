"""Carrying decisions out, as the service's job keeper does, and answering tasks until stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from commons.agent.aggregator_client import PendingTask
from commons.chain.outbox_sender import OutboxStatus
from data_owner.background import JobKeeper, answer_tasks
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.task_answers import TaskAnswerer
from data_owner.tables import AcceptanceState


@dataclass
class FakeSender:
    """An outbox whose first transaction waits for something."""

    waiting_for: str | None = None
    steps: int = 0

    def step(self) -> OutboxStatus:
        self.steps += 1
        return OutboxStatus(0 if self.waiting_for is None else 1, self.waiting_for)


@dataclass
class Ticking:
    """A clock that is set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_job_keeper_delivers_sends_and_looks_for_news(world: Any) -> None:
    world.add_rows()
    world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    sender, clock = FakeSender(), Ticking()
    keeper = JobKeeper(world.deliveries, sender, world.on_chain, world.known_jobs, clock=clock)
    keeper.step()
    assert sender.steps == 1
    assert world.offers.get(1).acceptance.state is AcceptanceState.POSTED
    world.post_job(2)
    clock.now = 100.0
    keeper.step()
    world.aggregator.away = True
    assert {offer.job_id for offer in world.offers.list().offers} == {1, 2}


def test_an_absent_aggregator_slows_deliveries_but_not_transactions(world: Any) -> None:
    dataset_id = world.add_rows()
    world.aggregator.away = True
    sender, clock = FakeSender(), Ticking()
    keeper = JobKeeper(world.deliveries, sender, world.on_chain, world.known_jobs, clock=clock)
    for _ in range(50):
        keeper.step()
        clock.now += 0.25
    assert sender.steps == 50
    world.aggregator.away = False
    clock.now += 20
    keeper.step()
    assert dataset_id in world.aggregator.datasets


def test_the_task_agent_signs_in_when_it_begins_and_answers_until_stopped() -> None:
    stop, task = threading.Event(), {"kind": "nothing of the kind"}

    class Aggregator:
        reasons: tuple[str, ...] = ()

        def tasks(self, wait_s: int = 0) -> list[PendingTask]:
            return [PendingTask("1", 0.0, task)]

        def post_failure(self, task_id: str, reason: str) -> None:
            self.reasons = (*self.reasons, reason)
            stop.set()

    aggregator = Aggregator()
    parts: Any = SimpleNamespace(connect=lambda: aggregator, tasks=TaskAnswerer(lambda job_id: None, None))
    answer_tasks(parts, stop)
    assert "the task is malformed" in aggregator.reasons[0]
