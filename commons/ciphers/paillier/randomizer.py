"""Encryption and re-randomisation at the cost of a table look-up instead of a full power.

An *obfuscator* is a random ``n``-th power mod ``n²``: an encryption of zero. `Randomizer` is for everybody else than the
key holder, and hides from the key holder too: that one decrypts, but must not learn from a ciphertext's randomness which
coefficients an owner multiplied with. It may have made ``n`` for that. With smooth ``p - 1`` and ``q - 1``, which no proof
excludes, it takes discrete logarithms; and where randomness is a power of one base with an exponent shorter than the group's
order (Damgård, Jurik and Nielsen take half of it), the logarithm of a ciphertext's randomness is a sum of known terms, the
coefficients, and an unknown that is too short to hide them: lattice reduction reads them off.

So nothing here rests on the group's order. An obfuscator is ``Π_i h_i^e_i`` with ``h_i = x_i^n mod n²`` for eight uniform
units ``x_i`` that this randomizer draws, and exponents that have ``bits + 128`` bits together, ``K`` in each. Let ``G`` be the
group of ``n``-th powers, ``|G| < 2^bits``, and ``H`` its subgroup that the ``h_i`` generate. An obfuscator is uniform in ``H``:

* The statistical distance is below 2^-64 in the mean over the bases (leftover hash lemma): half of the root of the sum, over
  the characters ``χ`` of ``G`` that are not trivial on ``H``, of ``|mean of χ(obfuscator)|²``. In the mean over one ``h`` that
  square is the chance that two exponents agree mod the order ``m`` of ``χ``: ``2^-K`` for ``m`` above ``2^K``, and at most ``1/m
  + m/2^(2K+2)`` below. Its eighth power, less the ``m^-8`` that trivial characters make, adds up to about ``|G|·2^-8K``.
* ``H`` is not all of ``G`` with a chance of about ``f^-7`` for a prime ``f`` that divides both ``p - 1`` and ``q - 1``, and
  ``f^-8`` for one that divides one of them. Then a ciphertext tells a combination of coefficients modulo ``f``: to learn them
  modulo ``m``, the key holder needs luck of ``m^-7``, and the last bits of fixed-point numbers say nothing about what they
  stand for. For ``f = 2`` everybody would see it, as the Jacobi symbol; units that all have symbol 1 are drawn again.

This needs a group of at most two cyclic factors for each ``f``, which is why a modulus must come with a proof that it is a
product of two primes (`commons.ciphers.paillier.proofs`).

The holder of the secret key need not fear its own modulus: `commons.ciphers.paillier.key_holder_randomizer`.

References:
    I. Damgård, M. Jurik, J. B. Nielsen, *A Generalization of Paillier's Public-Key System with Applications to
        Electronic Voting*, International Journal of Information Security 9 (2010).
    R. Impagliazzo, L. A. Levin, M. Luby, *Pseudo-random Generation from One-way Functions*, STOC 1989.
"""

from __future__ import annotations

from weakref import WeakSet

import gmpy2
from gmpy2 import mpz

from commons.ciphers.paillier.fixed_base import BLOCKS, FixedBases
from commons.ciphers.paillier.public_key import PublicKey, random_unit

_SURPLUS_BITS = 128
_alive: WeakSet[Randomizer] = WeakSet()


class Randomizer:
    """Encrypts under a public key with randomness that hides from the key holder too, whatever its modulus.

    Building one costs eight ``n``-th powers and a table of 16,384 products mod ``n²``: do it once a key and process, not
    once a round.
    """

    def __init__(self, public_key: PublicKey) -> None:
        bases = [gmpy2.powmod(unit, public_key.n, public_key.n_squared) for unit in _independent_units(public_key.n)]
        self._powers = FixedBases(bases, public_key.n_squared, public_key.bits + _SURPLUS_BITS)
        self._take_up(public_key)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.public_key!r}>"

    def obfuscator(self) -> mpz:
        """Return a fresh random ``n``-th power mod ``n²``, one that was prepared if there is one; each is used once."""
        try:
            return self._prepared.pop()
        except IndexError:
            return self._draw()

    def prepare(self, count: int) -> bool:
        """Make one obfuscator ahead, in time that would pass idly, unless `count` are ready; say whether one was made.

        In a child that is forked later `discard_prepared` must run, or parent and child use the same ones.
        """
        if len(self._prepared) >= count:
            return False
        self._prepared.append(self._draw())
        return True

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

    def _take_up(self, public_key: PublicKey) -> None:
        self.public_key = public_key
        self._prepared: list[mpz] = []
        _alive.add(self)

    def _draw(self) -> mpz:
        return self._powers.random_product()


def discard_prepared() -> None:
    """Have every randomizer of this process forget what it made ahead: a forked child's would be its parent's, too."""
    for randomizer in list(_alive):
        randomizer._prepared.clear()


def _independent_units(n: mpz) -> list[mpz]:
    while True:
        units = [random_unit(n) for _ in range(BLOCKS)]
        # Below a square every symbol is 1; no proof of a proper modulus lets one pass.
        if gmpy2.is_square(n) or any(gmpy2.jacobi(unit, n) == -1 for unit in units):
            return units
