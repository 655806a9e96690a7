import gmpy2
import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, KeyHolderRandomizer, PublicKey, Randomizer
from commons.ciphers.paillier.public_key import random_unit
from commons.errors import HeadroomExceeded


@pytest.fixture(scope="module", params=["everybody", "key holder"])
def any_randomizer(request, secret_key, public_key):
    return KeyHolderRandomizer(secret_key) if request.param == "key holder" else Randomizer(public_key)


def bases_of(randomizer):
    """The eight n-th powers that a randomizer drew."""
    return [table[1] for table in randomizer._powers._tables]


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


def test_each_participant_draws_its_own_bases(public_key):
    drawn = {base for _ in range(3) for base in bases_of(Randomizer(public_key))}
    assert len(drawn) == 3 * 8


def test_the_bases_are_no_powers_of_each_other(secret_key):
    # Were one base the power of another that the comb's layout asks for, a key holder could take them for one.
    n_squared = secret_key.public_key.n_squared
    bases = bases_of(Randomizer(secret_key.public_key))
    steps = [1 << bits for bits in range(1, 640)]
    assert not any(gmpy2.powmod(base, step, n_squared) in bases for base in bases for step in steps)


def test_exponents_are_128_bits_beyond_the_modulus_and_the_key_holders_64_beyond_the_group_order(secret_key):
    assert Randomizer(secret_key.public_key)._powers.exponent_bits >= 512 + 128
    holder = KeyHolderRandomizer(secret_key)
    assert holder._powers_p.exponent_bits >= 256 + 64
    assert holder._powers_q.exponent_bits >= 256 + 64


def test_some_base_has_jacobi_symbol_minus_one(public_key, monkeypatch):
    """All eight have symbol 1 once in 256 times; they are then drawn again."""
    n = public_key.n
    units = (unit for unit in iter(lambda: random_unit(n), None))
    squares = [unit for unit in (next(units) for _ in range(100)) if gmpy2.jacobi(unit, n) == 1][:8]
    others = [unit for unit in (next(units) for _ in range(100)) if gmpy2.jacobi(unit, n) == -1][:1]
    queue = [*squares, *squares, *squares[:3], *others, *squares[3:7]]
    monkeypatch.setattr("commons.ciphers.paillier.randomizer.random_unit", lambda _: queue.pop(0))
    assert sorted(gmpy2.jacobi(base, n) for base in bases_of(Randomizer(public_key))) == [-1, *[1] * 7]
    assert queue == []


def test_a_modulus_without_such_bases_does_not_stall_its_reader():
    square = PublicKey(gmpy2.next_prime(1 << 256) ** 2, policy=UNSAFE_SMALL_KEYS)
    assert len(bases_of(Randomizer(square))) == 8


def test_the_key_holders_bases_are_no_squares(secret_key):
    for _ in range(20):
        holder = KeyHolderRandomizer(secret_key)
        for powers, prime in ((holder._powers_p, secret_key.p), (holder._powers_q, secret_key.q)):
            assert gmpy2.legendre(powers._tables[0][1], prime) == -1


def test_the_key_holders_residues_have_the_order_of_the_group(secret_key):
    holder = KeyHolderRandomizer(secret_key)
    for powers, prime in ((holder._powers_p, secret_key.p), (holder._powers_q, secret_key.q)):
        assert gmpy2.powmod(powers.random_product(), prime - 1, prime * prime) == 1


def test_a_random_unit_is_coprime_to_a_modulus_with_many_factors():
    n = gmpy2.mpz(3 * 5 * 7)
    units = {int(random_unit(n)) for _ in range(500)}
    assert units <= {k for k in range(105) if gmpy2.gcd(k, 105) == 1}
    assert len(units) > 24


def test_no_secret_is_in_the_representation(any_randomizer, secret_key):
    assert str(secret_key.p)[:20] not in repr(any_randomizer)
    assert "512 bits" in repr(any_randomizer)
