"""How often one client may ask for what needs no session, or try to get one."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import request

from commons.errors import TooManyRequests
from commons.web.client_address import client_network

REMEMBERED_CLIENTS = 10_000
PUBLIC_PER_S = 100
PUBLIC_BURST = 500


class RateLimit:
    """A bucket of tokens for each client: each request takes one, and they come back at a steady rate.

    It lives in the memory of one process and forgets the clients that asked least recently.

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
        """Take a token of the client at `address`; raises TooManyRequests with `retry_after_s` when there is none."""
        client = client_network(address)
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(client, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - since) * self._per_s)
            allowed = tokens >= 1
            self._buckets[client] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > REMEMBERED_CLIENTS:
                self._buckets.popitem(last=False)
        if not allowed:
            retry_after_s = max(1, math.ceil((1 - tokens) / self._per_s))
            raise TooManyRequests(f"too many requests; try again in {retry_after_s} s", retry_after_s=retry_after_s)

    def take_for_request(self) -> None:
        """Take a token of the client that makes the present request; raises as `take`."""
        self.take(request.remote_addr or "")


def public_limit() -> RateLimit:
    """For answers of the API that anybody may have, and for requests whose session is unknown."""
    return RateLimit(per_s=PUBLIC_PER_S, burst=PUBLIC_BURST)
