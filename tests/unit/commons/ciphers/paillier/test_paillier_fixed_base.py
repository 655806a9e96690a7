from gmpy2 import mpz

from commons.ciphers.paillier.fixed_base import BLOCKS, TEETH, FixedBases

MODULUS = mpz(2**127 - 1)
BASES = [mpz(prime) for prime in (3, 5, 7, 11, 13, 17, 19, 23)]


def exponents_of(digits, columns):
    """What the comb makes of its digits, written down independently: one exponent for each block."""
    exponents = [0] * BLOCKS
    for place, digit in enumerate(digits):
        column, block = columns - 1 - place // BLOCKS, place % BLOCKS
        for tooth in range(TEETH):
            exponents[block] += (digit >> tooth & 1) << (tooth * columns + column)
    return exponents


def product_of(exponents):
    product = 1
    for base, exponent in zip(BASES, exponents, strict=True):
        product = product * pow(int(base), exponent, int(MODULUS)) % int(MODULUS)
    return product


def test_exponents_have_at_least_the_bits_asked_for():
    for bits in (1, 87, 88, 89, 256, 1024, 3200):
        for powers in (FixedBases(BASES, MODULUS, bits), FixedBases.of_one(mpz(3), MODULUS, bits)):
            assert bits <= powers.exponent_bits < bits + 88


def test_the_tables_give_the_product_of_the_exponents_that_the_digits_spell():
    powers = FixedBases(BASES, MODULUS, 250)
    columns = powers.exponent_bits // 88
    digits = [(977 * k + 13) % 2048 for k in range(8 * columns)]
    assert powers._product(digits) == product_of(exponents_of(digits, columns))


def test_the_pieces_of_a_single_bases_exponent_lie_one_behind_the_other():
    powers = FixedBases.of_one(mpz(3), MODULUS, 250)
    columns = powers.exponent_bits // 88
    digits = [(977 * k + 13) % 2048 for k in range(8 * columns)]
    exponent = sum(piece << (block * TEETH * columns) for block, piece in enumerate(exponents_of(digits, columns)))
    assert powers._product(digits) == pow(3, exponent, int(MODULUS))


def test_a_random_product_is_the_one_of_the_bytes_drawn(monkeypatch):
    monkeypatch.setattr("commons.ciphers.paillier.fixed_base.secrets.token_bytes", lambda count: b"\xff" * count)
    assert FixedBases(BASES, MODULUS, 88).random_product() == product_of([2**11 - 1] * BLOCKS)
    assert FixedBases.of_one(mpz(3), MODULUS, 88).random_product() == pow(3, 2**88 - 1, int(MODULUS))


def test_powers_are_fresh_and_in_the_subgroup():
    # 3 has a small order mod 2^13 - 1, so the group it generates can be listed.
    modulus = mpz(8191)
    subgroup = {pow(3, k, 8191) for k in range(8190)}
    drawn = {int(FixedBases.of_one(mpz(3), modulus, 64).random_product()) for _ in range(20)}
    assert drawn <= subgroup
    assert len(drawn) > 10


def test_every_bit_of_every_exponent_is_used():
    powers = FixedBases(BASES, MODULUS, 88)
    seen = set()
    for tooth in range(TEETH):
        for block in range(BLOCKS):
            digits = [0] * BLOCKS
            digits[block] = 1 << tooth
            seen.add(powers._product(digits))
    assert seen == {pow(int(base), 1 << bit, int(MODULUS)) for base in BASES for bit in range(TEETH)}
