"""Decrypting on all cores: threads, because gmpy2 lets go of the interpreter's lock during a power where it is told to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gmpy2


class ThreadedMap:
    """Like `map`, on a pool of threads, one a core; results come in the order of the items."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, initializer=_release_lock_during_powers)

    def __call__(self, function: Any, *items: Iterable[Any]) -> Iterable[Any]:
        """The results of `function` for each item, as an iterator that waits for each in turn."""
        return self._pool.map(function, *items)


def _release_lock_during_powers() -> None:
    # A setting of the thread's own arithmetic context.
    gmpy2.get_context().allow_release_gil = True
