"""What tests of linear regression share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commons.computations.linear_regression.spec import Feature, LinearRegressionSpec
from tests.doubles import in_memory_job


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., LinearRegressionSpec]:
    return in_memory_job.make_computation


@pytest.fixture
def spec() -> LinearRegressionSpec:
    return LinearRegressionSpec(
        features=(Feature(name="rain", minimum=0, maximum=100, unit="mm"),),
        target=Feature(name="yield", minimum=0, maximum=10, unit="t"),
        rounds=4,
        evaluate_every=2,
    )
