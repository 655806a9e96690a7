from gmpy2 import mpz

from commons.paillier.fixed_base import FixedBase

MODULUS = mpz(2**127 - 1)


def test_exponents_have_at_least_the_bits_asked_for():
    for bits in (1, 87, 88, 89, 256, 1024, 1536):
        exponent_bits = FixedBase(mpz(3), MODULUS, bits).exponent_bits
        assert bits <= exponent_bits < bits + 88


def test_a_table_gives_the_power_of_the_exponent_that_its_digits_spell():
    fixed_base = FixedBase(mpz(3), MODULUS, 250)
    columns = fixed_base.exponent_bits // 88
    digits = [(977 * k + 13) % 2048 for k in range(8 * columns)]
    exponent = 0
    for place, digit in enumerate(digits):
        column, block = columns - 1 - place // 8, place % 8
        for tooth in range(11):
            exponent += (digit >> tooth & 1) << ((tooth * 8 + block) * columns + column)
    assert fixed_base._power(digits) == pow(3, exponent, int(MODULUS))


def test_a_random_power_is_the_power_of_the_bytes_drawn(monkeypatch):
    fixed_base = FixedBase(mpz(3), MODULUS, 88)
    monkeypatch.setattr("commons.paillier.fixed_base.secrets.token_bytes", lambda count: b"\xff" * count)
    assert fixed_base.random_power() == pow(3, 2**88 - 1, int(MODULUS))


def test_powers_are_fresh_and_in_the_subgroup():
    # 3 has a small order mod 2^13 - 1, so the group it generates can be listed.
    modulus = mpz(8191)
    subgroup = {pow(3, k, 8191) for k in range(8190)}
    drawn = {int(FixedBase(mpz(3), modulus, 64).random_power()) for _ in range(20)}
    assert drawn <= subgroup
    assert len(drawn) > 10


def test_every_bit_of_the_exponent_is_used(monkeypatch):
    fixed_base = FixedBase(mpz(5), MODULUS, 88)
    seen = set()
    for tooth in range(11):
        for block in range(8):
            digits = [0] * 8
            digits[block] = 1 << tooth
            seen.add(fixed_base._power(digits))
    assert seen == {pow(5, 1 << bit, int(MODULUS)) for bit in range(88)}
