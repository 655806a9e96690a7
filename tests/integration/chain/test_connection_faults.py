"""What answers on the node's port is not always a healthy node."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from commons.chain import transactions
from commons.chain.blocks import latest_block
from commons.chain.connection import ChainConnection
from commons.chain.jobs import ContractCall
from commons.errors import ChainUnavailable, TransactionFailed

pytestmark = pytest.mark.integration

CALL = ContractCall("0x" + "ab" * 20, b"", 0, "a call")


class FaultyNode(BaseHTTPRequestHandler):
    """Answers every request in the way that its server was told."""

    status = 200
    body = b""
    delay_s = 0.0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(type(self).delay_s)
        body = type(self).body.replace(b"ID", str(request["id"]).encode())
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Say nothing."""


@pytest.fixture
def faulty() -> Iterator[type[FaultyNode]]:
    class Node(FaultyNode):
        url = ""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    server.block_on_close = False
    Node.url = f"http://user:secret@127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Node
    server.shutdown()
    server.server_close()
    thread.join()


def answer(content: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": "ID", "result": content}).replace('"ID"', "ID").encode()


def refusal(message: str, data: object = None) -> bytes:
    error = {"code": -32000, "message": message, "data": data}
    return json.dumps({"jsonrpc": "2.0", "id": "ID", "error": error}).replace('"ID"', "ID").encode()


@pytest.mark.parametrize("body", [b"", b"<html>hello</html>", b"[]", b"null", b'"text"', b"{}", b'{"result": 1'])
def test_what_is_no_node_is_called_that(faulty: type[FaultyNode], body: bytes) -> None:
    faulty.body = body
    with pytest.raises(ChainUnavailable):
        ChainConnection(faulty.url).check()


@pytest.mark.parametrize("status", [401, 429, 500, 502])
def test_an_http_error_is_reported_by_its_status_without_credentials(faulty: type[FaultyNode], status: int) -> None:
    faulty.status = status
    with pytest.raises(ChainUnavailable, match=f"HTTP status {status}") as failure:
        ChainConnection(faulty.url).check()
    assert "secret" not in f"{failure.value.message} {failure.value.fields}"


def test_a_node_that_takes_too_long_is_given_up(faulty: type[FaultyNode]) -> None:
    faulty.delay_s, faulty.body = 2.0, answer("0x539")
    started = time.monotonic()
    with pytest.raises(ChainUnavailable, match="Timeout"):
        ChainConnection(faulty.url, request_timeout_s=0.2).check()
    assert time.monotonic() - started < 1.5


def test_an_rpc_error_carries_the_nodes_message(faulty: type[FaultyNode]) -> None:
    faulty.body = refusal("daily request count exceeded")
    with pytest.raises(ChainUnavailable, match="daily request count exceeded") as failure:
        latest_block(ChainConnection(faulty.url))
    assert failure.value.fields["rpc_message"] == "daily request count exceeded"


@pytest.mark.parametrize(
    ("message", "data", "reason"),
    [
        ("execution reverted", None, "Reverted"),
        ("execution reverted: no", "0x08c379a0" + "20".zfill(64) + "02".zfill(64) + "6e6f".ljust(64, "0"), "Error"),
        ("execution reverted", "0x4e487b71" + "11".zfill(64), "Panic"),
        ("VM Exception while processing transaction: revert", {"result": "0x12345678"}, "Reverted"),
    ],
)
def test_a_revert_is_told_from_a_fault(faulty: type[FaultyNode], message: str, data: object, reason: str) -> None:
    faulty.body = refusal(message, data)
    with pytest.raises(TransactionFailed) as failure:
        transactions.estimate_gas(ChainConnection(faulty.url), CALL.to or "", CALL)
    assert failure.value.fields["reason"] == reason


def test_a_node_that_comes_back_is_used(faulty: type[FaultyNode]) -> None:
    faulty.status = 503
    connection = ChainConnection(faulty.url)
    waits: list[str] = []

    def recover(message: str) -> None:
        waits.append(message)
        faulty.status, faulty.body = 200, answer("0x539")

    connection.wait_until_ready(5, recover)
    assert connection.chain_id == 1337
    assert len(waits) == 1
    assert "HTTP status 503" in waits[0]
