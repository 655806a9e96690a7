"""The events of blocks that the chain drops are dropped as well, and those of the blocks that replace them are read."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from commons.chain import event_follower, transactions
from commons.chain.blocks import latest_block
from commons.chain.event_follower import SHORT_CHAIN_PATIENCE_S, FollowStatus
from commons.chain.fees import Fees
from commons.chain.jobs import JobState
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.transactions import send_and_wait

pytestmark = pytest.mark.integration

ETHER = 10**18


def test_a_reorganisation_above_the_confirmed_part_is_never_seen(
    forked: Marketplace, make_service: Any, rpc: Any, caplog: Any
) -> None:
    watcher = make_service(forked, SendingPolicy(confirmations=3))
    follower = watcher.follower()
    rpc(forked, "anvil_mine", hex(5))
    send_and_wait(forked.connection, watcher.account, watcher.post())
    head = follower.step().followed
    rpc(forked, "anvil_reorg", 2, [])
    assert follower.step().followed == head
    rpc(forked, "anvil_mine", hex(5))
    assert follower.step().followed == head + 5
    assert watcher.read(watcher.log.job_state, 1) is JobState.NONE
    watcher.assert_log_is_the_chain()


def test_a_reorganisation_takes_back_its_events_and_brings_others(
    forked: Marketplace, make_service: Any, rpc: Any
) -> None:
    """The first buyer's job is dropped and comes again behind another's, under another id."""
    first, second, watcher = (make_service(forked) for _ in range(3))
    follower, log = watcher.follower(), watcher.log
    rpc(forked, "anvil_mine", hex(4))
    posted = first.send("create", first.post())
    follower.step()
    assert watcher.read(log.created_by, posted.tx_hash).job_id == 1
    rpc(forked, "anvil_reorg", 3, [])
    assert follower.step().unavailable is None
    assert watcher.read(log.jobs_created) == []
    assert watcher.read(log.created_by, posted.tx_hash) is None

    second.send("create", second.post(7))
    again = first.send("create", first.post())
    first.sender().step()
    first.step_until("create", again.state)
    follower.step()
    created = watcher.read(log.jobs_created)
    assert [(job.job_id, job.buyer, job.deposit_wei) for job in created] == [
        (1, second.address, 7),
        (2, first.address, ETHER),
    ]
    assert first.row("create").tx_hash == posted.tx_hash
    assert watcher.read(log.created_by, posted.tx_hash).job_id == 2
    watcher.assert_log_is_the_chain()


def test_what_replaces_dropped_events_comes_in_the_same_transaction(
    forked: Marketplace, make_service: Any, rpc: Any
) -> None:
    """A reader sees the job posted before the reorganisation and after it, and never no job at all."""
    watcher = make_service(forked)
    follower = watcher.follower()
    rpc(forked, "anvil_mine", hex(4))
    receipt = send_and_wait(forked.connection, watcher.account, watcher.post())
    raw = "0x" + bytes(forked.connection.web3.eth.get_raw_transaction(receipt["transactionHash"])).hex()
    follower.step()
    rpc(forked, "anvil_reorg", 3, [])
    rpc(forked, "eth_sendRawTransaction", raw)
    seen: list[JobState] = []

    class Watched(Marketplace):
        def events(self, first_block: int, last_block: int) -> Any:
            seen.append(watcher.read(watcher.log.job_state, 1))
            return super().events(first_block, last_block)

    market = Watched(forked.connection.web3.provider.endpoint_uri, forked.contract_address)
    watcher.follower(market).step()
    seen.append(watcher.read(watcher.log.job_state, 1))
    assert seen == [JobState.POSTED, JobState.POSTED]
    watcher.assert_log_is_the_chain()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_chain_does_the_log_becomes_the_same(
    forked: Marketplace, make_service: Any, rpc: Any, seed: int
) -> None:
    dice = random.Random(seed)
    watcher = make_service(forked)
    follower = watcher.follower()
    rpc(forked, "anvil_mine", hex(6))
    for _ in range(25):
        what = dice.choice(["post", "post", "post", "mine", "reorganise", "shorten", "restart", "step", "step"])
        if what == "post":
            send_and_wait(forked.connection, watcher.account, watcher.post())
        elif what == "mine":
            rpc(forked, "anvil_mine", hex(dice.randint(1, 3)))
        elif what == "reorganise":
            rpc(forked, "anvil_reorg", dice.randint(1, 5), [])
        elif what == "shorten":
            rpc(forked, "anvil_rollback", dice.randint(1, 2))
            rpc(forked, "anvil_mine", hex(dice.randint(1, 4)))
        elif what == "restart":
            follower = watcher.follower()
        else:
            follower.step()
    watcher.follower().step()
    watcher.clock.now += SHORT_CHAIN_PATIENCE_S
    rpc(forked, "evm_mine")
    assert watcher.follower().step().unavailable is None
    watcher.assert_log_is_the_chain()


def test_a_node_that_lags_is_given_time_and_one_that_went_back_is_followed(
    forked: Marketplace, make_service: Any, rpc: Any
) -> None:
    watcher = make_service(forked)
    follower = watcher.follower()
    rpc(forked, "anvil_mine", hex(4))
    follower.step()
    posted = send_and_wait(forked.connection, watcher.account, watcher.post())
    follower.step()
    rpc(forked, "anvil_rollback", 1)
    status = follower.step()
    assert "is behind" in str(status.unavailable)
    assert (status.followed, status.latest) == (posted["blockNumber"], posted["blockNumber"] - 1)
    assert watcher.read(watcher.log.job_state, 1) is JobState.POSTED
    watcher.clock.now += SHORT_CHAIN_PATIENCE_S
    assert follower.step() == FollowStatus(posted["blockNumber"] - 1, posted["blockNumber"] - 1, None)
    assert watcher.read(watcher.log.job_state, 1) is JobState.NONE
    watcher.assert_log_is_the_chain()


def test_followed_blocks_are_bounded_and_a_deeper_reorganisation_reads_everything_anew(
    forked: Marketplace, make_service: Any, rpc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_follower, "KEPT_BLOCKS", 3)
    watcher = make_service(forked)
    follower = watcher.follower()
    send_and_wait(forked.connection, watcher.account, watcher.post())
    for _ in range(8):
        rpc(forked, "evm_mine")
        follower.step()
    with watcher.database.snapshot() as session:
        # And the first one, which is kept for good.
        assert session.scalars(select(func.count()).select_from(watcher.log.blocks)).one() == 3 + 1
    rpc(forked, "anvil_reorg", 6, [])
    send_and_wait(forked.connection, watcher.account, watcher.post())
    follower.step()
    assert len(watcher.read(watcher.log.jobs_created)) == 2
    watcher.assert_log_is_the_chain()


def test_a_reorganisation_in_the_midst_of_a_pass_leaves_nothing_wrong_behind(
    forked: Marketplace, make_service: Any, rpc: Any
) -> None:
    """The chain changes between the question for events and the look at their blocks; meanwhile the database is free."""
    watcher = make_service(forked)
    rpc(forked, "anvil_mine", hex(6))
    watcher.follower().step()
    send_and_wait(forked.connection, watcher.account, watcher.post())
    send_and_wait(forked.connection, watcher.account, watcher.post())

    class Reorganised(Marketplace):
        def events(self, first_block: int, last_block: int) -> Any:
            found = super().events(first_block, last_block)
            assert len(found) == 2
            watcher.enqueue("other-work", watcher.post())
            rpc(forked, "anvil_reorg", 4, [])
            return found

    market = Reorganised(forked.connection.web3.provider.endpoint_uri, forked.contract_address)
    assert "reorganised" in str(watcher.follower(market).step().unavailable)
    assert watcher.read(watcher.log.jobs_created) == []
    watcher.follower().step()
    watcher.assert_log_is_the_chain()


def test_an_event_that_comes_in_the_midst_of_a_pass_is_not_missed(
    forked: Marketplace, make_service: Any, rpc: Any
) -> None:
    """The blocks that were asked about are replaced after the answer, by some with an event in them."""
    watcher = make_service(forked)
    rpc(forked, "anvil_mine", hex(6))
    followed = watcher.follower().step().followed
    rpc(forked, "anvil_mine", hex(3))

    class Reorganised(Marketplace):
        def events(self, first_block: int, last_block: int) -> Any:
            found = super().events(first_block, last_block)
            rpc(forked, "anvil_rollback", 3)
            send_and_wait(forked.connection, watcher.account, watcher.post())
            rpc(forked, "anvil_mine", hex(2))
            return found

    status = watcher.follower(Reorganised(watcher.rpc_url, forked.contract_address)).step()
    assert "reorganised" in str(status.unavailable)
    assert status.followed == followed
    watcher.follower().step()
    watcher.assert_log_is_the_chain()


def test_an_event_below_the_head_that_comes_in_the_midst_of_a_pass_is_not_missed(
    forked: Marketplace, make_service: Any, rpc: Any, start_proxy: Any
) -> None:
    """The head is found on the chain, and dropped before its successor is read: the two are not of one branch."""
    watcher = make_service(forked, SendingPolicy(confirmations=3))
    rpc(forked, "anvil_mine", hex(8))
    head = watcher.follower().step().followed
    assert head is not None
    rpc(forked, "anvil_mine", hex(3))
    market = forked
    post = transactions.sign_transaction(
        watcher.account,
        watcher.post(),
        chain_id=market.connection.chain_id,
        nonce=0,
        gas_limit=400_000,
        fees=Fees(10**11, 10**10),
    )
    reorganised: list[str] = []

    def behave(request: dict[str, Any], forward: Callable[[], bytes]) -> bytes:
        if request["method"] == "eth_getBlockByNumber" and request["params"][0] == hex(head + 3) and not reorganised:
            reorganised.append("now")
            rpc(forked, "anvil_reorg", 7, [["0x" + post.raw.hex(), 0]])
        return forward()

    url = start_proxy(watcher.rpc_url, behave)
    status = watcher.follower(Marketplace(url, forked.contract_address)).step()
    assert reorganised
    assert "reorganised" in str(status.unavailable)
    watcher.follower().step()
    assert watcher.read(watcher.log.job_state, 1) is JobState.POSTED
    watcher.assert_log_is_the_chain(latest_block(forked.connection).number - 2)
