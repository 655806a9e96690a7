"""Work that only a few requests may do at the same time, because each takes a core, or holds others up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from commons.errors import TooManyRequests

RETRY_AFTER_S = 1


class AtOnce:
    """So many do the work, some more wait for their turn for a moment, and all others are sent away.

    Args:
        most: how many do the work at the same time.
        waiting: how many more may wait; each takes a thread.
        wait_s: for how long.
    """

    def __init__(self, most: int, *, waiting: int, wait_s: float) -> None:
        self._turns = threading.BoundedSemaphore(most)
        self._places = threading.BoundedSemaphore(most + waiting)
        self._wait_s = wait_s

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The block is the work; raises TooManyRequests when there is no place, or no turn in time."""
        if not self._places.acquire(blocking=False):
            raise _sent_away()
        try:
            if not self._turns.acquire(timeout=self._wait_s):
                raise _sent_away()
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


def _sent_away() -> TooManyRequests:
    return TooManyRequests(
        f"too many ask for this at the same time; try again in {RETRY_AFTER_S} s", retry_after_s=RETRY_AFTER_S
    )
