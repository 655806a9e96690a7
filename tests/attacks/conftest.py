"""Jobs to be attacked: the participants are the services' own classes, the aggregator is whatever a test makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from commons.ciphers.paillier import Randomizer, SecretKey
from tests.doubles.arena import Arena
from tests.doubles.in_memory_job import InMemoryJob, Part


def diabetes(sizes: tuple[int, ...], d: int) -> list[Part]:
    """Rows of the diabetes data scaled to [−1, 1], the first d − 1 features and the bias, dealt in these sizes."""
    bunch = load_diabetes(scaled=False)
    X, y = (2 * (values - values.min(0)) / np.ptp(values, axis=0) - 1 for values in (bunch.data, bunch.target))
    order = np.random.default_rng(0).permutation(len(y))
    ends = np.cumsum(sizes)
    parts = [order[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return [(np.column_stack([X[rows][:, : d - 1], np.ones(len(rows))]), y[rows]) for rows in parts]


@pytest.fixture
def make_arena(tmp_path: Path, job_secret_key: SecretKey, job_randomizer: Randomizer) -> Callable[..., Arena]:
    """A running job: rows of the trainers, rows of the validators, number of weights, changes of the specification."""

    def make(trainers: tuple[int, ...], validators: tuple[int, ...], d: int = 3, **changes: Any) -> Arena:
        parts = diabetes((*trainers, *validators), d)
        split = len(trainers)
        fields = {"learning_rate": 0.1, "rounds": 6, "evaluate_every": 3} | changes
        job = InMemoryJob(job_secret_key, job_randomizer, parts[:split], parts[split:], **fields)
        return Arena(tmp_path, job)

    return make
