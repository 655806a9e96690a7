"""The demo's services as processes of their own: started together, watched, and ended with the demo, however it ends.

Each service runs the very command that an operator would type, in a process forked from the demo. The demo has imported
what services need, so that seven of them need not load it once each.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from commons.errors import ServiceUnavailable
from commons.web.supervision import die_with_parent

STOP_TIMEOUT_S = 8.0
_POLL_S = 0.02


@dataclass
class ServiceProcess:
    """One running service.

    Attributes:
        name: for people and for the log file.
        log_path: everything that the service writes.
        ready_file: appears when the service accepts requests.
        pid: of its first process.
        arguments, environment: what it was started with.
    """

    name: str
    log_path: Path
    ready_file: Path
    pid: int
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    exit_code: int | None = None

    def url(self, deadline: float) -> str:
        """The base URL, once the service accepts requests.

        Raises:
            ServiceUnavailable: it ended or did not come up by `deadline` (monotonic); with its last output.
        """
        while not self.ready_file.exists():
            if self.ended():
                raise ServiceUnavailable(f"{self.name} ended while starting:\n{self.last_output()}")
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"{self.name} did not start in time:\n{self.last_output()}")
            time.sleep(_POLL_S)
        ready: dict[str, Any] = json.loads(self.ready_file.read_text())
        return str(ready["url"])

    def ended(self) -> bool:
        """Whether the service's first process has ended."""
        if self.exit_code is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def last_output(self, lines: int = 15) -> str:
        """The end of the log."""
        text = self.log_path.read_text(errors="replace")
        return "\n".join(f"  {line[:400]}" for line in text.splitlines()[-lines:])

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the service's first process, which stops the others."""
        if not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Services:
    """All services of a demo; leaving the context stops every one.

    Args:
        folder: logs and ready files go here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[ServiceProcess] = []
        # What is loaded so far stays shared between the processes as long as no collector touches it.
        gc.freeze()

    def __enter__(self) -> Services:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> ServiceProcess:
        """Start `deltaml ARGUMENTS…` without waiting for it. Call it from the main thread, while there is no other.

        Args:
            name: for people and file names.
            arguments: of the `deltaml` command.
            environment: settings, in place of this process's own DELTAML_ settings.
        """
        log_path, ready_file = self._folder / f"{name}.log", self._folder / f"{name}.ready.json"
        ready_file.unlink(missing_ok=True)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become_service([*arguments, "--ready-file", str(ready_file)], environment, log_path, parent)
        service = ServiceProcess(name, log_path, ready_file, pid, tuple(arguments), dict(environment))
        self._running.append(service)
        return service

    def process(self, name: str) -> ServiceProcess:
        """A running service by its name."""
        return next(service for service in self._running if service.name == name)

    def kill(self, name: str) -> ServiceProcess:
        """Kill a service at once, as a power cut would; its other processes end with it, at the kernel's hand."""
        service = self.process(name)
        service.send(signal.SIGKILL)
        while not service.ended():
            time.sleep(_POLL_S)
        self._running.remove(service)
        return service

    def restart(self, name: str) -> ServiceProcess:
        """Kill a service and start it again on the same port, without waiting for it; as `start`."""
        url = urlsplit(json.loads((self._folder / f"{name}.ready.json").read_text())["url"])
        killed = self.kill(name)
        _wait_until_free(str(url.hostname), int(url.port or 0))
        return self.start(name, killed.arguments, {**killed.environment, "DELTAML_PORT": str(url.port)})

    def require_alive(self) -> None:
        """Raise ServiceUnavailable if a service has ended."""
        for service in self._running:
            if service.ended():
                raise ServiceUnavailable(f"{service.name} ended unexpectedly:\n{service.last_output()}")

    def stop(self) -> None:
        """Stop all services: in order, and by force after some seconds."""
        for service in self._running:
            service.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while not self._all_ended() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        for service in self._running:
            # Its other processes end with it, at the kernel's hand.
            service.send(signal.SIGKILL)
        while not self._all_ended():
            time.sleep(_POLL_S)
        self._running.clear()

    def _all_ended(self) -> bool:
        return all(service.ended() for service in self._running)


def _wait_until_free(host: str, port: int) -> None:
    """Return once nobody listens on a port: the processes of a killed service end one after another."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) != 0:
                return
        time.sleep(_POLL_S)


def _become_service(arguments: Sequence[str], environment: Mapping[str, str], log_path: Path, parent: int) -> NoReturn:
    code = 1
    try:
        # A group of its own: Ctrl-C in the demo's terminal reaches the demo alone, which then stops its services. Not a
        # session: Linux shares the processor out among sessions, and then what gives way in one takes from the others.
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(parent, signal.SIGTERM)
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        # Whoever called the demo may have put other objects in their place, which write elsewhere.
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  # open as long as the process
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        for name in [name for name in os.environ if name.startswith("DELTAML_")]:
            del os.environ[name]
        os.environ.update(environment)
        from deltaml.cli import run  # noqa: PLC0415 - the command line imports the demo

        code = run(arguments)
    finally:
        # Not sys.exit: the demo's own cleaning up must not run here.
        os._exit(code)
