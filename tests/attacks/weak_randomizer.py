"""How randomness was made before: what the attacks on it must succeed against, so that they are known to bite."""

from __future__ import annotations

import secrets

import gmpy2
from gmpy2 import mpz

from commons.ciphers.paillier import PublicKey, Randomizer
from commons.ciphers.paillier.public_key import random_unit


class HalfLengthRandomizer(Randomizer):
    """Powers of one base ``(-x²)^n`` mod n² under exponents of half the modulus' bits (Damgård, Jurik and Nielsen)."""

    def __init__(self, public_key: PublicKey) -> None:
        n = public_key.n
        self._base = gmpy2.powmod(-(random_unit(n) ** 2) % n, n, public_key.n_squared)
        self._take_up(public_key)

    @property
    def exponent_bits(self) -> int:
        return self.public_key.bits // 2

    def _draw(self) -> mpz:
        return gmpy2.powmod(self._base, secrets.randbits(self.exponent_bits), self.public_key.n_squared)
