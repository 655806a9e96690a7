"""The gunicorn worker that serves: a loop reads requests without a thread, and threads answer complete ones.

Gunicorn's own threaded worker gives a thread to a connection whose request has not come yet, for as long as it likes to take.
Here a thread sees a request when its head is there, and its body too unless that is large or of unknown size: then the
app decides first whether it wants it. Gunicorn parses, builds what WSGI needs, writes the answer, and watches the process.
"""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import structlog
from gunicorn.workers.base import Worker

from commons.web.serving.connection_table import Connection, ConnectionTable, Phase
from commons.web.serving.exchange import Exchange
from commons.web.serving.refusals import Refused, answer_bytes, head_too_large, refusal_of, too_slow
from commons.web.serving.transfers import Transfers

MOST_CONNECTIONS = 2048
MOST_OF_ONE_CLIENT = 1024
OTHER_FILES = 256
"""Files that a service opens besides connections."""

MOST_WAITING = 32
"""Threads that wait for slow bodies, and as many that wait for slow readers, but not more than a quarter of all threads each."""

HEAD_BYTES = 16 * 2**10
READ_AHEAD_BYTES = 32 * 2**10
"""A body up to this size is complete before a thread sees its request. With the head and what is received at once, this is
what a connection can hold of the memory, so 128 MiB for all of them."""

_HEAD_END = b"\r\n\r\n"
_RECEIVED_AT_ONCE = 16 * 2**10
_ACCEPTED_AT_ONCE = 64
_TICK_S = 0.5

log = structlog.get_logger(__name__)


