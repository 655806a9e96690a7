"""The randomizer of whoever holds the secret key: by the Chinese remainder theorem, at a fraction of the cost."""

from __future__ import annotations

import gmpy2
from gmpy2 import mpz

from commons.ciphers.paillier.fixed_base import FixedBases
from commons.ciphers.paillier.public_key import random_unit
from commons.ciphers.paillier.randomizer import Randomizer
from commons.ciphers.paillier.secret_key import SecretKey

_SURPLUS_BITS = 64


class KeyHolderRandomizer(Randomizer):
    """`Randomizer` for the holder of the secret key, faster.

    Draws powers of one random base in each of the groups of ``n``-th powers mod ``p²`` (order ``p - 1``) and mod
    ``q²``, with exponents 64 bits longer than the order. The bases are no squares, and of the keys that `generate_keypair`
    makes they generate the groups, up to factors above 2^16.
    """

    def __init__(self, secret_key: SecretKey) -> None:
        # Not the parent's constructor: its tables mod n² are what this class does without.
        p, q = secret_key.p, secret_key.q
        self._powers_p = _random_residues(p)
        self._powers_q = _random_residues(q)
        self._p_squared, self._q_squared = p * p, q * q
        self._p_squared_inverse = gmpy2.invert(self._p_squared, self._q_squared)
        self._take_up(secret_key.public_key)

    def _draw(self) -> mpz:
        residue_p, residue_q = self._powers_p.random_product(), self._powers_q.random_product()
        difference = (residue_q - residue_p) * self._p_squared_inverse % self._q_squared
        return residue_p + self._p_squared * difference


def _random_residues(prime: mpz) -> FixedBases:
    # The p-th powers mod p² are the subgroup of order p - 1, which the n-th powers are too since gcd(n, p - 1) = 1.
    square = prime * prime
    unit = random_unit(prime)
    while gmpy2.legendre(unit, prime) == 1:
        unit = random_unit(prime)
    base = gmpy2.powmod_sec(unit, prime, square)
    return FixedBases.of_one(base, square, prime.bit_length() + _SURPLUS_BITS)
