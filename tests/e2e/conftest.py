"""An HTTP proxy in front of one service that keeps every body that passes, for tests of what parties get to see."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest

from commons.chain.jobs import Credit
from commons.chain.marketplace import Marketplace
from commons.chain.transactions import balance_wei
from commons.errors import NotFound, ServiceUnavailable
from deltaml.demo.kinds.linear_regression import RegressionTable
from deltaml.demo.world import Member, World

HOP_HEADERS = {"connection", "transfer-encoding", "content-length", "keep-alive", "content-encoding"}


class RecordingProxy:
    """Forwards to one base URL; `bodies` holds every request and response body with its path.

    The URL is asked for when there is something to forward, so a proxy can be there before what is behind it.
    While a request's body contains `held` it is not forwarded but answered with 503, as if upstream were busy.
    """

    def __init__(self, upstream: Callable[[], str]) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        self.held: bytes | None = None
        self.held_back = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if proxy.held is not None and proxy.held in body:
                    proxy.held_back += 1
                    self.send_response(503)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                parts = urlsplit(upstream())
                connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_HEADERS}
                headers["Accept-Encoding"] = "identity"
                connection.request(self.command, self.path, body=body, headers=headers)
                answer = connection.getresponse()
                data = answer.read()
                proxy.bodies += [(f"{self.command} {self.path}", body), (f"answer to {self.command} {self.path}", data)]
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in HOP_HEADERS:
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                connection.close()

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = forward  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Polls that are open when the services stop are cut, which is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def recording_proxy():
    """Makes recording proxies; they are closed at the end of the test."""
    made = []

    def make(upstream):
        made.append(RecordingProxy(upstream))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()


class Money:
    """What the contract owes for its jobs, checked to the wei and taken out through everybody's own service."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.market = Marketplace(world.rpc_url, world.contract_address)

    def wait_until(self, condition: Callable[[], object], what: str, timeout_s: float = 90.0) -> None:
        """Look until something is so; a service or node that is away meanwhile is no news."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if condition():
                    return
            except (ServiceUnavailable, NotFound) as error:
                what = f"{what.partition(' (')[0]} ({error.message})"
            assert time.monotonic() < deadline, f"still waiting for {what}"
            time.sleep(0.2)

    def assert_paid_once(self, job_id: int) -> list[Credit]:
        """Nobody was credited twice in one role, and the whole deposit was."""
        credited = self.market.credited(job_id)
        assert len({(one.payee, one.role) for one in credited}) == len(credited)
        assert sum(one.amount_wei for one in credited) == self.market.job(job_id).deposit_wei
        assert self.market.escrowed_wei(job_id) == 0
        return credited

    def wait_until_services_agree(self, job_id: int) -> None:
        """The service of every owner that took part shows as settled exactly what the contract credited to it."""
        members = {*self.market.trainers(job_id), *self.market.validators(job_id)}
        for owner in (one for one in self._world.owners if one.address in members):
            paid = sum(one.amount_wei for one in self.market.credited(job_id) if one.payee == owner.address)

            def agrees(owner: Member = owner, paid: int = paid) -> bool:
                shown = {one["job_id"]: one for one in owner.session.get("/v1/earnings")["jobs"]}
                return job_id in shown and shown[job_id]["settled"] and int(shown[job_id]["pay_wei"]) == paid

            self.wait_until(agrees, f"{owner.login.name} to show its pay")

    def withdraw_everything(self) -> None:
        """Owners and buyer take out all that they are owed, once each; what is left is the aggregator's."""
        for member in (*self._world.owners, self._world.buyer):
            if self.market.owed_wei(member.address):
                member.session.post("/v1/withdrawals", {})
        for member in (*self._world.owners, self._world.buyer):
            self.wait_until(
                lambda member=member: self.market.owed_wei(member.address) == 0, f"{member.login.name}'s withdrawal"
            )
        assert self.market.total_escrowed_wei() == 0
        assert self.market.total_owed_wei() == self.market.owed_wei(self._world.aggregator_address)
        assert balance_wei(self.market.connection, self.market.contract_address) == self.market.total_owed_wei()


@pytest.fixture
def money_of() -> type[Money]:
    """Looks after the money of one world."""
    return Money


@pytest.fixture
def terraces() -> RegressionTable:
    """Thirty-six rows of two features, enough for a few owners."""
    rng = np.random.default_rng(29)
    X = rng.uniform(-0.9, 0.9, (36, 2))
    y = X @ np.array([0.37, -0.21]) + 0.11 + rng.uniform(-0.05, 0.05, 36)
    return RegressionTable("terraces", ("north", "east"), "depth", X, y)
