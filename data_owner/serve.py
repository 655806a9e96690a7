"""Running a data owner: web server and background processes, from one configuration."""

from __future__ import annotations

import threading
from pathlib import Path

from flask import Flask

from commons.chain.keystore import load_account
from commons.storage.private_folder import claim_folder
from commons.web.json_logging import configure_logging
from commons.web.server import serve as serve_app
from data_owner.app import create_app
from data_owner.background import answer_tasks, keep_jobs
from data_owner.config import OwnerConfig
from data_owner.wiring import Parts, assemble, prepare

THREADS = 32


def serve(config: OwnerConfig, ready_file: Path | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code.

    Aggregator and chain may be away: what needs them says so, and goes on when they are back.

    Raises:
        InvalidInput, NotFound, NotAuthenticated: configuration, keystore or its password are wrong.
        NotFound, Conflict: the node answers, and what it has at the contract's address is not the marketplace.
        Conflict: another version made the database.
        ServiceUnavailable: the database does not answer.
    """
    configure_logging("data_owner")
    claim_folder(config.state_dir)
    account = load_account(config.keystore, config.keystore_password)
    config.chain.refuse_other_contract()
    database = prepare(config)

    def parts() -> Parts:
        return assemble(config, account, database)

    def app() -> Flask:
        return create_app(parts())

    def task_agent(stop: threading.Event) -> None:
        answer_tasks(parts(), stop)

    def job_keeper(stop: threading.Event) -> None:
        keep_jobs(parts(), stop)

    return serve_app(
        app,
        host=config.host,
        port=config.port,
        threads=THREADS,
        background=[task_agent, job_keeper],
        ready_file=ready_file,
    )
