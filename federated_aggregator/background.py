"""The aggregator's process beside the web server: sends transactions, follows the contract's events, closes overdue steps.

Every pass is idempotent and works on rows, so any number of workers may run; one is started with each aggregator.
"""

from __future__ import annotations

import threading

import structlog

from commons.errors import DeltaMLError
from federated_aggregator.adapters.contract import Contract
from federated_aggregator.wiring import Parts

IDLE_S = 0.2

log = structlog.get_logger(__name__)


def run_worker(aggregator: Parts, contract: Contract, stop: threading.Event) -> None:
    """Work until told to stop. An error of one pass is logged and the next pass tries again."""
    passes = (
        contract.send_queued,
        contract.follow_events,
        aggregator.settlement.step,
        aggregator.scheduler.close_overdue_steps,
    )
    while not stop.is_set():
        for work in passes:
            try:
                work()
            except DeltaMLError as error:
                log.warning("worker_pass_failed", work=work.__name__, code=error.code, reason=error.message)
        stop.wait(IDLE_S)
