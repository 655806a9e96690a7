"""The same request by many at once, each in a thread of its own that waits for the others to be there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

MANY = 20


def at_once(call: Callable[[int], Result]) -> list[Result]:
    """What `call` returns to each of `MANY` callers, who are numbered from 0."""
    gate = threading.Barrier(MANY)

    def one(number: int) -> Result:
        gate.wait(timeout=30)
        return call(number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(MANY)))
