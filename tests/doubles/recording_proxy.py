"""An HTTP proxy in front of one service that keeps every body that passes, for tests of what parties get to see."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

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
