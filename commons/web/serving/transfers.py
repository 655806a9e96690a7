"""How many threads may wait for clients that send or take slowly, and for how long.

A thread waits for a client only where a body is too large to be read before, or an answer too large for the socket's buffer.
Each client has a time that grows with what it has moved. Only so many threads wait at the same time: one more takes the
place of the client that has been slowest so far.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time

START_S = 10.0
"""How long a client may keep a thread waiting before it has moved anything."""

BYTES_PER_S = 16 * 2**10
"""What a client moves at least, on average, after that."""

PATIENCE_S = 0.5
"""A client that kept a thread waiting for less is not called slow."""


class ClientTooSlow(OSError):
    """The client did not send or take enough in its time, or made room for others."""


class NoRoom(Exception):
    """As many threads as allowed wait already, and for no client that could be called slow."""


class Transfer:
    """One body or answer on its way.

    Attributes:
        moved: bytes so far.
        waited_s: how long threads have waited for the client, without the present wait.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.moved = 0
        self.waited_s = 0.0
        self.waiting_since: float | None = None
        self.was_cut = False

    def total_wait_s(self, now: float) -> float:
        """How long threads have waited for the client, the present wait included."""
        return self.waited_s + (0.0 if self.waiting_since is None else now - self.waiting_since)

    def rate(self, now: float) -> float:
        """Bytes moved in a second of waiting."""
        return self.moved / max(self.total_wait_s(now), 1e-9)

    @property
    def left_s(self) -> float:
        """How much longer the client may keep a thread waiting."""
        return START_S + self.moved / BYTES_PER_S - self.waited_s


class Transfers:
    """The threads of one server that wait for clients, in one direction.

    Args:
        most: how many may wait at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: set[Transfer] = set()

    def wait(self, transfer: Transfer, event: int) -> None:
        """Wait until the transfer's socket is ready.

        Args:
            transfer: whose client is waited for.
            event: `select.POLLIN` or `select.POLLOUT`.

        Raises:
            ClientTooSlow: its time is over, or it was cut off for the sake of another one.
            NoRoom: too many threads wait already.
        """
        self._enter(transfer)
        try:
            poll = select.poll()
            poll.register(transfer.socket, event)
            ready = transfer.left_s > 0 and poll.poll(transfer.left_s * 1000)
        finally:
            self._leave(transfer)
        if not ready or transfer.was_cut:
            raise ClientTooSlow

    def _enter(self, transfer: Transfer) -> None:
        with self._lock:
            now = time.monotonic()
            if len(self._waiting) >= self._most:
                slow = [other for other in self._waiting if other.total_wait_s(now) > PATIENCE_S]
                if not slow:
                    raise NoRoom
                self._cut(min(slow, key=lambda other: other.rate(now)))
            transfer.waiting_since = now
            self._waiting.add(transfer)

    def _leave(self, transfer: Transfer) -> None:
        with self._lock:
            transfer.waited_s = transfer.total_wait_s(time.monotonic())
            transfer.waiting_since = None
            self._waiting.discard(transfer)

    def _cut(self, transfer: Transfer) -> None:
        transfer.was_cut = True
        self._waiting.discard(transfer)
        # Wakes the thread that waits for it.
        with contextlib.suppress(OSError):
            transfer.socket.shutdown(socket.SHUT_RDWR)
