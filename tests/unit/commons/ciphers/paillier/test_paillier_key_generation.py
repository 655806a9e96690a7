import gmpy2
import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, generate_keypair
from commons.ciphers.paillier.key_generation import SIEVE_LIMIT, random_prime
from commons.errors import InvalidInput, KeyTooSmall


@pytest.mark.parametrize("bits", [128, 256, 510, 512, 1024])
def test_the_modulus_has_exactly_the_bits_asked_for(bits):
    for _ in range(5):
        assert generate_keypair(bits, policy=UNSAFE_SMALL_KEYS).public_key.bits == bits


def test_primes_meet_the_conditions_of_damgard_jurik_nielsen():
    for _ in range(10):
        key = generate_keypair(512, policy=UNSAFE_SMALL_KEYS)
        assert gmpy2.is_prime(key.p, 40)
        assert gmpy2.is_prime(key.q, 40)
        assert key.p % 4 == key.q % 4 == 3
        assert gmpy2.gcd(key.p - 1, key.q - 1) == 2
        assert abs(key.p - key.q).bit_length() > 156


def test_half_of_a_prime_minus_one_has_no_small_factor():
    primes_below_limit = gmpy2.primorial(SIEVE_LIMIT)
    for _ in range(10):
        prime = random_prime(256)
        assert prime.bit_length() == 256
        assert gmpy2.gcd((prime - 1) // 2, primes_below_limit) == 1


def test_no_two_keys_are_alike():
    assert len({generate_keypair(256, policy=UNSAFE_SMALL_KEYS).public_key.n for _ in range(10)}) == 10


def test_the_default_key_has_3072_bits():
    key = generate_keypair()
    assert key.public_key.bits == 3072
    assert key.decrypt(1 + 5 * key.public_key.n) == 5


@pytest.mark.parametrize("bits", [2046, 512, 0, -2])
def test_too_few_bits_are_refused(bits):
    with pytest.raises(KeyTooSmall, match="at least 2048"):
        generate_keypair(bits)


def test_unsafe_keys_have_a_minimum_too():
    with pytest.raises(KeyTooSmall, match="at least 128"):
        generate_keypair(64, policy=UNSAFE_SMALL_KEYS)


def test_an_odd_number_of_bits_is_refused():
    with pytest.raises(InvalidInput, match="even number of bits"):
        generate_keypair(2049)
