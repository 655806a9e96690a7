"""The same requests by many at once, each in a thread of its own that waits for the others to be there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

MANY = 20


def at_once(*actions: Callable[[], Result], times: int = MANY) -> list[Result]:
    """Do the actions, in turn until there are `times` of them, all at the same moment; what each returned, in order."""
    gate = threading.Barrier(times, timeout=30)

    def one(number: int) -> Result:
        gate.wait()
        return actions[number % len(actions)]()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))
