"""Assembling the aggregator's services from its configuration: the only place that knows all of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commons.chain.signing import recover_message
from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy
from commons.computations.job_facts import ParallelMap
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from federated_aggregator.config import AggregatorConfig
from federated_aggregator.services.board import Board
from federated_aggregator.services.catalogue import Catalogue
from federated_aggregator.services.chain_port import ChainPort
from federated_aggregator.services.job_run import Clock, Means
from federated_aggregator.services.job_view import JobViews
from federated_aggregator.services.recruiting import Recruiting
from federated_aggregator.services.scheduler import Scheduler
from federated_aggregator.services.settlement import Settlement
from federated_aggregator.services.sign_in import SignIn
from federated_aggregator.services.task_queue import TaskQueue
from federated_aggregator.tables import db

MIGRATIONS = Path(__file__).parent / "migrations" / "versions"


@dataclass(frozen=True)
class Parts:
    """The services of one process."""

    chain: ChainPort
    database: Database
    sign_in: SignIn
    catalogue: Catalogue
    recruiting: Recruiting
    scheduler: Scheduler
    settlement: Settlement
    views: JobViews
    board: Board
    queue: TaskQueue

    def status(self) -> dict[str, Any]:
        """Who this aggregator is."""
        return {
            "chain_id": self.chain.chain_id,
            "contract_address": self.chain.contract_address,
            "aggregator_address": self.chain.address,
            "version": version("deltaml"),
        }


def prepare(config: AggregatorConfig) -> Database:
    """Return the database, brought up to date; once for each start of the service."""
    database = create_database(config.database_url, db, lazy_sync=True)
    migrate(database, MIGRATIONS)
    return database


def assemble(
    database: Database,
    chain: ChainPort,
    *,
    public_url: str | None = None,
    explorer_url: str | None = None,
    key_policy: KeyPolicy = STANDARD_KEYS,
    clock: Clock = time.time,
    parallel_map: ParallelMap = map,
) -> Parts:
    """The aggregator's services on a database and a chain."""
    means = Means(
        chain.chain_id,
        chain.contract_address,
        recover_message,
        chain.recover_checkpoint,
        parallel_map,
        key_policy,
    )
    catalogue = Catalogue(database, clock)
    queue, views = TaskQueue(database), JobViews(database, chain)
    scheduler = Scheduler(database, chain, means, clock, queue.notify)
    recruiting = Recruiting(database, chain, clock, means)
    return Parts(
        chain=chain,
        database=database,
        sign_in=SignIn(database, chain.chain_id, clock, public_url),
        catalogue=catalogue,
        recruiting=recruiting,
        scheduler=scheduler,
        settlement=Settlement(database, chain, recruiting, scheduler, clock),
        views=views,
        board=Board(database, catalogue, chain, views, clock, version("deltaml"), explorer_url),
        queue=queue,
    )
