from __future__ import annotations

import pytest

from commons.chain.connection import ChainConnection
from commons.errors import ChainUnavailable, InvalidInput


@pytest.mark.parametrize(
    ("rpc_url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://127.0.0.1:8545/", "http://127.0.0.1:8545"),
        ("https://user:secret@node.example/", "https://node.example"),
        ("https://node.example:8443/v3/secret", "https://node.example:8443/…"),
        ("https://node.example?key=secret", "https://node.example/…"),
    ],
)
def test_the_address_shows_no_credentials(rpc_url: str, shown: str) -> None:
    connection = ChainConnection(rpc_url)
    assert connection.address == shown
    assert "secret" not in repr(connection)


@pytest.mark.parametrize("rpc_url", ["", "127.0.0.1:8545", "ws://127.0.0.1:8545", "http://", "file:///etc/passwd"])
def test_other_urls_are_refused_by_field(rpc_url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ChainConnection(rpc_url)
    assert refusal.value.fields["field"] == "rpc_url"


def test_a_node_that_does_not_answer_is_named_without_its_credentials(unused_port: int) -> None:
    connection = ChainConnection(f"http://user:secret@127.0.0.1:{unused_port}/secret")
    with pytest.raises(ChainUnavailable, match="check that it runs") as failure:
        connection.check()
    assert f"http://127.0.0.1:{unused_port}/…" in failure.value.message
    assert "secret" not in f"{failure.value.message} {failure.value.fields}"
    assert failure.value.__cause__ is None


def test_waiting_reports_what_for_and_ends(unused_port: int) -> None:
    waits: list[str] = []
    with pytest.raises(ChainUnavailable):
        ChainConnection(f"http://127.0.0.1:{unused_port}").wait_until_ready(0.05, waits.append)
    assert waits
    assert "no Ethereum node answers" in waits[0]
