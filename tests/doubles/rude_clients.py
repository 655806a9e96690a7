"""Clients that do to a service what strangers can do, and what tells whether the service bears it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 60.0
ADMIN_PASSWORD = "correct horse battery staple"


class Target:
    """A running service, and what can be done to it."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.netloc = urlsplit(url).netloc
        self._pid = pid

    def memory_mib(self) -> float:
        """Memory of all its processes, what they share counted once."""
        return sum(map(_pss_kib, _family(self._pid))) / 1024

    def head(self, line: str, *headers: str) -> bytes:
        """The head of a request to it."""
        return "".join(f"{one}\r\n" for one in (f"{line} HTTP/1.1", f"Host: {self.netloc}", *headers, "")).encode()

    def connect(self, data: bytes = b"", *, receive_buffer: int | None = None) -> socket.socket:
        """A connection on which some bytes have been sent."""
        parts = urlsplit(self.url)
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(10)
        connection.connect((str(parts.hostname), int(parts.port or 0)))
        connection.sendall(data)
        return connection

    @contextlib.contextmanager
    def crowd(self, count: int, data: bytes, *, receive_buffer: int | None = None) -> Iterator[list[socket.socket]]:
        """Many connections on which the same bytes have been sent."""
        with contextlib.ExitStack() as stack:
            yield [
                stack.enter_context(contextlib.closing(self.connect(data, receive_buffer=receive_buffer)))
                for _ in range(count)
            ]

    def exchange(self, data: bytes, *, within_s: float = 10.0) -> bytes:
        """Everything that comes back until the service closes the connection, which it must do in time."""
        with contextlib.closing(self.connect(data)) as connection:
            return read_to_end(connection, within_s)


class RunningService(Target):
    """A service as processes of its own, started from a program that takes its folder and a ready file."""

    def __init__(self, program: str, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.log_file = folder / "log"
        ready_file = folder / "ready.json"
        arguments = [sys.executable, "-c", program, str(folder), str(ready_file)]
        with self.log_file.open("a") as log:
            everything = {**os.environ, **(environment or {})}
            self.process = subprocess.Popen(arguments, env=everything, stderr=log, cwd=ROOT)
        try:
            self._wait_for(ready_file)
        except BaseException:
            self.stop()
            raise
        super().__init__(json.loads(ready_file.read_text())["url"], self.process.pid)

    def _wait_for(self, ready_file: Path) -> None:
        until = time.monotonic() + START_TIMEOUT_S
        while not ready_file.exists():
            assert self.process.poll() is None, self.log_file.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def read_to_end(connection: socket.socket, within_s: float) -> bytes:
    """Everything that comes until the other side closes."""
    until = time.monotonic() + within_s
    parts = []
    while True:
        connection.settimeout(max(0.001, until - time.monotonic()))
        part = connection.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def statuses(answers: bytes) -> list[int]:
    """The statuses of the answers among some bytes, in order."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


class Health(threading.Thread):
    """Asks `/healthz` again and again, on a connection of its own each time, and keeps how long it took."""

    def __init__(self, services: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.urls = services
        self.took_s: list[float] = []
        self.failures: list[str] = []
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.05):
            for url in self.urls:
                started = time.monotonic()
                try:
                    requests.get(f"{url}/healthz", timeout=10, headers={"Connection": "close"}).raise_for_status()
                except requests.RequestException as error:
                    self.failures.append(str(error))
                self.took_s.append(time.monotonic() - started)

    def __enter__(self) -> Health:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join(15)

    def watch(self, seconds: float) -> None:
        """Go on for some time; then answers must have come, within a second but for what a busy machine adds to a few."""
        time.sleep(seconds)
        took_s = sorted(self.took_s)
        assert self.failures == []
        assert len(took_s) >= 3, "no answers to speak of"
        assert took_s[len(took_s) * 9 // 10 - 1] < 1, took_s
        assert took_s[-1] < 5, took_s


def _family(pid: int) -> list[int]:
    found, parents = [pid], [pid]
    while parents:
        parent = parents.pop()
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{parent}/task"):
                children = Path(f"/proc/{parent}/task/{thread}/children").read_text().split()
                found += map(int, children)
                parents += map(int, children)
    return found


def _pss_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
