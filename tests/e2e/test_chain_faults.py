"""A whole job while the chain, and everything else, misbehaves: afterwards databases and contract agree to the wei."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from commons.chain.event_log import EventLog
from commons.chain.jobs import JobState
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from commons.storage.database import create_database
from data_owner import tables as owner_tables
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.linear_regression import LinearRegressionJob
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import bring_datasets, job_request
from deltaml.demo.world import World, running_world
from deltaml.nodes import start_anvil, start_ganache
from federated_aggregator import tables as aggregator_tables
from model_buyer import tables as buyer_tables
from tests.support.rpc import rpc

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

OPTIONS = DemoOptions(owners=3, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS, headless=True)
TRAINING = {"scaling": "none", "rounds": 80, "evaluate_every": 20, "learning_rate": 0.1}
SETTINGS = {"DELTAML_POLL_INTERVAL_S": "0.2"}


class Course:
    """One posted job on its way."""

    def __init__(self, world: World, money: Any, request: dict[str, Any]) -> None:
        self.world, self.money, self.market = world, money, money.market
        self.id = world.buyer.session.post("/v1/jobs", request)["id"]

    def shown(self) -> dict[str, Any]:
        return dict(self.world.buyer.session.get(f"/v1/jobs/{self.id}"))

    def when(self, happened: Callable[[], object], what: str) -> None:
        def looked() -> object:
            job = self.shown()
            assert job["stage"] not in {"cancelled", "expired", "failed"}, f"{job['stage']}: {job['note']}"
            live = job["live"] or {}
            assert live.get("state") != "failed", live.get("reason")
            return happened()

        self.money.wait_until(looked, what)

    def finished(self) -> bool:
        job = self.shown()
        return job["stage"] == "finished" and (job["live"] or {}).get("state") == "finished"

    def on_chain(self, *, checkpoints: int = 0, state: JobState = JobState.RUNNING) -> bool:
        job = self.market.job(1)
        return job.state is state and job.checkpoint_count >= checkpoints


def event_names(folder: Any, service: str, tables: Any, job_id: int) -> list[tuple[str, str]]:
    """Names and transactions of a job's events as a service has them."""
    (path,) = (folder / service).glob("*.sqlite3")
    database = create_database(f"sqlite:///{path}", tables.db)
    log = EventLog(tables.FollowedBlock, tables.ContractEvent)
    try:
        with database.snapshot() as session:
            return [(row.name, row.tx_hash) for row in log.history(session, job_id)]
    finally:
        database.dispose()


def test_a_node_and_then_every_service_is_killed_in_mid_job_and_everybody_is_paid_once(tmp_path, terraces, money_of):
    database = tmp_path / "chain"
    node = start_ganache(db_path=database)
    try:
        with running_world(OPTIONS, tmp_path, node=node, settings=SETTINGS) as world:
            job = LinearRegressionJob(terraces, TRAINING)
            bring_datasets(world, job, job.deal(OPTIONS.seed, OPTIONS.owners), tmp_path)
            money = money_of(world)
            with Acceptors(world):
                course = Course(world, money, job_request(OPTIONS, job))
                course.when(lambda: course.on_chain(checkpoints=1), "the first checkpoint")
            node.kill()
            time.sleep(1)
            node = start_ganache(node.port, db_path=database)
            course.when(lambda: course.on_chain(checkpoints=2), "training to go on with the chain")
            names = ["aggregator", "buyer", *(owner.login.name for owner in world.owners)]
            restarted = [world.services.restart(name) for name in names]
            for service in restarted:
                service.url(time.monotonic() + 90)
            course.when(course.finished, "the job to finish")
            money.assert_paid_once(1)
            money.wait_until_services_agree(1)
            money.withdraw_everything()
            assert [one["round"] for one in course.shown()["checkpoints"]] == [0, 20, 40, 60, 80]
    finally:
        node.stop()


def test_reorganisations_at_every_moment_of_a_job_leave_databases_and_chain_in_agreement(tmp_path, terraces, money_of):
    with start_anvil() as node, running_world(OPTIONS, tmp_path, node=node, settings=SETTINGS) as world:
        job = LinearRegressionJob(terraces, TRAINING)
        bring_datasets(world, job, job.deal(OPTIONS.seed, OPTIONS.owners), tmp_path)
        money = money_of(world)
        # So that the contract itself stays.
        rpc(node.rpc_url, "anvil_mine", hex(5))
        undone = []

        def reorganise(moment: str) -> None:
            before = rpc(node.rpc_url, "eth_getBlockByNumber", "latest", False)
            rpc(node.rpc_url, "anvil_reorg", 3, [])
            assert rpc(node.rpc_url, "eth_getBlockByNumber", before["number"], False)["hash"] != before["hash"]
            undone.append(moment)

        with Acceptors(world):
            course = Course(world, money, job_request(OPTIONS, job))
            course.when(lambda: course.on_chain(state=JobState.POSTED), "the deposit")
            reorganise("createJob")
            course.when(course.on_chain, "the start")
            reorganise("startJob")
            course.when(lambda: course.on_chain(checkpoints=2), "a checkpoint")
        reorganise("recordCheckpoint")
        course.when(lambda: course.on_chain(state=JobState.FINISHED), "the settlement")
        reorganise("finalize")
        assert not course.on_chain(state=JobState.FINISHED)
        course.when(lambda: course.on_chain(state=JobState.FINISHED), "the settlement again")
        course.when(course.finished, "buyer and aggregator to agree")
        assert len(undone) == 4
        money.assert_paid_once(1)
        money.wait_until_services_agree(1)
        assert int(course.shown()["settlement"]["paid_wei"]) == market_paid(money)
        canonical = [
            (event.name, event.tx_hash)
            for event in money.market.events(0, int(rpc(node.rpc_url, "eth_blockNumber"), 16))
            if event.job_id == 1
        ]
        kept = {"aggregator": aggregator_tables, "buyer": buyer_tables}
        kept |= {owner.login.name: owner_tables for owner in world.owners}
        for service, tables in kept.items():
            money.wait_until(
                lambda service=service, tables=tables: event_names(tmp_path, service, tables, 1) == canonical,
                f"{service}'s events to be the chain's",
            )
        money.withdraw_everything()


def market_paid(money: Any) -> int:
    settled = money.market.job_finalized(1)
    assert settled is not None
    return int(settled.paid_wei)
