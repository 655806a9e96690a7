"""What tests of linear regression share."""

from __future__ import annotations

import pytest

from commons.computations.linear_regression.spec import Feature, TrainingJobSpec


@pytest.fixture
def spec() -> TrainingJobSpec:
    return TrainingJobSpec(
        title="Yield",
        features=(Feature(name="rain", minimum=0, maximum=100, unit="mm"),),
        target=Feature(name="yield", minimum=0, maximum=10, unit="t"),
        rounds=4,
        evaluate_every=2,
        deposit_wei=1_000_000,
        start_by=1_700_000_000 + 100,
        finish_by=1_700_000_000 + 1000,
        role_seed=7,
    )
