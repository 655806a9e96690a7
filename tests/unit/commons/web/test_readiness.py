"""What a service finds when it looks after the things that it needs."""

from __future__ import annotations

import pytest

from commons.errors import ChainUnavailable
from commons.web.readiness import Readiness, ReadinessCheck, look_after


def away() -> None:
    raise ChainUnavailable("no Ethereum node answers")


def test_everything_that_is_needed_is_asked_for_in_order() -> None:
    checks = look_after(database=list, chain=away, aggregator=lambda: False)
    assert checks == [
        ReadinessCheck("database", ok=True),
        ReadinessCheck("chain", ok=False, detail="no Ethereum node answers"),
        ReadinessCheck("aggregator", ok=True),
    ]
    assert not Readiness.of(checks).ready
    assert Readiness.of(checks[:1]).ready


def test_a_defect_is_not_taken_for_something_that_is_away() -> None:
    with pytest.raises(ZeroDivisionError):
        look_after(database=lambda: 1 / 0)
