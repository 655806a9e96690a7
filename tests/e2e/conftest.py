"""What tests that run whole worlds share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from deltaml.demo.kinds.linear_regression import RegressionTable
from tests.doubles.recording_proxy import RecordingProxy
from tests.support.money import Money


@pytest.fixture
def recording_proxy() -> Iterator[Callable[[Callable[[], str]], RecordingProxy]]:
    """Makes recording proxies; they are closed at the end of the test."""
    made: list[RecordingProxy] = []

    def make(upstream: Callable[[], str]) -> RecordingProxy:
        made.append(RecordingProxy(upstream))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()


@pytest.fixture
def money_of() -> type[Money]:
    """Looks after the money of one world."""
    return Money


@pytest.fixture
def terraces() -> RegressionTable:
    """Thirty-six rows of two features, enough for a few owners."""
    rng = np.random.default_rng(29)
    X = rng.uniform(-0.9, 0.9, (36, 2))
    y = X @ np.array([0.37, -0.21]) + 0.11 + rng.uniform(-0.05, 0.05, 36)
    return RegressionTable("terraces", ("north", "east"), "depth", X, y)
