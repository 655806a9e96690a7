"""Tests that take too long fail unless they are marked, and the longest are listed (`tests.support.pace`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.pace import FairClock, Stopwatch, runnable_tasks

ROOT = Path(__file__).parents[2]
CONFTEST = """
import pytest
from tests.support import pace

pytest_plugins = ["tests.support.pace"]
passed = [0.0]
pace.FairClock.__call__ = lambda clock: passed[0]
pace.Stopwatch.__init__.__defaults__ = (lambda: 0.0,)

@pytest.fixture(scope="session")
def spend():
    def spent(seconds):
        passed[0] += seconds
    return spent
"""
SETTINGS = """
[pytest]
markers = soak: takes long
"""
TESTS = """
import pytest

@pytest.fixture(scope="module")
def shared(spend):
    spend(8)

@pytest.fixture
def own(spend):
    spend(12)

def test_short(shared): pass
def test_as_long_as_may_be(shared, spend): spend(10)
def test_long(spend): spend(11)
def test_slow_to_set_up(own): pass
def test_that_sets_up_for_others_meanwhile(request, spend):
    spend(7)
    request.getfixturevalue("shared")
@pytest.mark.soak
def test_marked(spend): spend(14)
def test_broken(spend):
    spend(13)
    assert False, "for a reason of its own"
"""
LIST = [
    "14.0 s  test_it.py::test_marked",
    "13.0 s  test_it.py::test_broken",
    "12.0 s  test_it.py::test_slow_to_set_up",
    "11.0 s  test_it.py::test_long",
    "10.0 s  test_it.py::test_as_long_as_may_be",
    "8.0 s  set-up of shared (module), first for test_it.py::test_short",
    "7.0 s  test_it.py::test_that_sets_up_for_others_meanwhile",
]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Runs `TESTS`, whose time passes when they say so, with some arguments."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # Others' plugins take longer to load than all of this.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeconftest(CONFTEST)
    pytester.makeini(SETTINGS)
    pytester.makepyfile(test_it=TESTS)
    return lambda *arguments: pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def listed(result: pytest.RunResult) -> list[str]:
    lines = result.stdout.lines
    (begin,) = (number for number, line in enumerate(lines) if "longest tests and set-ups" in line)
    return [line.strip() for line in lines[begin + 1 : begin + 1 + len(LIST)]]


def test_in_workers_a_test_that_is_too_long_fails_and_says_what_to_do(run: Callable[..., pytest.RunResult]) -> None:
    result = run("-p", "xdist", "-n", "2", "--dist", "loadfile")
    result.assert_outcomes(passed=4, failed=3)
    text = result.stdout.str()
    for name in ("test_long", "test_slow_to_set_up", "test_broken"):
        assert f"FAILED test_it.py::{name}" in text
    assert text.count("where a test of the gate has 10 s") >= 2
    assert "@pytest.mark.soak" in text
    assert "for a reason of its own" in text
    assert listed(result) == LIST


def test_without_workers_nobody_fails_for_their_length(run: Callable[..., pytest.RunResult]) -> None:
    result = run()
    result.assert_outcomes(passed=6, failed=1)
    assert listed(result) == LIST


def readings(*values: float) -> Callable[[], float]:
    left: Iterator[float] = iter(values)
    return lambda: next(left)


def test_a_clock_goes_as_fast_as_a_task_gets_on() -> None:
    wanted = iter([2, 8, 8, 1])
    clock = FairClock(2, runnable=lambda: next(wanted), now=readings(100, 101, 102, 103, 104, 106))
    clock.look()
    clock.look()
    clock.look()
    clock.look()
    # A second on an idle machine, one while the load rises to four times what it can, one under it, one as it falls;
    # then as on an idle one again.
    assert clock() == pytest.approx(1 + 1 / 2.5 + 1 / 4 + 1 / 2.5 + 2)


def test_fewer_tasks_than_processors_do_not_make_it_faster() -> None:
    clock = FairClock(8, runnable=lambda: 1, now=readings(0, 5, 7))
    clock.look()
    assert clock() == 7


def test_the_machine_says_how_many_want_to_run() -> None:
    if not Path("/proc/loadavg").exists():
        pytest.skip("not Linux, where the clock on the wall counts")
    assert runnable_tasks() >= 1


def test_many_processes_of_its_own_are_no_excuse(request: pytest.FixtureRequest) -> None:
    watch = Stopwatch(lambda: 0.0, 2, 10, spent=readings(0, 1, 1, 90))
    for phase in (watch.pytest_runtest_setup, watch.pytest_runtest_call):
        assert list(phase(request.node)) == [None]
    assert watch.seconds == 45
