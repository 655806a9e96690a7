"""Serving one service: a gunicorn web server and the service's background processes, started and stopped together.

Imports are paid once, before the processes fork; databases are connected after (`commons.storage.database` closes
pooled connections before a fork). One gunicorn worker of this project's own (`commons.web.serving`) serves HTTP/1.1 with
keep-alive; a connection holds a thread only while a complete request is answered.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from commons.errors import InvalidInput
from commons.web.serving.worker import BufferingWorker
from commons.web.supervision import Background, Supervisor, background_main

BACKLOG = 1024
# Long polls are cut short: whoever polls asks again.
GRACEFUL_TIMEOUT_S = 1
_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes a file of its own there

log = structlog.get_logger(__name__)


def serve(
    app_factory: Callable[[], Flask],
    *,
    host: str,
    port: int,
    threads: int,
    background: Sequence[Background] = (),
    ready_file: Path | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT, then stop everything within two seconds; return the exit code.

    Args:
        app_factory: makes the app; called once, before forking, so that its errors are the caller's.
        host: address to bind, 127.0.0.1 unless the service is meant to be reached from elsewhere.
        port: port to bind; 0 finds a free one.
        threads: requests served at the same time (each long poll takes one).
        background: each is run in a process of its own beside the web server, and restarted when it crashes.
        ready_file: gets `{"url": "http://…", "pid": …}` as one line when requests are accepted.

    Raises:
        InvalidInput: if the address cannot be bound.
    """
    listener = _bind(host, port)
    url = _url(host, listener.getsockname()[1])
    app = app_factory()
    supervisor = Supervisor()

    def on_ready(_worker: object) -> None:
        log.info("listening", url=url)
        if ready_file is not None:
            _write_whole(ready_file, json.dumps({"url": url, "pid": supervisor_pid}) + "\n")

    supervisor_pid = os.getpid()
    supervisor.add("web", lambda: _Gunicorn(app, listener, threads, on_ready).run(), essential=True)
    for run in background:
        supervisor.add(getattr(run, "__name__", "background"), background_main(run))
    try:
        return supervisor.run()
    finally:
        listener.close()


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, app: Flask, listener: socket.socket, threads: int, on_ready: Callable[[object], None]) -> None:
        self._app, self._listener, self._threads, self._on_ready = app, listener, threads, on_ready
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": 1,
            "threads": self._threads,
            "worker_class": BufferingWorker,
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "timeout": 120,
            "logger_class": _Logger,
            "control_socket_disable": True,
            # Nobody may say where the app begins: it is at the root.
            "forwarder_headers": "",
            # The worker touches a file at every turn of its loop; in memory that costs nothing.
            "worker_tmp_dir": _MEMORY if os.access(_MEMORY, os.W_OK) else None,
            "post_worker_init": self._on_ready,
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return self._app

    def run(self) -> None:
        Arbiter(self).run()


class _Logger:
    """Gunicorn's logger on top of this process's own logging; requests are logged by the app."""

    def __init__(self, cfg: object) -> None:
        self.cfg = cfg
        self._log = logging.getLogger("gunicorn")
        self.error_log = self._log
        self.access_log = self._log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def info(self, message: str, *arguments: object) -> None:
        self._log.debug(message, *arguments)

    def access(self, *_: object) -> None:
        """Leave the line to the app, which knows the request id."""

    def close_on_exec(self) -> None:
        """Standard error stays open, and there are no other log files."""

    def reopen_files(self) -> None:
        """There are no log files."""


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InvalidInput(f"cannot listen on {host} port {port}: {error.strerror}", field="port") from error
    listener.listen(BACKLOG)
    return listener


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{reachable}:{port}"


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(temporary).replace(path)
