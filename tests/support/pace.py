"""How long tests take: one that takes too long and is not marked `soak` fails, and the longest are listed at the end.

Counted is a test's call and the set-up of what it has for itself (fixtures of function scope), so that work cannot hide there;
not the set-up of what it shares with others, which would hit whoever comes first. The limit holds in pytest-xdist's workers, as
in `make test`. Without them nobody is failed: a debugger may be waiting for its user.

Seconds are those that would have passed had the machine's processors been enough for all that wanted them: a test is not to blame
for what else runs. `FairClock` says how. On a machine that does nothing else it is the clock on the wall, so that waiting counts
as much as working. Where many processes of a test's own make the machine short of processors, the processor time of the worker
and of its children that have ended counts instead, shared among the processors, if that is more.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

LIMIT_S = 10.0
LISTED = 15
LOOK_EVERY_S = 0.2
_SHORTEST_LISTED_S = 0.05


def runnable_tasks() -> int:
    """How many tasks of the whole machine run or wait for a processor now; 0 where that is not to be known."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except OSError:
        return 0


class FairClock:
    """Seconds that go by the more slowly the more tasks there are for each processor.

    While no more tasks want to run than there are processors, a second is a second; with `k` times as many it is 1/k, which
    is what a task that is treated as all others gets done in it.

    Args:
        processors: of the machine.
        runnable: how many tasks run or wait for a processor.
        now: the wall's clock.
    """

    def __init__(
        self,
        processors: int,
        runnable: Callable[[], int] = runnable_tasks,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processors, self._runnable, self._now = processors, runnable, now
        # In one tuple, which another thread sees as a whole.
        self._state = (now(), 0.0, 1.0)

    def __call__(self) -> float:
        at, seconds, slowness = self._state
        return seconds + (self._now() - at) / slowness

    def look(self) -> None:
        """Take note of how many want to run; what has passed since the last look passed as both looks together have it."""
        at, seconds, before = self._state
        now, after = self._now(), max(1.0, self._runnable() / self._processors)
        self._state = (now, seconds + (now - at) / ((before + after) / 2), after)

    def look_for_ever(self) -> None:
        """Look again and again, in a thread of its own."""

        def looking() -> None:
            while True:
                time.sleep(LOOK_EVERY_S)
                self.look()

        threading.Thread(target=looking, name="fair clock", daemon=True).start()


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


class Stopwatch:
    """Measures tests in one process.

    Args:
        clock: seconds, fair or not.
        processors: of the machine.
        limit_s: for a test without the marker; None for no limit.
        spent: processor time of this process and of its children that have ended, seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        processors: int,
        limit_s: float | None,
        spent: Callable[[], float] = processor_seconds,
    ) -> None:
        self._clock, self._processors, self._limit_s, self._spent = clock, processors, limit_s, spent
        self._own_s = self._own_processor_s = 0.0
        self._sharing, self._running = 0, ""
        self._taken: list[tuple[float, str]] = []

    @property
    def seconds(self) -> float:
        """What the test took that ran last."""
        return max(self._own_s, self._own_processor_s / self._processors)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        self._own_s = self._own_processor_s = 0.0
        self._running = item.nodeid
        with _Span(self, +1):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        with _Span(self, +1):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        if fixturedef.scope == "function" or self._sharing:
            return (yield)
        self._sharing += 1
        try:
            with _Span(self, -1) as span:
                return (yield)
        finally:
            self._sharing -= 1
            name = f"set-up of {fixturedef.argname} ({fixturedef.scope}), first for {self._running}"
            self._taken.append((span.seconds, name))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call":
            seconds = self.seconds
            self._taken.append((seconds, item.nodeid))
            limit_s = None if item.get_closest_marker("soak") else self._limit_s
            if report.passed and limit_s is not None and seconds > limit_s:
                report.outcome, report.longrepr = "failed", too_long(seconds, limit_s)
        # An attribute of a report comes to the process that writes the list.
        report.pace = [list(one) for one in self._taken if one[0] >= _SHORTEST_LISTED_S]  # type: ignore[attr-defined]
        self._taken.clear()
        return report


class _Span:
    """Adds the time of a block to what a test took, or takes it off again."""

    def __init__(self, watch: Stopwatch, sign: int) -> None:
        self._watch, self._sign = watch, sign
        self.seconds = 0.0

    def __enter__(self) -> _Span:
        self._began, self._processor_began = self._watch._clock(), self._watch._spent()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = self._watch._clock() - self._began
        self._watch._own_s += self._sign * self.seconds
        self._watch._own_processor_s += self._sign * (self._watch._spent() - self._processor_began)


def too_long(seconds: float, limit_s: float) -> str:
    """What somebody reads whose test failed for its length."""
    return (
        f"it passed and took {seconds:.1f} s, where a test of the gate has {limit_s:g} s (tests/support/pace.py says what is "
        f"counted).\nWait for less (a clock that the test turns), compute less (keys of tests/support/keys, fewer rounds), or "
        f"share what is set up.\nWhat has to take long is marked `@pytest.mark.soak` and runs with `make soak`; a quick test of "
        f"the same behaviour stays here."
    )


class Longest:
    """Lists what took longest, at the end, in the process that hears of all tests."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._heard += [(seconds, name) for seconds, name in getattr(report, "pace", [])]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._heard:
            terminalreporter.section(f"the {LISTED} longest tests and set-ups")
            for seconds, name in sorted(self._heard, reverse=True)[:LISTED]:
                terminalreporter.line(f"{seconds:7.1f} s  {name}")


def pytest_configure(config: pytest.Config) -> None:
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    clock, limit_s = FairClock(processors), None
    if hasattr(config, "workerinput"):
        clock.look_for_ever()
        limit_s = LIMIT_S
    config.pluginmanager.register(Stopwatch(clock, processors, limit_s), "pace-stopwatch")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Longest(), "pace-longest")