class BufferingWorker(Worker):  # type: ignore[misc]
    """Serves the app of one gunicorn; `threads` of its settings is how many requests are answered at the same time."""

    def init_process(self) -> None:
        """Prepare what must not be shared with the parent, then serve."""
        threads = int(self.cfg.threads)
        self._pool = ThreadPoolExecutor(threads)
        self._poller = selectors.DefaultSelector()
        self._answered: queue.SimpleQueue[tuple[Connection, bool]] = queue.SimpleQueue()
        most = connections_allowed()
        self._table = ConnectionTable(most=most, most_of_one=min(most, MOST_OF_ONE_CLIENT))
        waiting = max(2, min(MOST_WAITING, threads // 4))
        self._transfers = Transfers(waiting), Transfers(waiting)
        super().init_process()

    def run(self) -> None:
        """The loop, until the worker is told to stop or its parent has ended."""
        for listener in self.sockets:
            listener.setblocking(False)
            self._poller.register(listener, selectors.EVENT_READ, self._accept)
        # Gunicorn writes to this pipe when a signal comes.
        self._poller.register(self.PIPE[0], selectors.EVENT_READ, self._take_back)
        while self.alive and self.ppid == os.getppid():
            self._turn(_TICK_S)
        self._stop()

    def _turn(self, timeout_s: float) -> None:
        self.notify()
        for key, _ in self._poller.select(timeout_s):
            try:
                key.data(key.fileobj)
            except Exception:
                # One connection must not end all others.
                log.exception("connection_failed")
        for connection in self._table.expired():
            if connection.phase is Phase.READING:
                self._refuse(connection, too_slow())
            else:
                self._drop(connection)

    def _stop(self) -> None:
        for listener in self.sockets:
            self._poller.unregister(listener)
            listener.close()
        until = time.monotonic() + self.cfg.graceful_timeout
        while self._table.count(Phase.BUSY) and time.monotonic() < until:
            self._turn(0.05)
        for connection in self._table:
            self._drop(connection)
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- connections

    def _accept(self, listener: Any) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                client_socket, client = listener.accept()
            except BlockingIOError:
                return
            except OSError:
                # No file can be opened (or the client is gone already).
                self._make_room(self._table.first_to_go())
                return
            connection = Connection(client_socket, client, listener.getsockname())
            try:
                self._make_room(self._table.to_close_for(connection.network))
            except LookupError:
                client_socket.close()
                continue
            self._table.add(connection)
            self._watch(connection, self._receive)

    def _make_room(self, going: Connection | None) -> None:
        if going is not None:
            self._drop(going)

    def _watch(self, connection: Connection, callback: Callable[[Connection], None]) -> None:
        self._poller.register(connection.socket, selectors.EVENT_READ, lambda _: callback(connection))

    def _drop(self, connection: Connection) -> None:
        if connection.phase is not Phase.BUSY:
            with contextlib.suppress(KeyError, ValueError):
                self._poller.unregister(connection.socket)
        self._table.remove(connection)
        connection.socket.close()

    def _refuse(self, connection: Connection, refused: Refused) -> None:
        log.info("request_refused", status=int(refused.status))
        with contextlib.suppress(OSError):
            connection.socket.send(answer_bytes(refused))
        self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """Close as RFC 9112 says in section 9.6: what still comes is thrown away, so that the answer is not lost by a reset."""
        if connection.phase is not Phase.BUSY:
            self._poller.unregister(connection.socket)
        connection.received.clear()
        connection.exchange = None
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._table.remove(connection)
            connection.socket.close()
            return
        self._table.move(connection, Phase.LINGERING)
        self._watch(connection, self._throw_away)

    def _throw_away(self, connection: Connection) -> None:
        with contextlib.suppress(BlockingIOError):
            if not _received(connection):
                self._drop(connection)

    # -- requests

    def _receive(self, connection: Connection) -> None:
        try:
            data = _received(connection)
        except BlockingIOError:
            return
        if not data:
            self._drop(connection)
            return
        if connection.phase is not Phase.READING:
            self._table.move(connection, Phase.READING)
        connection.received += data
        self._go_on(connection)

    def _go_on(self, connection: Connection) -> None:
        """Hand the request to a thread if enough of it is there."""
        try:
            if connection.exchange is None and _has_head(connection.received):
                connection.exchange = Exchange(self.cfg, connection, *self._transfers)
        except Refused as refused:
            self._refuse(connection, refused)
            return
        except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes bring about is the stranger's answer
            self._refuse(connection, refusal_of(error))
            return
        if connection.exchange is not None and connection.exchange.has_body(READ_AHEAD_BYTES):
            self._poller.unregister(connection.socket)
            self._table.move(connection, Phase.BUSY)
            self._pool.submit(connection.exchange.answer, self).add_done_callback(partial(self._hand_back, connection))

    def _hand_back(self, connection: Connection, answered: Future[bool]) -> None:
        # In the thread that answered.
        stays = not answered.cancelled() and answered.exception() is None and answered.result()
        self._answered.put((connection, stays))
        with contextlib.suppress(BlockingIOError):  # full, so the loop wakes anyway
            os.write(self.PIPE[1], b".")

    def _take_back(self, _pipe: Any) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.PIPE[0], 4096)
        while True:
            try:
                connection, stays = self._answered.get_nowait()
            except queue.Empty:
                return
            if not stays or not self.alive:
                self._linger(connection)
                continue
            connection.exchange = None
            self._table.move(connection, Phase.READING if connection.received else Phase.IDLE)
            self._watch(connection, self._receive)
            if connection.received:
                self._go_on(connection)


def connections_allowed() -> int:
    """How many connections this process can have, after asking for as many files as they need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(16, min(MOST_CONNECTIONS, soft - OTHER_FILES))


def _received(connection: Connection) -> bytes:
    """What has come; nothing when the client has closed or is gone."""
    try:
        return connection.socket.recv(_RECEIVED_AT_ONCE)
    except BlockingIOError:
        raise
    except OSError:
        return b""


def _has_head(received: bytearray) -> bool:
    """Whether a request can be parsed; raises Refused when its head grows too long."""
    end = received.find(_HEAD_END)
    if (len(received) if end < 0 else end) > HEAD_BYTES:
        raise head_too_large()
    # A line that ends otherwise than HTTP demands makes the parser refuse, however much still comes.
    return end >= 0 or received.count(b"\n") != received.count(b"\r\n")
