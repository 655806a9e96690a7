"""Processes that start together, end together, and come back when they crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commons.web.supervision import StopFlag

PROGRAM = """
import os, sys, threading, time
from pathlib import Path
from commons.web.supervision import Supervisor, background_main

folder = Path(sys.argv[1])

def note(name):
    (folder / name).open("a").write(f"{os.getpid()}\\n")

def steady(stop):
    note("steady")
    stop.wait()
    note("steady-stopped")

def stubborn(stop):
    note("stubborn")
    while True:
        time.sleep(60)

def crashing(stop):
    note("crashing")
    raise RuntimeError("crash")

def essential():
    note("essential")
    while not (folder / "end").exists():
        time.sleep(0.02)

note("parent")
supervisor = Supervisor()
supervisor.add("essential", essential, essential=True)
for run in (steady, stubborn, crashing):
    supervisor.add(run.__name__, background_main(run))
sys.exit(supervisor.run())
"""


def wait_for(condition: Callable[[], object], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Service:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stderr=subprocess.DEVNULL)
        wait_for(lambda: all(self.pids(name) for name in ("essential", "steady", "stubborn", "crashing")))

    def pids(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def alive(self) -> list[int]:
        names = ("essential", "steady", "stubborn", "crashing")
        return [pid for name in names for pid in self.pids(name) if is_alive(pid)]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.process.kill()
    service.process.wait()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_even_what_does_not_listen(service: Service, number: signal.Signals) -> None:
    with within(2.5):
        service.process.send_signal(number)
        assert service.process.wait(10) == 0
    assert service.alive() == []
    assert service.pids("steady-stopped") == service.pids("steady")


def test_children_end_with_a_parent_that_is_killed(service: Service) -> None:
    service.process.kill()
    service.process.wait()
    wait_for(lambda: service.alive() == [], timeout_s=5)


def test_a_crashed_process_is_started_again_after_a_growing_pause(service: Service) -> None:
    wait_for(lambda: len(service.pids("crashing")) >= 3)
    assert len(service.pids("steady")) == 1
    assert service.process.poll() is None


def test_the_end_of_an_essential_process_ends_the_service_with_an_error(service: Service) -> None:
    (service.folder / "end").touch()
    assert service.process.wait(10) == 1
    assert service.alive() == []


def test_a_stop_flag_can_be_set_from_handlers_that_interrupt_each_other_and_the_wait() -> None:
    flag, seen = StopFlag(), []

    def handler(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) < 3:
            os.kill(os.getpid(), number)
        flag.set()

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert flag.wait(5)
        assert len(seen) == 3
        assert not StopFlag().wait(0.01)
    finally:
        signal.signal(signal.SIGUSR1, before)
