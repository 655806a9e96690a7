"""How often one address may ask for what everybody may read."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from commons.errors import NotAllowed

REMEMBERED_ADDRESSES = 10_000


class RateLimit:
    """A bucket of tokens for each address: each request takes one, and they come back at a steady rate.

    It lives in the memory of one process and forgets the addresses that asked least recently.

    Args:
        per_s: tokens that come back in a second.
        burst: tokens that a bucket holds.
        clock: monotonic seconds.
    """

    def __init__(self, *, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Take a token of `address`; raises NotAllowed with `retry_after_s` when there is none."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(address, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - since) * self._per_s)
            allowed = tokens >= 1
            self._buckets[address] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > REMEMBERED_ADDRESSES:
                self._buckets.popitem(last=False)
        if not allowed:
            retry_after_s = max(1, math.ceil((1 - tokens) / self._per_s))
            raise NotAllowed(f"too many requests; try again in {retry_after_s} s", retry_after_s=retry_after_s)
