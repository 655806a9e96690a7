"""A real node and a deployed contract for each module, accounts with money on it, and services with an outbox."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from commons.chain.blocks import latest_block
from commons.chain.connection import ChainConnection
from commons.chain.deployment import deploy
from commons.chain.event_follower import EventFollower
from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.jobs import ContractCall, JobTerms
from commons.chain.marketplace import Marketplace
from commons.chain.outbox import Outbox
from commons.chain.outbox_sender import OutboxSender, SendingPolicy
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.chain.signing import ROLE_EITHER, sign_acceptance, sign_checkpoint
from commons.market.checkpoint_statement import CheckpointStatement
from commons.storage.database import Database
from deltaml.nodes import ChainNode, fund, start_anvil, start_ganache
from tests.doubles.bare_database import bare_database

ETHER = 10**18
WAD = 10**18
STARTERS: dict[str, Callable[[], ChainNode]] = {"ganache": start_ganache, "anvil": start_anvil}
DEADLINE_S = 60.0


@pytest.fixture(scope="module", params=list(STARTERS))
def node(request: pytest.FixtureRequest) -> Iterator[ChainNode]:
    with STARTERS[request.param]() as running:
        yield running


@pytest.fixture(scope="module")
def anvil() -> Iterator[ChainNode]:
    with start_anvil() as running:
        yield running


def new_account(rpc_url: str, balance_wei: int = 100 * ETHER) -> LocalAccount:
    account = Account.from_key(secrets.token_bytes(32))
    fund(rpc_url, account.address, balance_wei)
    return account


@pytest.fixture(scope="module")
def marketplace(node: ChainNode) -> Marketplace:
    return Marketplace(node.rpc_url, deploy(node.rpc_url, new_account(node.rpc_url)).address, chain_id=node.chain_id)


@pytest.fixture
def funded(node: ChainNode) -> Callable[[], LocalAccount]:
    """Draw an account with 100 ether on the module's node."""
    return lambda: new_account(node.rpc_url)


class Base(DeclarativeBase):
    pass


class OutboxTransaction(OutboxColumns, Base):
    __tablename__ = "outbox"


class FollowedBlock(FollowedBlockColumns, Base):
    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    __tablename__ = "contract_events"


