"""A development chain that was wiped: same id, same contract at the same address, but not the chain of the databases."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from eth_account import Account
from sqlalchemy import delete, func, select
from structlog.testing import capture_logs

from commons.chain import transactions
from commons.chain.blocks import FINAL_DEPTH, find_block, latest_block
from commons.chain.contract_addresses import DeployedContract
from commons.chain.deployment import deploy
from commons.chain.event_follower import SHORT_CHAIN_PATIENCE_S
from commons.chain.known_chain import short_hash
from commons.chain.marketplace import Marketplace
from commons.chain.outbox import Outbox
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.outbox_table import OutboxState
from commons.storage.database import create_database
from data_owner import tables as owner_tables
from data_owner.background import JobKeeper
from data_owner.config import OwnerConfig
from data_owner.wiring import assemble as assemble_owner
from data_owner.wiring import prepare as prepare_owner
from deltaml.nodes import ChainNode, fund, start_anvil
from federated_aggregator import tables as aggregator_tables
from federated_aggregator.adapters.contract import Contract
from model_buyer import background
from model_buyer import tables as buyer_tables
from model_buyer.config import BuyerConfig
from model_buyer.wiring import assemble as assemble_buyer
from model_buyer.wiring import prepare as prepare_buyer

pytestmark = pytest.mark.integration

ETHER = 10**18
BEFORE = 3
"""Blocks before the contract's deployment."""


@dataclass
class Nodes:
    """Two chains with one id and the contract at one address, behind one URL; `serving` is whose turn it is."""

    former: ChainNode
    present: ChainNode
    contract: DeployedContract
    url: str = ""
    serving: str = ""

    def ask(self, node: ChainNode, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = requests.post(node.rpc_url, json=body, timeout=30).json()
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, node: ChainNode, blocks: int) -> None:
        self.ask(node, "anvil_mine", hex(blocks))

    def wipe(self, longer: int) -> None:
        """From now on the URL shows the other chain, which ends so many blocks above the contract's deployment."""
        self.mine(
            self.present, longer - latest_block(self.market(self.present).connection).number + self.contract.block
        )
        self.serving = self.present.rpc_url

    def market(self, node: ChainNode | None = None) -> Marketplace:
        url = self.url if node is None else node.rpc_url
        return Marketplace(url, self.contract.address, from_block=self.contract.block)

    def hash_of_start(self, node: ChainNode) -> str:
        block = find_block(self.market(node).connection, self.contract.block)
        assert block is not None
        return short_hash(block.hash)

    def says_so(self) -> list[str]:
        """What a person must be told."""
        return [
            "serves another chain than this database's",
            self.contract.address,
            f"block {self.contract.block} ({self.hash_of_start(self.former)})",
            f"is {self.hash_of_start(self.present)};",
            "configure the former node, or start with an empty database",
        ]


@pytest.fixture
def nodes(start_proxy: Any) -> Iterator[Nodes]:
    with ExitStack() as stack:
        former, present = (stack.enter_context(start_anvil()) for _ in range(2))
        deployer = Account.from_key(secrets.token_bytes(32))
        deployed = []
        for node, stranger in ((former, "0x" + "21" * 20), (present, "0x" + "22" * 20)):
            fund(node.rpc_url, deployer.address, 10 * ETHER)
            # However fast the two start, their blocks differ.
            fund(node.rpc_url, stranger, ETHER)
            body = {"jsonrpc": "2.0", "id": 1, "method": "anvil_mine", "params": [hex(BEFORE)]}
            requests.post(node.rpc_url, json=body, timeout=30)
            deployed.append(deploy(node.rpc_url, deployer))
        assert deployed[0] == deployed[1]
        made = Nodes(former, present, deployed[0], serving=former.rpc_url)

        def behave(request: dict[str, Any], forward: Callable[[], bytes]) -> bytes:
            return requests.post(made.serving, json=request, timeout=30).content

        made.url = start_proxy(former.rpc_url, behave)
        yield made


@pytest.fixture
def service(nodes: Nodes, make_service: Any) -> Any:
    """A service with two jobs on the former chain, which it follows."""
    made = make_service(nodes.market(nodes.former), SendingPolicy(resend_after_s=5, replace_after_s=60))
    made.market, made.from_block = nodes.market(), nodes.contract.block
    fund(nodes.present.rpc_url, made.address, 100 * ETHER)
    for key in ("first", "second"):
        made.send(key, made.post())
    assert made.follower().step().unavailable is None
    return made


