"""What a key holder proves about its modulus ``n``: that ciphertexts have one meaning, and that ``n`` has two factors.

*Roots.* The key holder publishes ``n``-th roots of numbers that a hash derives from ``n``. When ``x -> x^n`` is not
a permutation of Z*_n, that is when ``gcd(n, φ(n)) > 1`` (so also when a square divides ``n``), and no prime up to
`SMALL_FACTOR_LIMIT` divides ``n``, at most one in `SMALL_FACTOR_LIMIT` numbers has a root; `ROOT_COUNT` roots leave a
chance below 2^-128 an attempt. A modulus with such roots makes every element of Z*_{n²} the encryption of exactly one
plaintext.

*Two primes.* ``n`` is 1 mod 4, and of each of `SQUARE_COUNT` numbers ``x`` with Jacobi symbol 1, derived in the same way, the
key holder publishes a square root of ``x`` or of ``-x``. By their symbols modulo each of the ``k`` factors of a square-free
``n`` these numbers fall into ``2^(k-1)`` classes of equal size, and roots exist in the class of squares and in that of ``-1``
only. That is all of them where ``k = 2`` and both factors are 3 mod 4, and at most half otherwise: 2^-128 an attempt. What
owners do to hide from the key holder (`commons.ciphers.paillier.randomizer`) rests on it.

Neither tells anything about the factors: random numbers with their ``n``-th powers, or squares of squares with random
signs, are distributed alike. But *which* of a number's four square roots is published must not depend on chance, since two
different ones give a factor: it is always the one that is a square itself.

Not shown is that the factors are large or otherwise well chosen: a holder who chose them badly harms itself.

References:
    S. Goldberg, L. Reyzin, O. Sagga, F. Baldimtsi, *Efficient Noninteractive Certification of RSA Moduli and Beyond*,
        ASIACRYPT 2019 (ePrint 2018/057).
    J. van de Graaf, R. Peralta, *A Simple and Secure Way to Show the Validity of Your Public Key*, CRYPTO 1987.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import gmpy2
from gmpy2 import mpz

from commons.ciphers.paillier.key_policy import MAXIMUM_KEY_BITS
from commons.ciphers.paillier.public_key import PublicKey
from commons.errors import KeyProofInvalid

SMALL_FACTOR_LIMIT = 65537
ROOT_COUNT = 8
"""``ceil(128 / log2(SMALL_FACTOR_LIMIT))``."""
SQUARE_COUNT = 128

_ROOTS_DOMAIN = b"DeltaML Paillier modulus proof, version 2, roots"
_SQUARES_DOMAIN = b"DeltaML Paillier modulus proof, version 2, two primes"
_HEXADECIMAL = re.compile(f"0x[0-9a-f]{{1,{MAXIMUM_KEY_BITS // 4}}}")


@dataclass(frozen=True)
class ModulusProof:
    """Roots of the numbers that `root_challenges` and `square_challenges` give, in their order.

    Attributes:
        roots: `ROOT_COUNT` ``n``-th roots.
        square_roots: `SQUARE_COUNT` square roots, each of its number or of the negative of it.
        LENGTH: How many numbers that is together.
    """

    roots: tuple[int, ...]
    square_roots: tuple[int, ...]

    LENGTH: ClassVar[int] = ROOT_COUNT + SQUARE_COUNT

    def to_json(self) -> list[str]:
        """Return the ``n``-th roots and then the square roots, as hexadecimal strings that begin with ``0x``."""
        return [hex(root) for root in (*self.roots, *self.square_roots)]

    @classmethod
    def from_json(cls, roots: Sequence[str]) -> ModulusProof:
        """Read what `to_json` wrote. What is not of its form is refused before any of it is computed with.

        Raises:
            KeyProofInvalid: Not `LENGTH` strings, or one that is no hexadecimal number of at most `MAXIMUM_KEY_BITS` bits.
        """
        if not isinstance(roots, list | tuple) or len(roots) != cls.LENGTH:
            raise KeyProofInvalid(f"field 'proof': expected a list of {cls.LENGTH} hexadecimal strings", field="proof")
        for index, root in enumerate(roots):
            if not isinstance(root, str) or not _HEXADECIMAL.fullmatch(root):
                raise KeyProofInvalid(
                    f"field 'proof': entry {index} is no hexadecimal string of at most {MAXIMUM_KEY_BITS // 4} digits",
                    field="proof",
                )
        numbers = tuple(int(root, 16) for root in roots)
        return cls(numbers[:ROOT_COUNT], numbers[ROOT_COUNT:])


def root_challenges(public_key: PublicKey, *, context: bytes = b"") -> list[mpz]:
    """Return the `ROOT_COUNT` elements of Z*_n that a proof for this key and `context` takes ``n``-th roots of.

    Each is the first block, in a SHAKE-256 sequence over domain, context, ``n`` and index, that is below ``n`` and
    coprime to it: uniform in Z*_n when SHAKE-256 is taken for a random function.
    """
    n = public_key.n
    return _challenges(_ROOTS_DOMAIN, public_key, context, ROOT_COUNT, lambda number: gmpy2.gcd(number, n) == 1)


def square_challenges(public_key: PublicKey, *, context: bytes = b"") -> list[mpz]:
    """Return the `SQUARE_COUNT` elements of Z*_n with Jacobi symbol 1 that a proof takes square roots of, up to sign.

    They are drawn as those of `root_challenges` are, for another domain.
    """
    n = public_key.n
    return _challenges(_SQUARES_DOMAIN, public_key, context, SQUARE_COUNT, lambda number: gmpy2.jacobi(number, n) == 1)


def verify_modulus(public_key: PublicKey, proof: ModulusProof, *, context: bytes = b"") -> None:
    """Return when `proof` shows that ``n`` is a product of two primes, both 3 mod 4, and coprime to ``φ(n)``.

    Costs `ROOT_COUNT` powers with exponent ``n`` mod ``n``, and `SQUARE_COUNT` squares and Jacobi symbols.

    Raises:
        KeyProofInvalid: With the reason: a small factor, a prime or prime-power modulus, a wrong number of roots, a
            wrong root.
    """
    n = public_key.n
    if gmpy2.gcd(n, _small_primes_product()) != 1:
        raise _invalid_proof(f"the modulus has a prime factor up to {SMALL_FACTOR_LIMIT}")
    if gmpy2.is_prime(n):
        raise _invalid_proof("the modulus is prime, so everybody can decrypt")
    if gmpy2.is_power(n):
        raise _invalid_proof("the modulus is a power of another number")
    if (flaw := flaw_of_roots(public_key, proof, context=context)) is not None:
        raise _invalid_proof(flaw)


def flaw_of_roots(public_key: PublicKey, proof: ModulusProof, *, context: bytes = b"") -> str | None:
    """Return what is wrong with the roots of a proof, or None: the part of `verify_modulus` that a proof must stand for."""
    n = public_key.n
    if len(proof.roots) != ROOT_COUNT:
        return f"it has {len(proof.roots)} n-th roots, expected {ROOT_COUNT}"
    if len(proof.square_roots) != SQUARE_COUNT:
        return f"it has {len(proof.square_roots)} square roots, expected {SQUARE_COUNT}"
    for index, (root, number) in enumerate(zip(proof.roots, root_challenges(public_key, context=context), strict=True)):
        if not 0 < root < n or gmpy2.powmod(root, n, n) != number:
            return f"root {index} is not an n-th root of its challenge"
    if n % 4 != 1:
        return "the modulus is not 1 modulo 4, as a product of two primes that are 3 modulo 4 is"
    squares = square_challenges(public_key, context=context)
    for index, (root, number) in enumerate(zip(proof.square_roots, squares, strict=True)):
        if not 0 < root < n or mpz(root) ** 2 % n not in (number, n - number):
            return f"square root {index} is not one of its challenge or of the negative of it"
    return None


def _challenges(
    domain: bytes, public_key: PublicKey, context: bytes, count: int, is_fit: Callable[[mpz], bool]
) -> list[mpz]:
    modulus_bytes = public_key.n.to_bytes((public_key.bits + 7) // 8, "big")
    seed = b"".join(len(part).to_bytes(8, "big") + part for part in (domain, context, modulus_bytes))
    return [
        next(c for c in _expand(seed + index.to_bytes(4, "big"), public_key.bits) if 0 < c < public_key.n and is_fit(c))
        for index in range(count)
    ]


def _expand(seed: bytes, bits: int) -> Iterator[mpz]:
    counter = 0
    while True:
        block = hashlib.shake_256(seed + counter.to_bytes(8, "big")).digest((bits + 7) // 8)
        yield mpz.from_bytes(block, "big") >> (-bits % 8)
        counter += 1


@functools.cache
def _small_primes_product() -> mpz:
    return gmpy2.primorial(SMALL_FACTOR_LIMIT)


def _invalid_proof(reason: str) -> KeyProofInvalid:
    return KeyProofInvalid(
        f"field 'proof': no proof of a proper Paillier modulus: {reason}; do not encrypt under this key",
        field="proof",
        reason=reason,
    )
