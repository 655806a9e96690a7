import dataclasses

import pytest

from commons.ciphers.paillier import (
    MINIMUM_KEY_BITS,
    STANDARD_KEYS,
    UNSAFE_SMALL_KEYS,
    KeyPolicy,
    PublicKey,
    generate_keypair,
)
from commons.errors import KeyTooSmall


def test_a_setting_chooses_the_policy_and_by_default_small_keys_are_refused():
    assert KeyPolicy.of(unsafe_small_key=False) == STANDARD_KEYS == KeyPolicy()
    assert KeyPolicy.of(unsafe_small_key=True) == UNSAFE_SMALL_KEYS != STANDARD_KEYS
    assert STANDARD_KEYS.minimum_bits == MINIMUM_KEY_BITS


def test_a_policy_cannot_be_changed_on_its_way():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STANDARD_KEYS.minimum_bits = 0


@pytest.mark.parametrize("minimum_bits", [257, 300, MINIMUM_KEY_BITS])
def test_a_refusal_names_the_size_that_the_policy_asks_for(public_key, minimum_bits):
    assert public_key.bits < 2048
    policy = KeyPolicy(max(minimum_bits, public_key.bits + 1))
    with pytest.raises(KeyTooSmall, match=f"at least {policy.minimum_bits} are required") as caught:
        PublicKey(public_key.n, policy=policy)
    assert caught.value.fields["minimum_bits"] == policy.minimum_bits
    assert PublicKey(public_key.n, policy=KeyPolicy(public_key.bits)) == public_key
    with pytest.raises(KeyTooSmall, match=f"at least {policy.minimum_bits} are required"):
        generate_keypair(policy.minimum_bits - 1, policy=policy)