@pytest.fixture
def broadcast(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Everything that is handed to a node from now on."""
    sent: list[bytes] = []
    really = transactions.broadcast
    monkeypatch.setattr(
        transactions, "broadcast", lambda connection, signed: (sent.append(signed), really(connection, signed))[1]
    )
    return sent


def stored(service: Any) -> Any:
    with service.database.snapshot() as session:
        blocks = session.execute(select(service.log.blocks.number, service.log.blocks.hash)).all()
        return blocks, session.scalar(select(func.count()).select_from(service.log.events))


@pytest.mark.parametrize("restarted", [True, False])
def test_a_chain_that_outgrew_the_one_that_was_wiped_is_named_and_left_alone(
    service: Any, nodes: Nodes, broadcast: list[bytes], restarted: bool
) -> None:
    sender, follower = service.sender(), service.follower()
    sender.step()
    follower.step()
    before = stored(service)
    nodes.ask(nodes.former, "evm_setAutomine", False)
    service.enqueue("stuck", service.post())
    sender.step()
    assert service.row("stuck").state is OutboxState.BROADCAST
    broadcast.clear()

    nodes.wipe(FINAL_DEPTH + 10)
    if restarted:
        sender, follower = service.sender(), service.follower()
    service.enqueue("later", service.post())
    for _ in range(3):
        status, followed = sender.step(), follower.step()
        for part in nodes.says_so():
            assert part in str(status.waiting_for)
            assert part in str(followed.unavailable)
        # Time to send again, to replace, to fill a gap, to take a nonce for lost, to give up a node that is behind.
        service.clock.now += SHORT_CHAIN_PATIENCE_S + 1
    assert status.unfinished == 2
    assert broadcast == []
    assert [service.row(key).state for key in ("first", "second", "stuck", "later")] == [
        OutboxState.MINED,
        OutboxState.MINED,
        OutboxState.BROADCAST,
        OutboxState.QUEUED,
    ]
    assert transactions.next_nonce(nodes.market(nodes.present).connection, service.address) == 0
    assert stored(service) == before

    nodes.serving = nodes.former.rpc_url
    nodes.ask(nodes.former, "evm_setAutomine", True)
    nodes.mine(nodes.former, 1)
    service.step_until("later", OutboxState.MINED)
    assert follower.step().unavailable is None
    service.assert_log_is_the_chain()


@pytest.mark.parametrize("longer", [1, FINAL_DEPTH - 10], ids=["shorter", "shallow"])
def test_a_young_chain_is_followed_and_what_was_sent_is_sent_again(service: Any, nodes: Nodes, longer: int) -> None:
    """It could be a reorganisation as well."""
    follower = service.follower()
    nodes.wipe(longer)
    service.enqueue("later", service.post())
    service.step_until("later", OutboxState.MINED)
    follower.step()
    service.clock.now += SHORT_CHAIN_PATIENCE_S
    assert follower.step().unavailable is None
    assert nodes.market(nodes.present).job_count() == 3
    service.assert_log_is_the_chain()
    nodes.mine(nodes.present, FINAL_DEPTH)
    assert service.follower().step().unavailable is None, "it has become the chain of this database"
    service.send("at last", service.post())


def test_a_database_that_came_far_is_not_undone_by_a_young_chain(
    service: Any, nodes: Nodes, broadcast: list[bytes]
) -> None:
    nodes.mine(nodes.former, FINAL_DEPTH)
    service.follower().step()
    before = stored(service)
    nodes.wipe(2)
    service.enqueue("later", service.post())
    broadcast.clear()
    for part in nodes.says_so():
        assert part in str(service.sender().step().waiting_for)
        assert part in str(service.follower().step().unavailable)
    assert broadcast == []
    assert stored(service) == before


def test_a_chain_that_ends_below_the_contracts_deployment_is_behind(
    service: Any, nodes: Nodes, broadcast: list[bytes]
) -> None:
    nodes.mine(nodes.former, FINAL_DEPTH)
    service.follower().step()
    before = stored(service)
    with start_anvil() as node:
        nodes.serving = node.rpc_url
        service.enqueue("later", service.post())
        broadcast.clear()
        assert "is behind: its latest block is 0" in str(service.sender().step().waiting_for)
        assert "there is no contract" in str(service.follower().step().unavailable)
    assert broadcast == []
    assert stored(service) == before


def test_the_first_block_is_kept_for_good_and_given_to_a_database_that_lacks_it(service: Any, nodes: Nodes) -> None:
    """As one that was made by an earlier version does."""
    start = nodes.contract.block

    def has_it() -> bool:
        return service.read(service.log.block, start) is not None

    assert has_it()
    with service.database.session() as session:
        session.execute(delete(service.log.blocks).where(service.log.blocks.number == start))
    assert not has_it()
    assert service.follower().step().unavailable is None
    assert has_it()
    assert service.read(service.log.block, start).hash == find_block(service.market.connection, start).hash


def test_a_decision_whose_block_is_gone_although_it_was_final_tells_of_another_chain(
    service: Any, nodes: Nodes, broadcast: list[bytes]
) -> None:
    """The only thing that does in a database that lacks the first block."""
    with service.database.session() as session:
        session.execute(delete(service.log.blocks))
    decided = service.row("second")
    nodes.wipe(FINAL_DEPTH + 10)
    service.enqueue("later", service.post())
    broadcast.clear()
    status = service.sender().step()
    assert f"block {decided.block_number} ({short_hash(decided.block_hash)}) decided one" in str(status.waiting_for)
    assert "serves another chain than this database's" in str(status.waiting_for)
    assert "configure the former node, or start with an empty database" in str(status.waiting_for)
    assert broadcast == []
    assert service.row("later").state is OutboxState.QUEUED


@pytest.mark.parametrize("known", [-1, 0], ids=["first block known", "first block unknown"])
@pytest.mark.parametrize("answer", ["nothing", "a refusal"])
def test_a_node_that_has_thrown_away_old_blocks_is_believed(
    service: Any, nodes: Nodes, start_proxy: Any, refuse: Any, *, answer: str, known: int
) -> None:
    nodes.mine(nodes.former, FINAL_DEPTH + 10)
    service.follower().step()
    with service.database.session() as session:
        session.execute(delete(service.log.blocks).where(service.log.blocks.number <= nodes.contract.block + known))

    def behave(request: dict[str, Any], forward: Callable[[], bytes]) -> bytes:
        asked = request["params"][0] if request["method"] == "eth_getBlockByNumber" else "latest"
        if asked == "latest" or int(asked, 16) > nodes.contract.block + 5:
            return forward()
        if answer == "nothing":
            return b'{"jsonrpc": "2.0", "id": %d, "result": null}' % request["id"]
        return bytes(refuse(request, "pruned history unavailable"))

    service.market = Marketplace(start_proxy(nodes.former.rpc_url, behave), nodes.contract.address)
    service.send("later", service.post())
    assert service.follower().step().unavailable is None


# -------------------------------------------------------------------------------------------------- the services' own


class Passes:
    """A stop signal that comes after so many waits."""

    def __init__(self, left: int) -> None:
        self.left = left

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, _timeout_s: float) -> bool:
        self.left -= 1
        return self.is_set()


def aggregator(nodes: Nodes, folder: Path, account: Any) -> tuple[Any, Any, Callable[[], None]]:
    database = create_database(f"sqlite:///{folder}/aggregator.sqlite3", aggregator_tables.db)
    aggregator_tables.Base.metadata.create_all(database.engine)

    def run() -> None:
        contract = Contract(nodes.market(), account, database, from_block=nodes.contract.block)
        contract.send_queued()
        contract.follow_events()

    return database, aggregator_tables, run


def settings(nodes: Nodes, folder: Path, unused: str) -> tuple[dict[str, object], dict[str, str]]:
    options = {
        "state_dir": folder,
        "eth_rpc_url": nodes.url,
        "contract_address": nodes.contract.address,
        "contract_from_block": nodes.contract.block,
        "aggregator_url": unused,
    }
    return options, {"DELTAML_KEYSTORE_PASSWORD": "a password"}


def buyer(nodes: Nodes, folder: Path, account: Any) -> tuple[Any, Any, Callable[[], None]]:
    config = BuyerConfig.read(*settings(nodes, folder, "http://127.0.0.1:9"))
    parts = assemble_buyer(config, account, prepare_buyer(config))
    return parts.buyer.database, buyer_tables, lambda: background.keep_jobs(parts, Passes(1))  # type: ignore[arg-type]


def owner(nodes: Nodes, folder: Path, account: Any) -> tuple[Any, Any, Callable[[], None]]:
    config = OwnerConfig.read(*settings(nodes, folder, "http://127.0.0.1:9"))
    database = prepare_owner(config)

    def run() -> None:
        parts = assemble_owner(config, account, database)
        JobKeeper(parts.deliveries, parts.sender, parts.on_chain, parts.jobs).step()

    return database, owner_tables, run


@pytest.mark.parametrize("make", [aggregator, buyer, owner])
def test_every_service_says_so_and_sends_nothing(nodes: Nodes, tmp_path: Path, make: Any) -> None:
    account = Account.from_key(secrets.token_bytes(32))
    for node in (nodes.former, nodes.present):
        fund(node.rpc_url, account.address, 10 * ETHER)
    database, tables, run = make(nodes, tmp_path, account)
    outbox = Outbox(tables.OutboxTransaction)

    def enqueue(key: str) -> None:
        with database.session() as session:
            outbox.enqueue(session, key=key, call=nodes.market().calls.withdraw("0x" + "33" * 20))

    run()
    nodes.wipe(FINAL_DEPTH + 10)
    enqueue("withdraw")
    with capture_logs() as logs:
        run()
    reasons = [str(entry.get("reason") or entry.get("waiting_for") or "") for entry in logs]
    named = [reason for reason in reasons if all(part in reason for part in nodes.says_so())]
    assert named, logs
    with database.snapshot() as session:
        row = outbox.find(session, "withdraw")
        assert row is not None
        assert (row.state, row.nonce) == (OutboxState.QUEUED, None)
    nodes.serving = nodes.former.rpc_url
    run()
    with database.snapshot() as session:
        row = outbox.find(session, "withdraw")
        assert row is not None
        assert row.state is OutboxState.FAILED, "nothing is owed to it there"
    database.dispose()
