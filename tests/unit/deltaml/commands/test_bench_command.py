from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def small(deltaml: Any) -> Any:
    return lambda *more: deltaml("bench", "kernels", "--rows", 2, "--features", 2, *more)


def test_the_measured_ratio_is_that_of_the_measured_times(small: Any) -> None:
    done = small("--json")
    assert done.code == 0, done.err
    [timing] = json.loads(done.out)
    assert (timing["rows"], timing["features"], timing["key_bits"]) == (2, 2, 2048)
    assert timing["ratio"] == pytest.approx(timing["phe_s"] / timing["step_s"])
    assert timing["max_error"] < 1e-9


def test_a_person_gets_a_table(small: Any) -> None:
    done = small()
    assert "times faster" in done.out
    assert "2048-bit key, 2 columns" in done.out


def test_small_keys_are_refused(deltaml: Any) -> None:
    assert deltaml("bench", "kernels", "--key-bits", 1024).code == 2
