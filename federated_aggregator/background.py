"""The aggregator's process beside its web server.

* `keep_jobs` sends transactions, follows the contract's events and closes overdue steps.

Every pass is idempotent and works on rows, so any number of them may run; one is started with each aggregator.
"""

from __future__ import annotations

import structlog

from commons.agent.loop import StopSignal
from commons.errors import DeltaMLError
from federated_aggregator.wiring import Parts

IDLE_S = 0.2

log = structlog.get_logger(__name__)


def keep_jobs(parts: Parts, stop: StopSignal) -> None:
    """Carry jobs on and send transactions until stopped; an error of one pass is logged and the next one tries again."""
    passes = (
        parts.chain.send_queued,
        parts.chain.follow_events,
        parts.settlement.step,
        parts.scheduler.close_overdue_steps,
    )
    while not stop.is_set():
        for work in passes:
            try:
                work()
            except DeltaMLError as error:
                log.warning("worker_pass_failed", work=work.__name__, code=error.code, reason=error.message)
        stop.wait(IDLE_S)
