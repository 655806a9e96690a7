"""Buckets of tokens, one an address."""

from __future__ import annotations

import pytest

from commons.errors import TooManyRequests
from commons.web import rate_limit
from commons.web.rate_limit import RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(limit: RateLimit, address: str, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            limit.take(address)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_burst_passes_then_the_steady_rate() -> None:
    clock = Clock()
    limit = RateLimit(per_s=2, burst=5, clock=clock)
    assert taken(limit, "a", 10) == 5
    clock.now = 3.0
    assert taken(limit, "a", 10) == 5
    clock.now = 4.0
    assert taken(limit, "a", 10) == 2


def test_addresses_do_not_slow_each_other_down() -> None:
    limit = RateLimit(per_s=1, burst=1, clock=Clock())
    assert (taken(limit, "a", 3), taken(limit, "b", 3)) == (1, 1)


def test_the_time_to_wait_is_said() -> None:
    limit = RateLimit(per_s=0.1, burst=1, clock=Clock())
    limit.take("a")
    with pytest.raises(TooManyRequests, match="10 s") as caught:
        limit.take("a")
    assert caught.value.fields["retry_after_s"] == 10


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "REMEMBERED_CLIENTS", 3)
    limit = RateLimit(per_s=1e-9, burst=1, clock=Clock())
    for address in "abcd":
        limit.take(address)
    assert taken(limit, "d", 1) == 0
    assert taken(limit, "a", 1) == 1  # forgotten
