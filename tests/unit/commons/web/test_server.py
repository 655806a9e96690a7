"""A whole service process: web server and background work, from ready to stopped."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from commons.errors import InvalidInput
from commons.web.server import serve

PROGRAM = """
import os, sys, time
from pathlib import Path
from commons.web.app import create_api
from commons.web.json_logging import configure_logging
from commons.web.server import serve

folder = Path(sys.argv[1])

def app():
    app = create_api("test", "1", readiness=list)
    app.add_url_rule("/slow", "slow", view_func=lambda: time.sleep(30) or "late")
    app.add_url_rule("/pid", "pid", view_func=lambda: str(os.getpid()))
    return app

def work(stop):
    (folder / "working").write_text(str(os.getpid()))
    stop.wait()

configure_logging("test")
sys.exit(serve(app, host="127.0.0.1", port=0, threads=4, background=[work], ready_file=folder / "ready.json"))
"""


class Service:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stderr=log)
        deadline = time.monotonic() + 20
        while not ((folder / "ready.json").exists() and (folder / "working").exists()):
            assert self.process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.ready = json.loads((folder / "ready.json").read_text())
        self.url = self.ready["url"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.process.kill()
    service.process.wait()


class Poll(threading.Thread):
    """A request that the server has not answered when it stops."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.cut_short = False
        self.start()

    def run(self) -> None:
        try:
            requests.get(self.url, timeout=30)
        except requests.ConnectionError:
            self.cut_short = True


def refuses_connections(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def test_it_answers_as_soon_as_the_ready_file_is_there(service: Service) -> None:
    assert service.ready["pid"] == service.process.pid
    assert (service.folder / "ready.json").read_text().count("\n") == 1
    assert requests.get(f"{service.url}/healthz", timeout=5).json()["service"] == "test"


def test_connections_are_kept_and_requests_served_side_by_side(service: Service) -> None:
    slow = Poll(f"{service.url}/slow")
    with requests.Session() as session:
        answers = [session.get(f"{service.url}/pid", timeout=5) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers["Connection"] == "keep-alive"
    assert slow.is_alive()


def test_it_stops_at_once_although_a_request_is_being_served(service: Service) -> None:
    polling = Poll(f"{service.url}/slow")
    time.sleep(0.3)
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0
    # Two seconds on a machine that does nothing else; the request would take thirty.
    assert time.monotonic() - started < 10
    polling.join(5)
    assert polling.cut_short
    assert refuses_connections(service.url)


def test_nothing_is_left_when_it_is_killed_outright(service: Service) -> None:
    pids = [int((service.folder / "working").read_text()), int(requests.get(f"{service.url}/pid", timeout=5).text)]
    service.process.kill()
    service.process.wait()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert refuses_connections(service.url)


def test_a_port_in_use_is_one_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            serve(lambda: pytest.fail("made although nothing can be served"), host="127.0.0.1", port=port, threads=1)
