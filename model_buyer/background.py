"""The model buyer's processes beside its web server.

* `answer_tasks` holds the secret keys of running jobs and answers the aggregator's tasks.
* `keep_jobs` follows the chain, carries jobs on from stage to stage and sends transactions. It alone uses the account's nonces.
"""

from __future__ import annotations

import structlog

from commons.agent.loop import StopSignal, run_agent
from commons.errors import DeltaMLError
from commons.web.threads import ThreadedMap
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.carry_on import carry_on
from model_buyer.wiring import Parts, make_client

log = structlog.get_logger(__name__)


def answer_tasks(parts: Parts, stop: StopSignal) -> None:
    """Answer tasks until stopped; waits for an aggregator that is away."""
    answerer = TaskAnswerer(parts.buyer, parallel_map=ThreadedMap())
    client = make_client(parts.config, parts.buyer.account)
    run_agent(client, answerer.answer, stop, prepare=answerer.prepare)


def keep_jobs(parts: Parts, stop: StopSignal) -> None:
    """Carry jobs on and send transactions until stopped; an error of one pass is logged and the next one tries again."""
    said = None
    while not stop.is_set():
        try:
            waiting_for = parts.sender.step().waiting_for
            waiting_for = parts.follower.step().unavailable or waiting_for
            carry_on(parts.buyer)
        except DeltaMLError as error:
            waiting_for = error.message
        if waiting_for is not None and waiting_for != said:
            log.warning("transactions_wait", reason=waiting_for)
        said = waiting_for
        stop.wait(parts.config.poll_interval_s)
