"""Keys that the tests of commons.ciphers.paillier share; small ones, so that a test takes milliseconds."""

from collections.abc import Callable
from typing import Any

import gmpy2
import pytest

from commons.ciphers.paillier import PublicKey, Randomizer, SecretKey
from tests.support.worthless_keys import worthless_key


@pytest.fixture(scope="session")
def secret_key() -> SecretKey:
    return worthless_key(512)


@pytest.fixture(scope="session")
def other_secret_key() -> SecretKey:
    return worthless_key(512, "b")


@pytest.fixture(scope="session")
def full_size_secret_key() -> SecretKey:
    return worthless_key(2048)


@pytest.fixture(scope="session")
def public_key(secret_key: SecretKey) -> PublicKey:
    return secret_key.public_key


@pytest.fixture(scope="session")
def randomizer(public_key: PublicKey) -> Randomizer:
    return Randomizer(public_key)


@pytest.fixture
def flip_bits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Have powers modulo a given number come out with a flipped bit, `times` in all; returns a list of them."""

    def flip(modulus: int, *, times: float) -> list[int]:
        flipped: list[int] = []

        def faulty(power: Any) -> Any:
            def compute(base: int, exponent: int, of: int) -> Any:
                result = power(base, exponent, of)
                if of != modulus or len(flipped) == times:
                    return result
                flipped.append(int(result))
                return result ^ 1 << (modulus.bit_length() - 100)

            return compute

        for name in ("powmod", "powmod_sec"):
            monkeypatch.setattr(gmpy2, name, faulty(getattr(gmpy2, name)))
        return flipped

    return flip
