"""A connection as gunicorn's parser and response see it, and a request's body as the app sees it.

The loop reads heads and small bodies, so most reads find what they ask for. What is not there yet is waited for in the thread
that wants it, as `commons.web.serving.transfers` allows.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator
from typing import Any

from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, ClientDisconnected, HTTPException, RequestTimeout, ServiceUnavailable

from commons.web.serving.connection_table import Connection
from commons.web.serving.transfers import ClientTooSlow, NoRoom, Transfer, Transfers

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
RETRY_AFTER_S = 2


class NotHere(OSError):
    """More bytes are wanted than have come, and nobody is to wait for them."""


class Stream:
    """Stands for the socket of one request.

    Args:
        connection: whose bytes come first.
        incoming, outgoing: where threads wait for the client.

    Attributes:
        may_wait: whether reading waits for what has not come yet.
        owes_continue: whether the client sends its body only when it is told to.
    """

    def __init__(self, connection: Connection, incoming: Transfers, outgoing: Transfers) -> None:
        self._connection = connection
        self._incoming, self._outgoing = incoming, outgoing
        self._received, self._sent = Transfer(connection.socket), Transfer(connection.socket)
        self.may_wait = False
        self.owes_continue = False

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes.

        Raises:
            NotHere: none have come, and none may be waited for.
            ClientTooSlow, NoRoom: they were waited for in vain, or cannot be.
            OSError: the connection is broken or at its end.
        """
        buffered = self._connection.received
        if buffered:
            taken = bytes(buffered[:size])
            del buffered[:size]
            return taken
        if not self.may_wait:
            raise NotHere
        if self.owes_continue:
            self.owes_continue = False
            self.sendall(CONTINUE)
        return self._wait_for(size)

    def _wait_for(self, size: int) -> bytes:
        while True:
            try:
                taken = self._connection.socket.recv(size)
            except BlockingIOError:
                self._incoming.wait(self._received, select.POLLIN)
                continue
            if not taken:
                raise ConnectionResetError
            self._received.moved += len(taken)
            return taken

    def sendall(self, data: bytes) -> None:
        """Send everything; raises ClientTooSlow, NoRoom or OSError."""
        left = memoryview(data)
        while left:
            try:
                count = self._connection.socket.send(left)
            except BlockingIOError:
                self._outgoing.wait(self._sent, select.POLLOUT)
                continue
            if self._sent.waited_s > 0:
                # What fits into the socket's buffer at first the client has not taken yet.
                self._sent.moved += count
            left = left[count:]

    def send(self, _data: bytes) -> None:
        """Gunicorn would tell the client to send its body; that is done when the app wants it."""

    def say_continue(self) -> None:
        """Have the client send its body, without waiting."""
        if self.owes_continue:
            self.owes_continue = False
            with contextlib.suppress(OSError):
                self._connection.socket.send(CONTINUE)


class Body:
    """`wsgi.input`: gunicorn's body, whose defects the app answers like any other error of a request.

    Attributes:
        is_broken: whether reading failed, after which nobody knows where the next request begins.
    """

    def __init__(self, body: Any) -> None:
        self._body = body
        self.is_broken = False

    def read(self, size: int | None = None) -> bytes:
        """Up to `size` bytes, all without it."""
        data: bytes = self._translated(self._body.read, size)
        return data

    def readline(self, size: int | None = None) -> bytes:
        """Up to and with the next line feed."""
        line: bytes = self._translated(self._body.readline, size)
        return line

    def readlines(self, size: int | None = None) -> list[bytes]:
        """All lines."""
        lines: list[bytes] = self._translated(self._body.readlines, size)
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _translated(self, read: Any, size: int | None) -> Any:
        try:
            return read(size)
        except (NoRoom, ParseException, OSError) as error:
            self.is_broken = True
            raise _answer(error) from error


def _answer(error: Exception) -> HTTPException:
    if isinstance(error, ClientTooSlow):
        return RequestTimeout("the request's body did not come in time; send it again over a faster connection")
    if isinstance(error, NoRoom):
        return ServiceUnavailable(
            "too many large requests are on their way; try again in a moment", retry_after=RETRY_AFTER_S
        )
    if isinstance(error, ConnectionError):
        return ClientDisconnected()
    return BadRequest("the request's body is not framed as HTTP demands; check its chunks and trailers")
