"""What all tests share: the property tests' profile, and one small key pair, made once."""

from __future__ import annotations

import pytest
from hypothesis import settings

from commons.ciphers.paillier import Randomizer, SecretKey, generate_keypair

# How long an example takes depends on who else uses the machine.
settings.register_profile("deltaml", deadline=None)
settings.load_profile("deltaml")


@pytest.fixture(scope="session")
def job_secret_key() -> SecretKey:
    """1024 bits: too few to hide anything, enough for every step of a short job."""
    return generate_keypair(1024, unsafe_small_key=True)


@pytest.fixture(scope="session")
def job_randomizer(job_secret_key: SecretKey) -> Randomizer:
    return Randomizer(job_secret_key.public_key)
