"""How far a job came."""

from __future__ import annotations

import pytest

from commons.market.course import Course, improvement_percent


@pytest.mark.parametrize(
    ("initial", "now", "percent"),
    [(None, None, None), (4.0, None, None), (0.0, 0.0, None), (4.0, 1.0, 75.0), (4.0, 5.0, -25.0)],
)
def test_improvement_is_in_percent_of_the_start(
    initial: float | None, now: float | None, percent: float | None
) -> None:
    assert improvement_percent(initial, now) == percent


def test_the_evaluation_of_the_start_is_no_improvement_yet() -> None:
    assert Course().improvement_percent is None
    assert Course(round=0, initial_loss=4.0, loss=4.0).improvement_percent is None
    assert Course(round=2, initial_loss=4.0, loss=3.0).improvement_percent == 25.0
