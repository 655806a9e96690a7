"""One request and its answer, with gunicorn's parser on one side and the app on the other."""

from __future__ import annotations

import contextlib
from typing import Any

import structlog
from gunicorn.http import RequestParser, wsgi
from gunicorn.workers.base import Worker
from werkzeug.exceptions import HTTPException

from commons.web.serving.connection_table import Connection
from commons.web.serving.refusals import answer_bytes, crashed
from commons.web.serving.stream import Body, Stream
from commons.web.serving.transfers import NoRoom, Transfers

_DRAINED_AT_ONCE = 64 * 2**10

log = structlog.get_logger(__name__)


class Exchange:
    """A request whose head has come.

    Args:
        cfg: gunicorn's settings.
        connection: on which the request came; its head is in `received`.
        incoming, outgoing: where threads wait for the client.

    Raises:
        Exception: any of gunicorn's parser, for what is not a request as HTTP demands.
    """

    def __init__(self, cfg: Any, connection: Connection, incoming: Transfers, outgoing: Transfers) -> None:
        self._cfg = cfg
        self._connection = connection
        self._stream = Stream(connection, incoming, outgoing)
        self._parser = RequestParser(cfg, self._stream, connection.client)
        self._request = next(self._parser)
        self._body = Body(self._request.body)
        headers = dict(self._request.headers)
        self._stream.owes_continue = "EXPECT" in headers and self._request.version >= (1, 1)
        # Unknown where it comes in chunks.
        self._length = None if "TRANSFER-ENCODING" in headers else int(headers.get("CONTENT-LENGTH", 0))

    def has_body(self, most: int) -> bool:
        """Whether the body is complete, or is one of more than `most` bytes or of unknown size, which the loop does not read."""
        if self._length is None or self._length > most:
            return True
        if self._length <= self._parser.unreader.buf.getbuffer().nbytes + len(self._connection.received):
            return True
        self._stream.say_continue()
        return False

    def answer(self, worker: Worker) -> bool:
        """Have the app answer; returns whether the connection can take another request. In a thread of its own."""
        response = None
        self._stream.may_wait = True
        connection = self._connection
        try:
            response, environ = wsgi.create(
                self._request, self._stream, connection.client, connection.server, self._cfg
            )
            environ["wsgi.multithread"] = True
            environ["wsgi.input"] = self._body
            return self._write(response, worker.wsgi(environ, response.start_response), alive=worker.alive)
        except (OSError, NoRoom) as error:
            log.info("client_lost", reason=type(error).__name__)
        except Exception:
            log.exception("request_crashed")
            if response is None or not response.headers_sent:
                self._stream.sendall(answer_bytes(crashed()))
        return False

    def _write(self, response: Any, parts: Any, *, alive: bool) -> bool:
        try:
            is_drained = self._drain()
            if not is_drained or not alive:
                response.force_close()
            for part in parts:
                response.write(part)
            response.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
        if not is_drained or response.should_close():
            return False
        # What came after the body begins the next request.
        self._connection.received[:0] = self._parser.unreader.buf.getvalue()
        return True

    def _drain(self) -> bool:
        """Read what the app left of the body, as far as it has come; whether that was all."""
        self._stream.may_wait = False
        with contextlib.suppress(HTTPException):
            while not self._body.is_broken and self._body.read(_DRAINED_AT_ONCE):
                pass
        return not self._body.is_broken
