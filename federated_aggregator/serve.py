"""Running the aggregator: web server and background process, from one configuration."""

from __future__ import annotations

import threading
from pathlib import Path

import structlog
from flask import Flask

from commons.chain.keystore import load_account
from commons.storage.private_folder import claim_folder
from commons.web.json_logging import configure_logging
from commons.web.server import serve as serve_app
from federated_aggregator.adapters.contract import Contract
from federated_aggregator.app import create_app
from federated_aggregator.background import keep_jobs
from federated_aggregator.config import AggregatorConfig
from federated_aggregator.wiring import Parts, assemble, prepare

# Each waiting poll takes one (`federated_aggregator.services.task_queue`), and so does a client that sends or takes
# something large slowly (`commons.web.serving.worker`); some must be left for everybody else.
THREADS = 256

log = structlog.get_logger(__name__)


def serve(config: AggregatorConfig, ready_file: Path | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code.

    Raises:
        InvalidInput, NotFound, NotAuthenticated: configuration, keystore or its password are wrong.
        Conflict: another version made the database.
        ChainUnavailable: the chain did not answer within `chain_wait_s`.
    """
    configure_logging("aggregator")
    claim_folder(config.state_dir)
    account = load_account(config.keystore, config.keystore_password)
    database = prepare(config)
    contract = Contract(
        config.chain.marketplace(),
        account,
        database,
        policy=config.chain.policy,
        from_block=config.chain.contract_from_block,
    )
    contract.wait_until_ready(config.chain_wait_s, lambda reason: log.warning("waiting_for_chain", reason=reason))

    def parts() -> Parts:
        return assemble(
            database,
            contract,
            public_url=config.public_url,
            explorer_url=config.explorer_url,
            key_policy=config.key_policy,
        )

    def app() -> Flask:
        return create_app(parts(), config.ui_dir, config.trusted_proxies)

    def job_keeper(stop: threading.Event) -> None:
        keep_jobs(parts(), stop)

    return serve_app(
        app,
        host=config.host,
        port=config.port,
        threads=THREADS,
        background=[job_keeper],
        ready_file=ready_file,
    )
