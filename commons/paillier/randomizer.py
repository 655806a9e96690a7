"""Encryption and re-randomisation at the cost of a table look-up instead of a full power.

An *obfuscator* is a random ``n``-th power mod ``n²``: an encryption of zero. `Randomizer` is for everybody: it draws
its own base ``h_s = (-x² mod n)^n mod n²`` and raises it to random exponents of half of ``n``'s bits, so nobody's
privacy rests on a base that somebody else chose. `KeyHolderRandomizer` is for the holder of the secret key, by the
Chinese remainder theorem.

References:
    I. Damgård, M. Jurik, J. B. Nielsen, *A Generalization of Paillier's Public-Key System with Applications to
        Electronic Voting*, International Journal of Information Security 9 (2010).
"""

from __future__ import annotations

import gmpy2
from gmpy2 import mpz

from commons.paillier.fixed_base import FixedBase
from commons.paillier.public_key import PublicKey, random_unit
from commons.paillier.secret_key import SecretKey

_SURPLUS_BITS = 64


class Randomizer:
    """Encrypts under a public key with short random exponents (Damgård-Jurik-Nielsen).

    Building one costs a table of 16,384 products mod ``n²``: do it once a key and process, not once a round.
    """

    def __init__(self, public_key: PublicKey) -> None:
        self.public_key = public_key
        n = public_key.n
        base = gmpy2.powmod(-(random_unit(n) ** 2) % n, n, public_key.n_squared)
        self._powers = FixedBase(base, public_key.n_squared, -(-public_key.bits // 2))
        self._prepared: list[mpz] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.public_key!r}>"

    def obfuscator(self) -> mpz:
        """Return a fresh random ``n``-th power mod ``n²``, one that was prepared if there is one; each is used once."""
        try:
            return self._prepared.pop()
        except IndexError:
            return self._draw()

    def prepare(self, count: int) -> bool:
        """Make one obfuscator ahead, in time that would pass idly, unless `count` are ready; say whether one was made."""
        if len(self._prepared) >= count:
            return False
        self._prepared.append(self._draw())
        return True

    def _draw(self) -> mpz:
        return self._powers.random_power()

    def encrypt(self, plaintext: int) -> mpz:
        """Return a fresh ciphertext ``(1 + n·m) · obfuscator mod n²`` of a signed integer ``m``.

        Raises:
            HeadroomExceeded: ``|m| > (n - 1) // 2``.
        """
        self.public_key.check_headroom(abs(plaintext), "encrypt")
        return (1 + self.public_key.n * plaintext) * self.obfuscator() % self.public_key.n_squared

    def rerandomize(self, ciphertext: mpz) -> mpz:
        """Return another ciphertext of the same plaintext, which cannot be linked to the first."""
        return ciphertext * self.obfuscator() % self.public_key.n_squared


class KeyHolderRandomizer(Randomizer):
    """The same for the holder of the secret key, faster.

    Draws powers of one random base in each of the groups of ``n``-th powers mod ``p²`` (order ``p - 1``) and mod
    ``q²``, with exponents 64 bits longer than the order, so that the short-exponent assumption is not needed.
    """

    def __init__(self, secret_key: SecretKey) -> None:
        # Not the parent's constructor: its table mod n² is what this class does without.
        self.public_key = secret_key.public_key
        p, q = secret_key.p, secret_key.q
        self._powers_p = _random_residues(p)
        self._powers_q = _random_residues(q)
        self._p_squared, self._q_squared = p * p, q * q
        self._p_squared_inverse = gmpy2.invert(self._p_squared, self._q_squared)
        self._prepared = []

    def _draw(self) -> mpz:
        residue_p, residue_q = self._powers_p.random_power(), self._powers_q.random_power()
        difference = (residue_q - residue_p) * self._p_squared_inverse % self._q_squared
        return residue_p + self._p_squared * difference


def _random_residues(prime: mpz) -> FixedBase:
    # The p-th powers mod p² are the subgroup of order p - 1, which the n-th powers are too since gcd(n, p - 1) = 1.
    square = prime * prime
    base = gmpy2.powmod_sec(random_unit(prime), prime, square)
    return FixedBase(base, square, prime.bit_length() + _SURPLUS_BITS)
