import gmpy2
import pytest

from commons.errors import HeadroomExceeded
from commons.paillier import KeyHolderRandomizer, Randomizer
from commons.paillier.public_key import random_unit


@pytest.fixture(scope="module", params=["everybody", "key holder"])
def any_randomizer(request, secret_key, public_key):
    return KeyHolderRandomizer(secret_key) if request.param == "key holder" else Randomizer(public_key)


def test_an_obfuscator_is_a_fresh_encryption_of_zero(any_randomizer, secret_key):
    drawn = [any_randomizer.obfuscator() for _ in range(20)]
    assert [secret_key.decrypt(c) for c in drawn] == [0] * 20
    assert len(set(drawn)) == 20
    assert all(0 < c < secret_key.public_key.n_squared for c in drawn)


def test_an_obfuscator_is_a_power_of_its_randomness(any_randomizer, secret_key):
    obfuscator = any_randomizer.obfuscator()
    opening = secret_key.open(obfuscator)
    key = secret_key.public_key
    assert gmpy2.powmod(opening.randomness, key.n, key.n_squared) == obfuscator


def test_encrypting_twice_gives_two_ciphertexts_that_phe_decrypts_alike(any_randomizer, secret_key):
    first, second = any_randomizer.encrypt(4711), any_randomizer.encrypt(4711)
    assert first != second
    theirs = secret_key.to_phe()
    assert theirs.raw_decrypt(int(first)) == theirs.raw_decrypt(int(second)) == 4711


def test_rerandomizing_changes_the_ciphertext_and_not_the_plaintext(any_randomizer, secret_key):
    ciphertext = any_randomizer.encrypt(-9)
    again = any_randomizer.rerandomize(ciphertext)
    assert again != ciphertext
    assert secret_key.decrypt(again) == -9


def test_the_whole_signed_range_encrypts_and_nothing_beyond(any_randomizer, secret_key):
    largest = secret_key.public_key.max_plaintext
    for plaintext in (largest, -largest):
        assert secret_key.decrypt(any_randomizer.encrypt(plaintext)) == plaintext
    for plaintext in (largest + 1, -largest - 1):
        with pytest.raises(HeadroomExceeded):
            any_randomizer.encrypt(plaintext)


def test_each_participant_draws_its_own_base(public_key):
    first, second = Randomizer(public_key), Randomizer(public_key)
    assert first._powers._power([1] + [0] * 31) != second._powers._power([1] + [0] * 31)


def test_exponents_are_half_the_modulus_and_the_key_holders_beyond_the_group_order(secret_key):
    assert Randomizer(secret_key.public_key)._powers.exponent_bits >= 256
    holder = KeyHolderRandomizer(secret_key)
    assert holder._powers_p.exponent_bits >= 256 + 64
    assert holder._powers_q.exponent_bits >= 256 + 64


def test_the_key_holders_residues_have_the_order_of_the_group(secret_key):
    holder = KeyHolderRandomizer(secret_key)
    for powers, prime in ((holder._powers_p, secret_key.p), (holder._powers_q, secret_key.q)):
        assert gmpy2.powmod(powers.random_power(), prime - 1, prime * prime) == 1


def test_a_random_unit_is_coprime_to_a_modulus_with_many_factors():
    n = gmpy2.mpz(3 * 5 * 7)
    units = {int(random_unit(n)) for _ in range(500)}
    assert units <= {k for k in range(105) if gmpy2.gcd(k, 105) == 1}
    assert len(units) > 24


def test_no_secret_is_in_the_representation(any_randomizer, secret_key):
    assert str(secret_key.p)[:20] not in repr(any_randomizer)
    assert "512 bits" in repr(any_randomizer)
