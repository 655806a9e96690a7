"""The data owner's processes beside its web server.

* `answer_tasks` answers the aggregator's tasks.
* `keep_jobs` brings over what was decided in the web server (datasets to list, acceptances, transactions), follows the contract's
  events, and settles jobs that nobody else settles. It alone uses the account's nonces.

Both start every connection themselves, and both can be killed at any point: what they work from are rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from commons.agent.backoff import Backoff
from commons.agent.loop import StopSignal, run_agent
from commons.chain.outbox_sender import OutboxSender
from commons.chain.settings import IDLE_INTERVAL_S
from commons.errors import DeltaMLError
from data_owner.services.deliveries import Deliveries
from data_owner.services.known_jobs import KnownJobs
from data_owner.services.on_chain import OnChain
from data_owner.wiring import Parts

INTERVAL_S = 0.25
CALM_INTERVAL_S = 1.0
CALM_AFTER_S = 10.0
REFRESH_INTERVAL_S = 15.0

log = structlog.get_logger(__name__)


def answer_tasks(parts: Parts, stop: StopSignal) -> None:
    """Answer tasks until stopped; waits for an aggregator that is away."""
    run_agent(parts.connect(), parts.tasks.answer, stop, prepare=parts.tasks.prepare)


def keep_jobs(parts: Parts, stop: StopSignal) -> None:
    """Bring decisions over and see to the money until stopped; what is away is tried again later."""
    JobKeeper(parts.deliveries, parts.sender, parts.on_chain, parts.jobs).run(stop)


class JobKeeper:
    """Brings decisions to the aggregator and transactions to the chain, and sees to the money, until stopped.

    Args:
        deliveries: what the aggregator is told.
        sender: what the chain is sent.
        on_chain: what has happened on chain, and what this owner does about it.
        jobs: refreshed now and then, so that an owner sees how its jobs ended although nobody looked meanwhile.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        sender: OutboxSender,
        on_chain: OnChain,
        jobs: KnownJobs,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._on_chain = on_chain
        self._jobs = jobs
        self._clock = clock
        self._away = Backoff()
        self._deliver_at = self._refresh_at = self._follow_at = self._worked_at = clock()
        self._waiting_for: str | None = None

    def run(self, stop: StopSignal) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            self.step()
            is_calm = self._clock() - self._worked_at > CALM_AFTER_S
            stop.wait(CALM_INTERVAL_S if is_calm else INTERVAL_S)

    def step(self) -> None:
        """One pass; an aggregator or node that is away is tried again later."""
        status = self._sender.step()
        if status.waiting_for != self._waiting_for:
            self._waiting_for = status.waiting_for
            log.info("transactions", unfinished=status.unfinished, waiting_for=status.waiting_for)
        if status.unfinished:
            self._worked_at = self._clock()
        if status.unfinished or self._clock() >= self._follow_at:
            self._on_chain.step()
            self._follow_at = self._clock() + IDLE_INTERVAL_S
        if self._clock() >= self._deliver_at:
            self._deliver()
        if self._clock() >= self._refresh_at:
            self._jobs.refresh()
            self._refresh_at = self._clock() + REFRESH_INTERVAL_S

    def _deliver(self) -> None:
        try:
            if self._deliveries.deliver_all():
                self._worked_at = self._clock()
        except DeltaMLError as error:
            pause_s = self._away.next_s()
            self._deliver_at = self._clock() + pause_s
            log.warning("aggregator_away", reason=error.message, retry_in_s=round(pause_s, 1))
        else:
            self._away.reset()
