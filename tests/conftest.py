"""What all tests share: the property tests' profile, how long each may take, and one small key pair."""

from __future__ import annotations

import pytest
from hypothesis import settings

from commons.ciphers.paillier import Randomizer, SecretKey
from tests.support.worthless_keys import worthless_key

pytest_plugins = ["pytester", "tests.support.pace", "tests.support.market", "tests.support.distribution"]

# How long an example takes depends on who else uses the machine.
settings.register_profile("deltaml", deadline=None)
settings.load_profile("deltaml")


@pytest.fixture(scope="session")
def job_secret_key() -> SecretKey:
    """1024 bits: too few to hide anything, enough for every step of a short job."""
    return worthless_key(1024)


@pytest.fixture(scope="session")
def job_randomizer(job_secret_key: SecretKey) -> Randomizer:
    return Randomizer(job_secret_key.public_key)
