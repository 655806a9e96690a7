"""Threads that wait for clients: few, not for long, and rather for quick clients than for slow ones."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from commons.web.serving import transfers as module
from commons.web.serving.transfers import ClientTooSlow, NoRoom, Transfer, Transfers

Pair = tuple[Transfer, socket.socket]


@pytest.fixture
def pair() -> Iterator[Callable[[], Pair]]:
    """A transfer of the server, and the client's end."""
    made: list[socket.socket] = []

    def make() -> Pair:
        ours, theirs = socket.socketpair()
        made.extend((ours, theirs))
        return Transfer(ours), theirs

    yield make
    for one in made:
        one.close()


class Waiter(threading.Thread):
    def __init__(self, transfers: Transfers, transfer: Transfer) -> None:
        super().__init__(daemon=True)
        self.transfers, self.transfer = transfers, transfer
        self.error: Exception | None = None
        self.start()
        until = time.monotonic() + 5
        while transfer.waiting_since is None and self.is_alive():
            assert time.monotonic() < until
            time.sleep(0.001)

    def run(self) -> None:
        try:
            self.transfers.wait(self.transfer, select.POLLIN)
        except (ClientTooSlow, NoRoom) as error:
            self.error = error

    def result(self) -> Exception | None:
        self.join(5)
        assert not self.is_alive()
        return self.error


def test_it_waits_until_something_comes(pair: Callable[[], Pair]) -> None:
    transfer, client = pair()
    waiter = Waiter(Transfers(1), transfer)
    client.send(b"x")
    assert waiter.result() is None


def test_a_client_that_moves_nothing_has_its_time_and_no_more(
    pair: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_S", 0.1)
    transfer, _client = pair()
    assert isinstance(Waiter(Transfers(1), transfer).result(), ClientTooSlow)
    # Whoever was waited for already has used its time up.
    assert isinstance(Waiter(Transfers(1), transfer).result(), ClientTooSlow)


def test_time_grows_with_what_was_moved_and_shrinks_with_waiting(pair: Callable[[], Pair]) -> None:
    transfer, _client = pair()
    before = transfer.left_s
    transfer.moved = 10 * module.BYTES_PER_S
    assert transfer.left_s == before + 10
    transfer.waited_s = 4
    assert transfer.left_s == before + 6


def test_a_drop_now_and_then_buys_hardly_any_time(pair: Callable[[], Pair]) -> None:
    transfer, _client = pair()
    transfer.moved = 30
    transfer.waited_s = module.START_S + 0.1
    assert transfer.left_s < 0


def test_where_all_places_are_taken_the_slowest_client_goes(
    pair: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    transfers = Transfers(2)
    (slow, _), (quick, quick_client), (newcomer, newcomer_client) = pair(), pair(), pair()
    slow.moved, quick.moved = 10, 1_000_000
    waiting = [Waiter(transfers, slow), Waiter(transfers, quick)]
    time.sleep(0.1)
    third = Waiter(transfers, newcomer)
    assert isinstance(waiting[0].result(), ClientTooSlow)
    quick_client.send(b"x")
    newcomer_client.send(b"x")
    assert (waiting[1].result(), third.result()) == (None, None)


def test_nobody_goes_for_a_newcomer_before_it_could_be_called_slow(pair: Callable[[], Pair]) -> None:
    transfers = Transfers(1)
    (first, client), (second, _) = pair(), pair()
    waiter = Waiter(transfers, first)
    assert isinstance(Waiter(transfers, second).result(), NoRoom)
    client.send(b"x")
    assert waiter.result() is None


def test_a_place_is_free_again_after_waiting(pair: Callable[[], Pair]) -> None:
    transfers = Transfers(1)
    for _ in range(3):
        transfer, client = pair()
        waiter = Waiter(transfers, transfer)
        client.send(b"x")
        assert waiter.result() is None
