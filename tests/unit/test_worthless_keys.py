"""The committed keys are what they say, say that they are worthless, and stay within the tests."""

from __future__ import annotations

import json
from pathlib import Path

import gmpy2
import pytest

from commons.ciphers.paillier import verify_modulus
from commons.errors import KeyTooSmall
from tests.support.worthless_keys import FILE, KEYS, worthless_key, worthless_proof

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("which", KEYS)
def test_a_committed_key_is_such_as_are_generated(which: str) -> None:
    bits, name = int(which.partition("-")[0]), which.partition("-")[2]
    key = worthless_key(bits, name)
    assert key.public_key.bits == bits
    assert [prime % 4 for prime in (key.p, key.q)] == [3, 3]
    assert gmpy2.gcd(key.p - 1, key.q - 1) == 2
    if bits > 256:
        verify_modulus(key.public_key, worthless_proof(bits, name))


def test_they_differ_and_their_file_says_what_they_are_worth() -> None:
    content = json.loads(FILE.read_text())
    assert "WORTHLESS" in content["warning"]
    assert set(content["keys"]) == set(KEYS)
    primes = [prime for key in content["keys"].values() for prime in key.values()]
    assert len(set(primes)) == 2 * len(KEYS)


def test_no_code_of_the_platform_knows_them() -> None:
    sources = [path for name in ("commons", "data_owner", "deltaml", "federated_aggregator", "model_buyer")
               for path in (ROOT / name).rglob("*.py")]  # fmt: skip
    assert sources
    assert [path for path in sources if "worthless" in path.read_text()] == []


def test_a_small_one_is_taken_where_small_keys_are_allowed_only() -> None:
    with pytest.raises(KeyTooSmall):
        type(worthless_key(1024))(worthless_key(1024).p, worthless_key(1024).q)
