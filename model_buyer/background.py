"""The model buyer's processes beside its web server.

* `answer_tasks` holds the secret keys of running jobs and answers the aggregator's tasks.
* `keep_jobs` follows the chain, carries jobs on from stage to stage and sends transactions. It alone uses the account's nonces.
"""

from __future__ import annotations

import threading

import structlog

from commons.agent.loop import run_agent
from commons.chain.outbox import Outbox
from commons.chain.outbox_sender import OutboxSender
from commons.errors import DeltaMLError
from commons.web.threads import ThreadedMap
from model_buyer.adapters.tables import OutboxTransaction
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.carry_on import carry_on
from model_buyer.wiring import Assembly

_log = structlog.get_logger(__name__)


def answer_tasks(parts: Assembly, stop: threading.Event) -> None:
    """Answer tasks until stopped; waits for an aggregator that is away."""
    answerer = TaskAnswerer(parts.buyer(parts.client()), parallel_map=ThreadedMap())
    run_agent(parts.client(), answerer.answer, stop, prepare=answerer.prepare)


def keep_jobs(parts: Assembly, stop: threading.Event) -> None:
    """Carry jobs on and send transactions until stopped; an error of one pass is logged and the next one tries again."""
    buyer = parts.buyer(parts.client())
    sender = OutboxSender(
        parts.database.stepwise_sessions,
        Outbox(OutboxTransaction, clock=parts.clock),
        parts.marketplace.connection,
        parts.account,
        known_chain=parts.follower.known_chain,
        policy=parts.config.chain.policy,
        clock=parts.clock,
    )
    said = None
    while not stop.is_set():
        try:
            waiting_for = sender.step().waiting_for
            waiting_for = parts.follower.step().unavailable or waiting_for
            carry_on(buyer)
        except DeltaMLError as error:
            waiting_for = error.message
        if waiting_for is not None and waiting_for != said:
            _log.warning("transactions_wait", reason=waiting_for)
        said = waiting_for
        stop.wait(parts.config.poll_interval_s)
