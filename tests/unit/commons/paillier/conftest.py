"""Keys that the tests of commons.paillier share; small ones, so that a test takes milliseconds."""

import pytest

from commons.paillier import PublicKey, Randomizer, SecretKey, generate_keypair


@pytest.fixture(scope="session")
def secret_key() -> SecretKey:
    return generate_keypair(512, unsafe_small_key=True)


@pytest.fixture(scope="session")
def other_secret_key() -> SecretKey:
    return generate_keypair(512, unsafe_small_key=True)


@pytest.fixture(scope="session")
def full_size_secret_key() -> SecretKey:
    return generate_keypair(2048)


@pytest.fixture(scope="session")
def public_key(secret_key: SecretKey) -> PublicKey:
    return secret_key.public_key


@pytest.fixture(scope="session")
def randomizer(public_key: PublicKey) -> Randomizer:
    return Randomizer(public_key)
