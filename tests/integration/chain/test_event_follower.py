"""The database's copy of the contract's events, on real nodes: complete, in order, and undone with its blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commons.chain.blocks import find_block, latest_block
from commons.chain.event_follower import FollowStatus
from commons.chain.jobs import JobCancelled, JobState, Role
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.transactions import send_and_wait
from deltaml.nodes import start_ganache

pytestmark = pytest.mark.integration

ETHER = 10**18


def test_a_job_is_read_from_its_events_as_the_contract_has_it(marketplace: Marketplace, make_job: Any) -> None:
    job = make_job(marketplace)
    watcher, log = job.buyer, job.buyer.log
    states = []
    for key, _ in job.stages():
        job.run_stage(key)
        assert watcher.follower().step().unavailable is None
        states.append(watcher.read(log.job_state, job.job_id))
        assert states[-1] is marketplace.job(job.job_id).state
    assert states == [JobState.POSTED, *[JobState.RUNNING] * 4, JobState.FINISHED]

    created = watcher.read(log.created_by, job.buyer.row("create").tx_hash)
    assert (created.job_id, created.buyer, created.deposit_wei) == (job.job_id, job.buyer.address, job.deposit_wei)
    assert watcher.read(log.created, job.job_id) == created
    started = watcher.read(log.started, job.job_id)
    assert started.trainers == marketplace.trainers(job.job_id)
    assert started.validators == marketplace.validators(job.job_id)
    assert started.seed_hash == marketplace.job(job.job_id).seed_hash
    assert watcher.read(log.checkpoints, job.job_id) == marketplace.checkpoints(job.job_id)
    assert len(watcher.read(log.checkpoints, job.job_id)) == 3
    assert watcher.read(log.settled, job.job_id) == marketplace.job_finalized(job.job_id)
    paid = watcher.read(log.credited, job.job_id)
    assert paid == marketplace.credited(job.job_id)
    assert [credit.role for credit in paid] == [
        Role.TRAINER,
        Role.TRAINER,
        Role.VALIDATOR,
        Role.AGGREGATOR,
        Role.BUYER,
    ]
    assert sum(credit.amount_wei for credit in paid) == job.deposit_wei

    taken = job.owners[0].send("withdraw", marketplace.calls.withdraw())
    watcher.follower().step()
    (withdrawal,) = watcher.read(log.withdrawals, job.owners[0].address.lower())
    assert (withdrawal.amount_wei, withdrawal.tx_hash) == (paid[0].amount_wei, taken.tx_hash)
    assert withdrawal.recipient == withdrawal.payee == job.owners[0].address
    history = watcher.read(log.history, job.job_id)
    assert [row.name for row in history] == [
        "JobCreated",
        "JobStarted",
        *["CheckpointRecorded"] * 3,
        *["Credited"] * 5,
        "JobFinalized",
    ]
    block = marketplace.connection.web3.eth.get_block(history[0].block_number)
    assert (history[0].block_time, history[0].block_hash) == (block["timestamp"], "0x" + block["hash"].hex())


def test_jobs_that_never_start_are_read_from_their_events(forked: Marketplace, make_service: Any) -> None:
    buyer, owner = make_service(forked), make_service(forked)
    posted = buyer.send("create", buyer.post())
    owner.send("revoke", forked.calls.revoke_acceptance(1))
    cancelled = buyer.send("cancel", forked.calls.cancel_job(1))
    buyer.send("another", buyer.post())
    buyer.follower().step()
    log = buyer.log
    assert buyer.read(log.revoked, 1) == [owner.address]
    assert buyer.read(log.cancelled, 1) == JobCancelled(1, ETHER, str(cancelled.tx_hash))
    assert [buyer.read(log.job_state, job_id) for job_id in (1, 2, 3)] == [
        JobState.CANCELLED,
        JobState.POSTED,
        JobState.NONE,
    ]
    assert buyer.read(lambda session: log.job_states(session, [1, 2, 3])) == {1: JobState.CANCELLED, 2: JobState.POSTED}
    assert buyer.read(log.jobs_created)[0].tx_hash == posted.tx_hash
    for missing in (log.created, log.started, log.settled, log.cancelled):
        assert buyer.read(missing, 3) is None
    assert buyer.read(log.head).number == latest_block(forked.connection).number


def test_events_count_after_their_confirmations(forked: Marketplace, make_service: Any, rpc: Any) -> None:
    watcher = make_service(forked, SendingPolicy(confirmations=3))
    receipt = send_and_wait(forked.connection, watcher.account, watcher.post())
    follower = watcher.follower()
    for behind in (2, 1):
        status = follower.step()
        assert status == FollowStatus(receipt["blockNumber"] - behind, status.latest, None)
        assert watcher.read(watcher.log.job_state, 1) is JobState.NONE
        rpc(forked, "evm_mine")
    assert follower.step().followed == receipt["blockNumber"]
    assert watcher.read(watcher.log.job_state, 1) is JobState.POSTED


def test_two_followers_of_a_database_store_each_event_once(forked: Marketplace, make_service: Any) -> None:
    watcher = make_service(forked)
    send_and_wait(forked.connection, watcher.account, watcher.post())
    rival = watcher.follower()

    class Overtaken(Marketplace):
        def events(self, first_block: int, last_block: int) -> Any:
            found = super().events(first_block, last_block)
            assert rival.step().unavailable is None
            return found

    market = Overtaken(forked.connection.web3.provider.endpoint_uri, forked.contract_address)
    slow = watcher.follower(market)
    assert "another process" in str(slow.step().unavailable)
    watcher.assert_log_is_the_chain()
    send_and_wait(forked.connection, watcher.account, watcher.post())
    assert watcher.follower().step().unavailable is None
    watcher.assert_log_is_the_chain()


def test_a_long_chain_is_read_in_ranges_that_the_node_takes(
    forked: Marketplace, make_service: Any, rpc: Any, start_proxy: Any, refuse: Any
) -> None:
    """A node that refuses more than 20 blocks at once, as public ones do at some number or other."""
    watcher = make_service(forked)
    first = latest_block(forked.connection).number
    for _ in range(3):
        send_and_wait(forked.connection, watcher.account, watcher.post())
        rpc(forked, "anvil_mine", hex(60))
    asked: list[int] = []

    def limited(request: dict[str, Any], forward: Callable[[], bytes]) -> bytes:
        if request["method"] == "eth_getLogs":
            query = request["params"][0]
            asked.append(int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1)
            if asked[-1] > 20:
                return refuse(request, "query exceeds the maximum block range")
        return forward()

    url = start_proxy(forked.connection.web3.provider.endpoint_uri, limited)
    follower = watcher.follower(Marketplace(url, forked.contract_address), from_block=first)
    complaints = 0
    while follower.step().unavailable is not None:
        complaints += 1
        assert complaints < 30
    assert asked[0] == 184
    assert 20 < max(asked[5:]) <= 40, "it tries for more again, and no more than twice as much"
    watcher.assert_log_is_the_chain()


def test_a_node_killed_and_restarted_is_followed_on(make_service: Any, new_market: Any, tmp_path: Path) -> None:
    with start_ganache(db_path=tmp_path / "chain") as node:
        market = new_market(node.rpc_url)
        watcher = make_service(market)
        follower = watcher.follower()
        send_and_wait(market.connection, watcher.account, watcher.post())
        followed = follower.step().followed
        node.kill()
        status = follower.step()
        assert (status.followed, status.latest) == (followed, None)
        assert "no Ethereum node answers" in str(status.unavailable)
    with start_ganache(node.port, db_path=tmp_path / "chain"):
        send_and_wait(market.connection, watcher.account, watcher.post())
        assert follower.step().unavailable is None
        watcher.assert_log_is_the_chain()


def test_a_node_that_has_lost_the_whole_chain_undoes_nothing(make_service: Any, new_market: Any) -> None:
    with start_ganache() as node:
        market = new_market(node.rpc_url)
        watcher = make_service(market)
        send_and_wait(market.connection, watcher.account, watcher.post())
        followed = watcher.follower().step().followed
        node.kill()
    with start_ganache(node.port):
        for follower in (watcher.follower(), watcher.follower()):
            status = follower.step()
            assert "there is no contract" in str(status.unavailable)
            assert status.followed == followed
        assert watcher.read(watcher.log.job_state, 1) is JobState.POSTED


def test_another_contracts_events_are_never_mixed_in(forked: Marketplace, make_service: Any, new_market: Any) -> None:
    watcher = make_service(forked)
    watcher.follower().step()
    url = forked.connection.web3.provider.endpoint_uri
    status = watcher.follower(new_market(url)).step()
    assert f"follows the contract {forked.contract_address}" in str(status.unavailable)


def test_blocks_before_the_deployment_are_not_asked_for(forked: Marketplace, make_service: Any, rpc: Any) -> None:
    watcher = make_service(forked)
    rpc(forked, "anvil_mine", hex(3))
    latest = latest_block(forked.connection).number
    asked: list[int] = []

    class Watched(Marketplace):
        def events(self, first_block: int, last_block: int) -> Any:
            asked.append(first_block)
            return super().events(first_block, last_block)

    market = Watched(forked.connection.web3.provider.endpoint_uri, forked.contract_address)
    follower = watcher.follower(market, from_block=latest + 2)
    assert follower.step() == FollowStatus(None, latest, None)
    rpc(forked, "anvil_mine", hex(3))
    assert follower.step().followed == latest + 3
    assert asked == [latest + 2]
    assert find_block(forked.connection, latest + 4) is None
