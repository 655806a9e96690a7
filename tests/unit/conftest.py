"""Training jobs for unit tests (`tests.doubles.in_memory_job`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from commons.ciphers.paillier import Randomizer, SecretKey
from commons.computations.registry import JobSpec
from tests.doubles import in_memory_job
from tests.doubles.in_memory_job import InMemoryJob, Owner, Part


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., JobSpec]:
    return in_memory_job.make_spec


@pytest.fixture(scope="session")
def make_parts() -> Callable[[int, Iterable[int], int], list[Part]]:
    return in_memory_job.make_parts


@pytest.fixture(scope="session")
def make_owner() -> Callable[..., Owner]:
    return Owner


@pytest.fixture(scope="session")
def make_job(job_secret_key: SecretKey, job_randomizer: Randomizer) -> Callable[..., InMemoryJob]:
    """A job of trainers' and validators' parts: (trainer_parts, validator_parts, **changes of the specification)."""

    def make(trainer_parts: Sequence[Part], validator_parts: Sequence[Part], **changes: Any) -> InMemoryJob:
        return InMemoryJob(job_secret_key, job_randomizer, trainer_parts, validator_parts, **changes)

    return make


@pytest.fixture(scope="session")
def shared_job(make_job: Callable[..., InMemoryJob]) -> InMemoryJob:
    """A job of three trainers and two validators, before its first round; tests must not change it."""
    parts = in_memory_job.make_parts(3, (20, 31, 15, 18, 23), 4)
    return make_job(parts[:3], parts[3:], rounds=6, evaluate_every=3)
