"""Work that few do at the same time."""

from __future__ import annotations

import threading
import time

import pytest

from commons.errors import TooManyRequests
from commons.web.at_once import AtOnce


class Crowd:
    """Threads that ask for a turn at the same time and work until they are let go."""

    def __init__(self, at_once: AtOnce, count: int) -> None:
        self.at_once = at_once
        self.release = threading.Event()
        self.working = self.most = self.done = self.refused = 0
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _work(self) -> None:
        try:
            with self.at_once.turn():
                with self._lock:
                    self.working += 1
                    self.most = max(self.most, self.working)
                self.release.wait(10)
                with self._lock:
                    self.working -= 1
                    self.done += 1
        except TooManyRequests:
            with self._lock:
                self.refused += 1

    def wait_until(self, refused: int) -> None:
        until = time.monotonic() + 5
        while self.refused < refused:
            assert time.monotonic() < until
            time.sleep(0.005)

    def finish(self) -> None:
        self.release.set()
        for thread in self.threads:
            thread.join(5)


def test_so_many_work_some_wait_and_the_others_are_sent_away_at_once() -> None:
    crowd = Crowd(AtOnce(2, waiting=3, wait_s=10), 12)
    crowd.wait_until(refused=7)
    crowd.finish()
    assert (crowd.most, crowd.done, crowd.refused) == (2, 5, 7)


def test_whoever_waits_too_long_is_sent_away() -> None:
    crowd = Crowd(AtOnce(1, waiting=1, wait_s=0.05), 2)
    crowd.wait_until(refused=1)
    crowd.finish()
    assert (crowd.done, crowd.refused) == (1, 1)


def test_a_failure_gives_the_turn_back() -> None:
    at_once = AtOnce(1, waiting=0, wait_s=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), at_once.turn():
            raise ZeroDivisionError
    with at_once.turn(), pytest.raises(TooManyRequests) as caught, at_once.turn():
        pytest.fail("two at once")
    assert caught.value.fields["retry_after_s"] == 1
