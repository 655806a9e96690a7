"""Keeping the processes of one service together: started from one parent, ended with it, restarted when they crash.

The parent imports everything once, then forks. Children leave the parent's process group, so that Ctrl-C in a terminal
reaches the parent alone, which then stops them in order; if the parent is killed outright, the kernel ends them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

STOP_GRACE_S = 1.5
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
STEADY_AFTER_S = 60.0
_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05

Background = Callable[[threading.Event], None]
"""Work beside the web server: runs until the event is set."""

log = structlog.get_logger(__name__)


class StopFlag(threading.Event):
    """An event that a signal's handler may set.

    `threading.Event` takes a lock for it, which the thread that the signal interrupts may hold: a second SIGTERM during the
    first, or one that comes while `wait` begins, would then wait for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stopped = False

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._stopped

    def set(self) -> None:
        """Set it; takes no lock."""
        self._stopped = True

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until it is set or `timeout` seconds have passed; say whether it is set."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._stopped and (until is None or time.monotonic() < until):
            time.sleep(_POLL_S if until is None else max(0.0, min(_POLL_S, until - time.monotonic())))
        return self._stopped


@dataclass
class Child:
    """A process that should be running."""

    name: str
    main: Callable[[], None]
    essential: bool = False
    pid: int | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    backoff_s: float = FIRST_BACKOFF_S


class Supervisor:
    """Runs children until it is told to stop.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._children: list[Child] = []
        self._stopping = StopFlag()

    def add(self, name: str, main: Callable[[], None], *, essential: bool = False) -> None:
        """Add a child; when an `essential` one ends, everything stops, the others are restarted."""
        self._children.append(Child(name, main, essential))

    def run(self) -> int:
        """Start the children and watch them until SIGTERM or SIGINT; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        code = 0
        try:
            while not self._stopping.is_set() and code == 0:
                code = self._watch()
                self._stopping.wait(_POLL_S)
        finally:
            self._stop_all()
        return code

    def _watch(self) -> int:
        for child in self._children:
            if child.pid is None and self._clock() >= child.restart_at:
                self._start(child)
            elif child.pid is not None and (status := _ended(child.pid)) is not None:
                child.pid = None
                if child.essential:
                    log.error("process_ended", process=child.name, status=status)
                    return 1
                self._schedule_restart(child, status)
        return 0

    def _schedule_restart(self, child: Child, status: int) -> None:
        if self._clock() - child.started_at >= STEADY_AFTER_S:
            child.backoff_s = FIRST_BACKOFF_S
        child.restart_at = self._clock() + child.backoff_s
        log.error("process_crashed", process=child.name, status=status, restart_in_s=child.backoff_s)
        child.backoff_s = min(2 * child.backoff_s, LONGEST_BACKOFF_S)

    def _start(self, child: Child) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _run_child(child, parent)
        child.pid, child.started_at = pid, self._clock()

    def _stop_all(self) -> None:
        alive = {child.pid for child in self._children if child.pid is not None}
        for pid in alive:
            _kill(pid, signal.SIGTERM)
        deadline = self._clock() + STOP_GRACE_S
        while alive and self._clock() < deadline:
            alive = {pid for pid in alive if _ended(pid) is None}
            time.sleep(_POLL_S / 5)
        for pid in alive:
            _kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def background_main(run: Background) -> Callable[[], None]:
    """The body of a child around `run`: SIGTERM sets the event, an exception is logged and ends the process."""

    def main() -> None:
        stop = StopFlag()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        run(stop)

    return main


def _run_child(child: Child, parent: int) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # An essential child may have children of its own to stop; the others keep everything in rows.
        die_with_parent(parent, signal.SIGTERM if child.essential else signal.SIGKILL)
        child.main()
        code = 0
    except SystemExit as exit_request:
        code = exit_request.code if isinstance(exit_request.code, int) else 1
    except BaseException:
        log.exception("process_failed", process=child.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: the parent's cleanup (pytest's, say) must not run in the child.
        os._exit(code)


def die_with_parent(parent: int, number: signal.Signals) -> None:
    """Have the kernel send this process `number` when `parent`, which has just forked it, ends in whatever way."""
    # Linux only; elsewhere a parent that is killed outright leaves its children.
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it ended before the request took effect
        os._exit(1)


def _ended(pid: int) -> int | None:
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
