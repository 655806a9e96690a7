"""A key whose holder can take discrete logarithms: p - 1 and q - 1 are products of primes of 17 bits and a bit more.

Reference:
    S. C. Pohlig, M. E. Hellman, *An Improved Algorithm for Computing Logarithms over GF(p) and Its Cryptographic
        Significance*, IEEE Transactions on Information Theory 24 (1978).
"""

from __future__ import annotations

import math
import random
from typing import Any

import gmpy2
from gmpy2 import mpz

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, PublicKey, SecretKey

_FACTOR_BITS = 17.5
_SMALLEST_FACTOR, _LARGEST_FACTOR = 1 << 16, 1 << 20
_UNSEEN_FACTORS = 2


class SmoothKey:
    """A secret key, a unit `base` of large order, and logarithms of units to it.

    Attributes:
        secret_key: a proper Paillier key, as far as any proof goes.
        base: generates all units but for signs.
        order: the odd part of the group's order, which logarithms are taken modulo.
        unseen: a divisor of `order` such that what is a multiple of it is 0 in the rest of the order.
    """

    def __init__(self, bits: int) -> None:
        draw = random.SystemRandom()
        p, p_factors = _smooth_prime(bits // 2, draw, [])
        q, q_factors = _smooth_prime(bits // 2, draw, p_factors)
        self.secret_key = SecretKey(p, q, policy=UNSAFE_SMALL_KEYS)
        halves = {p: p_factors, q: q_factors}
        generators = {prime: _generator(prime, factors, draw) for prime, factors in halves.items()}
        self.base = _joined(generators, self.public_key.n)
        self.order = (p - 1) * (q - 1) // 4
        self.unseen = self.order // math.prod(p_factors[:_UNSEEN_FACTORS] + q_factors[:_UNSEEN_FACTORS])
        self._steps = {
            (prime, factor): _baby_steps(prime, factor, generators[prime])
            for prime, factors in halves.items()
            for factor in factors
        }

    @property
    def public_key(self) -> PublicKey:
        return self.secret_key.public_key

    def unit(self, logarithm: int) -> mpz:
        """base^logarithm."""
        return gmpy2.powmod(self.base, logarithm, self.public_key.n)

    def logarithm(self, unit: int) -> mpz:
        """The logarithm mod `order`."""
        residues = {factor: _logarithm(unit, prime, factor, steps) for (prime, factor), steps in self._steps.items()}
        return _joined(residues, self.order)


def _smooth_prime(bits: int, draw: random.Random, taken: list[int]) -> tuple[mpz, list[int]]:
    size = round((bits - 1) / _FACTOR_BITS)
    middle = 2 ** ((bits - 1) / size)
    pool = [factor for factor in _primes(0.85 * middle, 1.15 * middle) if factor not in taken]
    while True:
        factors = draw.sample(pool, size - 1)
        product = 2 * math.prod(factors)
        lowest, highest = (3 << (bits - 2)) / product, (1 << bits) / product
        if not _SMALLEST_FACTOR < lowest < highest < _LARGEST_FACTOR:
            continue
        for last in _primes(lowest, highest):
            candidate = mpz(product * last + 1)
            if last not in taken and last not in factors and gmpy2.is_prime(candidate):
                return candidate, [*factors, last]


def _primes(lowest: float, highest: float) -> list[int]:
    return [number for number in range(math.ceil(lowest), math.ceil(highest)) if gmpy2.is_prime(number)]


def _generator(prime: mpz, factors: list[int], draw: random.Random) -> mpz:
    while True:
        unit = mpz(draw.randrange(2, int(prime)))
        if all(gmpy2.powmod(unit, (prime - 1) // factor, prime) != 1 for factor in [2, *factors]):
            return unit


def _baby_steps(prime: mpz, factor: int, generator: mpz) -> Any:
    # Squares, so that signs play no part.
    base = gmpy2.powmod(generator, 2 * ((prime - 1) // 2 // factor), prime)
    width = math.isqrt(factor) + 1
    table, power = {}, mpz(1)
    for exponent in range(width):
        table[power] = exponent
        power = power * base % prime
    return table, width, gmpy2.invert(power, prime)


def _logarithm(unit: int, prime: mpz, factor: int, steps: Any) -> mpz:
    table, width, giant = steps
    power = gmpy2.powmod(unit, 2 * ((prime - 1) // 2 // factor), prime)
    for times in range(width + 1):
        if power in table:
            return mpz((times * width + table[power]) % factor)
        power = power * giant % prime
    raise ArithmeticError("no logarithm")


def _joined(residues: dict[Any, mpz], modulus: mpz) -> mpz:
    """The number that has these residues modulo coprime numbers, mod their product."""
    result, product = mpz(0), mpz(1)
    for each, residue in residues.items():
        result += product * ((residue - result) * gmpy2.invert(product, each) % each)
        product *= each
    assert product == modulus
    return result