@dataclass
class Clock:
    """A clock that tests turn."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now


@dataclass
class Service:
    """What a service has: a database with an outbox and the contract's events, an account, a sender and a follower."""

    database: Database
    market: Marketplace
    account: LocalAccount
    clock: Clock = field(default_factory=Clock)
    policy: SendingPolicy = field(default_factory=SendingPolicy)
    table: type[OutboxColumns] = OutboxTransaction
    log: EventLog = field(default_factory=lambda: EventLog(FollowedBlock, ContractEvent))
    from_block: int = 0
    meanwhile: Callable[[], object] = lambda: None

    @property
    def address(self) -> str:
        return self.account.address

    @property
    def rpc_url(self) -> str:
        return rpc_url_of(self.market)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.table, clock=self.clock)

    def sender(self, connection: ChainConnection | None = None) -> OutboxSender:
        """A sender as a fresh process makes it."""
        connection = connection or self.market.connection
        return OutboxSender(
            self.database.stepwise_sessions,
            self.outbox,
            connection,
            self.account,
            known_chain=self.follower().known_chain,
            policy=self.policy,
            clock=self.clock,
        )

    def follower(self, market: Marketplace | None = None, **options: Any) -> EventFollower:
        """A follower as a fresh process makes it."""
        options = {
            "confirmations": self.policy.confirmations,
            "from_block": self.from_block,
            "clock": self.clock,
        } | options
        return EventFollower(self.database, market or self.market, self.log, **options)

    def read(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """Call one of the log's methods within a session of its own."""
        with self.database.snapshot() as session:
            return method(session, *arguments)

    def assert_log_is_the_chain(self, up_to: int | None = None) -> None:
        """Every event of the contract on the chain, up to a block, stands in the log as it is there, and no other."""
        chain = self.market.events(0, latest_block(self.market.connection).number if up_to is None else up_to)
        with self.database.snapshot() as session:
            rows = session.scalars(select(ContractEvent).order_by(ContractEvent.block_number, ContractEvent.log_index))
            stored = [(r.name, r.arguments, r.tx_hash, r.block_number, r.block_hash, r.log_index) for r in rows]
        assert stored == [
            (e.name, dict(e.arguments), e.tx_hash, e.block_number, e.block_hash, e.log_index) for e in chain
        ]

    def enqueue(self, key: str, call: ContractCall) -> None:
        with self.database.session() as session:
            self.outbox.enqueue(session, key=key, call=call)

    def row(self, key: str) -> OutboxColumns:
        row = self.read(self.outbox.find, key)
        assert row is not None
        return row

    def step_until(self, key: str, state: OutboxState, within_s: float = DEADLINE_S) -> OutboxColumns:
        """Step, as a service's loop does, until the row is in `state`."""
        deadline = time.monotonic() + within_s
        sender = self.sender()
        while (row := self.row(key)).state is not state:
            assert time.monotonic() < deadline, f"{key} is {row.state} ({row.note}), not {state}"
            sender.step()
            self.meanwhile()
            time.sleep(0.02)
        return row

    def send(self, key: str, call: ContractCall) -> OutboxColumns:
        self.enqueue(key, call)
        return self.step_until(key, OutboxState.MINED)

    def post(self, deposit_wei: int = ETHER, aggregator: str = "0x" + "11" * 20) -> ContractCall:
        """A call that creates a job; each one that is mined makes one job more."""
        terms = JobTerms(
            aggregator=aggregator,
            spec_digest=b"s" * 32,
            key_digest=b"k" * 32,
            start_by=int(self.clock.now) + 9999,
            finish_by=int(self.clock.now) + 99999,
        )
        return self.market.calls.create_job(terms, deposit_wei)

    @staticmethod
    def pay(wei: int = 1) -> ContractCall:
        """A call that needs no contract."""
        return ContractCall("0x" + "11" * 20, b"", wei, "pay a stranger")


ServiceMaker = Callable[..., Service]


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[ServiceMaker]:
    """Make services with databases and funded accounts of their own, at the contract of a given client."""
    made: list[Service] = []

    def make(market: Marketplace, policy: SendingPolicy | None = None) -> Service:
        database = bare_database(f"sqlite:///{tmp_path / f'service-{len(made)}.sqlite3'}")
        Base.metadata.create_all(database.engine)
        account = new_account(rpc_url_of(market))
        made.append(Service(database, market, account, policy=policy or SendingPolicy()))
        return made[-1]

    yield make
    for service in made:
        service.database.dispose()


def rpc_url_of(market: Marketplace) -> str:
    return str(market.connection.web3.provider.endpoint_uri)  # type: ignore[attr-defined]


@pytest.fixture
def service(make_service: ServiceMaker, marketplace: Marketplace) -> Service:
    return make_service(marketplace)


@pytest.fixture
def held(make_service: ServiceMaker, forked: Marketplace, rpc: Callable[..., Any]) -> Iterator[Service]:
    """A service on an Anvil that mines only when it is told to."""
    made = make_service(forked, SendingPolicy(resend_after_s=5, replace_after_s=60))
    rpc(forked, "evm_setAutomine", False)
    yield made
    rpc(forked, "anvil_dropAllTransactions")
    rpc(forked, "evm_setAutomine", True)


@pytest.fixture
def new_market() -> Callable[[str], Marketplace]:
    """Deploy a contract on the node at a URL."""
    return lambda rpc_url: Marketplace(rpc_url, deploy(rpc_url, new_account(rpc_url)).address)


@pytest.fixture
def forked(anvil: ChainNode, new_market: Callable[[str], Marketplace]) -> Marketplace:
    """A fresh contract on an Anvil, which can be made to reorganise."""
    return new_market(anvil.rpc_url)


@pytest.fixture
def rpc() -> Callable[..., Any]:
    """Ask the node behind a client something that the client has no method for."""

    def ask(market: Marketplace, method: str, *params: object) -> Any:
        answer = market.connection.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    return ask


# ----------------------------------------------------------------------------------------------------------------- faults

Behaviour = Callable[[dict[str, Any], Callable[[], bytes]], "bytes | int | None"]


@pytest.fixture
def start_proxy() -> Iterator[Callable[[str, Behaviour], str]]:
    """Put a proxy before a node and return its URL.

    Its behaviour gets each request and a function that forwards it to the node and returns the node's answer. It returns the
    body to answer with, a status to answer with instead, or None to close the connection without an answer.
    """
    with contextlib.ExitStack() as stack:

        def start(rpc_url: str, behave: Behaviour) -> str:
            class Proxy(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    headers = {"Content-Type": "application/json"}
                    answer = behave(
                        json.loads(body), lambda: requests.post(rpc_url, body, headers=headers, timeout=30).content
                    )
                    if answer is None:
                        self.close_connection = True
                        return
                    self.send_response(answer if isinstance(answer, int) else 200)
                    content = b"" if isinstance(answer, int) else answer
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        self.wfile.write(content)

                def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
                    """Say nothing."""

            server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
            server.block_on_close = False
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield start


@pytest.fixture
def refuse() -> Callable[[dict[str, Any], str], bytes]:
    """The answer with which a node refuses a request."""

    def refusal(request: dict[str, Any], message: str) -> bytes:
        error = {"code": -32000, "message": message}
        return json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": error}).encode()

    return refusal


# ------------------------------------------------------------------------------------------------------------- whole jobs

SEED = secrets.token_bytes(32)


@dataclass
class OutboxJob:
    """A job with two trainers and one validator, every step of which goes through its party's outbox."""

    buyer: Service
    aggregator: Service
    owners: list[Service]
    job_id: int = 0
    deposit_wei: int = 10 * ETHER

    @property
    def market(self) -> Marketplace:
        return self.buyer.market

    @property
    def parties(self) -> list[Service]:
        return [self.buyer, self.aggregator, *self.owners]

    def stages(self) -> list[tuple[str, Callable[[], tuple[Service, ContractCall]]]]:
        """Key of each transaction in the order in which the job needs them, and who sends what."""
        calls = self.market.calls
        checkpoints = [
            CheckpointStatement(1, 0, 0, 10 * WAD),
            CheckpointStatement(1, 1, 10, 6 * WAD, (9 * WAD, 7 * WAD)),
            CheckpointStatement(1, 2, 20, 5 * WAD, (5 * WAD, 4 * WAD), True, b"d" * 32),
        ]
        return [
            ("create", lambda: (self.buyer, self.buyer.post(self.deposit_wei, self.aggregator.address))),
            ("start", lambda: (self.aggregator, self._start())),
            *((f"checkpoint-{c.index}", lambda c=c: (self.aggregator, self._record(c))) for c in checkpoints),
            ("finalize", lambda: (self.aggregator, calls.finalize(self.job_id, SEED))),
        ]

    def run_stage(self, key: str) -> None:
        """Send one stage's transaction and wait until it is mined."""
        party, call = dict(self.stages())[key]()
        row = party.send(key, call)
        if key == "create":
            self.job_id = self.market.job_created_by(str(row.tx_hash))

    def step(self) -> None:
        """One turn of every party's loop."""
        for party in self.parties:
            party.sender().step()
            party.follower().step()

    def _start(self) -> ContractCall:
        job = self.market.job(self.job_id)
        acceptances = [
            sign_acceptance(owner.account, self.market.domain, job.acceptance_terms(owner.address, ROLE_EITHER))
            for owner in self.owners
        ]
        addresses = [owner.address for owner in self.owners]
        return self.market.calls.start_job(self.job_id, addresses[:2], addresses[2:], acceptances, keccak(SEED))

    def _record(self, statement: CheckpointStatement) -> ContractCall:
        signed = replace(statement, job_id=self.job_id)
        signature = sign_checkpoint(self.buyer.account, self.market.domain, signed)
        return self.market.calls.record_checkpoint(signed, signature)


@pytest.fixture
def make_job(make_service: ServiceMaker) -> Callable[..., OutboxJob]:
    """A job whose parties exist and have not done anything yet."""

    def make(market: Marketplace, policy: SendingPolicy | None = None) -> OutboxJob:
        buyer, aggregator, *owners = (make_service(market, policy) for _ in range(5))
        return OutboxJob(buyer, aggregator, owners)

    return make
