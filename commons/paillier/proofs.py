"""What a key holder can prove to everybody: that its modulus is proper, and what a ciphertext decrypts to.

*Modulus.* The key holder publishes ``n``-th roots of numbers that a hash derives from ``n``. When ``x -> x^n`` is not
a permutation of Z*_n, that is when ``gcd(n, φ(n)) > 1`` (so also when a square divides ``n``), and no prime up to
`SMALL_FACTOR_LIMIT` divides ``n``, at most one in `SMALL_FACTOR_LIMIT` numbers has a root; `ROOT_COUNT` roots leave a
chance below 2^-128 an attempt. Nothing about the factors is told: roots of random numbers can be made by raising
random numbers to the power ``n``. A verified modulus makes every element of Z*_{n²} the encryption of exactly one
plaintext. It does not show that ``n`` has two prime factors, nor that they are large: a holder who chose them badly
harms itself.

*Opening.* Value ``m`` and randomness ``r`` with ``c = (1+n)^m · r^n mod n²``. Under a verified modulus there is one
such ``m``.

References:
    S. Goldberg, L. Reyzin, O. Sagga, F. Baldimtsi, *Efficient Noninteractive Certification of RSA Moduli and Beyond*,
        ASIACRYPT 2019 (ePrint 2018/057).
    M. Bellare, J. A. Garay, T. Rabin, *Fast Batch Verification for Modular Exponentiation and Digital Signatures*,
        EUROCRYPT 1998.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import gmpy2
from gmpy2 import mpz

from commons.errors import KeyProofInvalid, ProtocolViolation
from commons.paillier.multi_exponentiation import multi_exponentiation
from commons.paillier.public_key import PublicKey

SMALL_FACTOR_LIMIT = 65537
ROOT_COUNT = 8
"""``ceil(128 / log2(SMALL_FACTOR_LIMIT))``."""

_CHALLENGE_DOMAIN = b"DeltaML Paillier modulus proof, version 1"
_BATCH_EXPONENT_BITS = 128


@dataclass(frozen=True)
class ModulusProof:
    """`ROOT_COUNT` ``n``-th roots, one of each challenge of `modulus_challenges`."""

    roots: tuple[int, ...]

    def to_json(self) -> list[str]:
        """Return the roots as hexadecimal strings."""
        return [f"{root:x}" for root in self.roots]

    @classmethod
    def from_json(cls, roots: Sequence[str]) -> ModulusProof:
        """Read what `to_json` wrote.

        Raises:
            KeyProofInvalid: Not a list of hexadecimal strings.
        """
        try:
            return cls(tuple(int(root, 16) for root in roots))
        except (TypeError, ValueError) as error:
            raise KeyProofInvalid("field 'proof': expected a list of hexadecimal strings", field="proof") from error


@dataclass(frozen=True)
class Opening:
    """What a ciphertext decrypts to, with the randomness that proves it.

    Attributes:
        value: The plaintext, signed, in ``[-(n-1)/2, (n-1)/2]``.
        randomness: ``(c mod n)^(1/n mod λ) mod n``, in ``[1, n)``.
    """

    value: int
    randomness: int


def modulus_challenges(public_key: PublicKey, *, context: bytes = b"") -> list[mpz]:
    """Return the `ROOT_COUNT` elements of Z*_n that a proof for this key and `context` takes roots of.

    Each is the first block, in a SHAKE-256 sequence over domain, context, ``n`` and index, that is below ``n`` and
    coprime to it: uniform in Z*_n when SHAKE-256 is taken for a random function.
    """
    modulus_bytes = public_key.n.to_bytes((public_key.bits + 7) // 8, "big")
    seed = b"".join(len(part).to_bytes(8, "big") + part for part in (_CHALLENGE_DOMAIN, context, modulus_bytes))
    return [
        next(c for c in _expand(seed + index.to_bytes(4, "big"), public_key.bits) if _is_unit(c, public_key.n))
        for index in range(ROOT_COUNT)
    ]


def verify_modulus(public_key: PublicKey, proof: ModulusProof, *, context: bytes = b"") -> None:
    """Return when `proof` shows that ``n`` is composite, square-free and coprime to ``φ(n)``.

    Costs `ROOT_COUNT` powers with exponent ``n`` mod ``n``.

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
    if len(proof.roots) != ROOT_COUNT:
        raise _invalid_proof(f"it has {len(proof.roots)} roots, expected {ROOT_COUNT}")
    for index, (root, challenge) in enumerate(
        zip(proof.roots, modulus_challenges(public_key, context=context), strict=True)
    ):
        if not 0 < root < n or gmpy2.powmod(root, n, n) != challenge:
            raise _invalid_proof(f"root {index} is not an n-th root of its challenge")


def verify_opening(public_key: PublicKey, ciphertext: int, opening: Opening) -> None:
    """Return when the ciphertext encrypts `opening.value`: ``c = (1+n)^value · randomness^n mod n²``.

    Raises:
        InvalidCiphertext: The number is no ciphertext under this key.
        ProtocolViolation: The opening does not fit the ciphertext.
    """
    (checked,) = public_key.check_ciphertexts([ciphertext])
    if not _opens(public_key, checked, opening):
        raise _wrong_opening(0)


def verify_openings(public_key: PublicKey, pairs: Sequence[tuple[int, Opening]]) -> None:
    """Return when every ciphertext encrypts the value its opening says; one large power for all of them.

    With fresh random 128-bit exponents ``e_i`` the check is ``Π c_i^{e_i} = (1 + n·Σ e_i m_i) · (Π r_i^{e_i})^n``.

    Why values are sound: under a verified modulus ``c_i = (1+n)^{m'_i} · s_i^n`` for one ``m'_i`` mod ``n``, so
    passing takes ``Σ e_i (m'_i - m_i) = 0 (mod n)``. If some ``m'_i`` differs from ``m_i``, it differs modulo some
    prime factor ``P`` of ``n``, and for random ``e_i`` the sum is then 0 mod ``P`` with probability at most ``1/P +
    2^-128``. Factors of honest keys have half of ``n``'s bits. A holder who made ``n`` with a small ``P`` (a
    `ModulusProof` allows any above 65537) gains ``1/P`` only for values wrong by a multiple of ``n/P``, far outside
    any bound that a job declares; check values against that bound. The randomness is proven only up to factors of
    small order; nothing depends on it.

    Raises:
        InvalidCiphertext: A number is no ciphertext under this key (the index is named).
        ProtocolViolation: An opening does not fit; the index of the first one is named.
    """
    ciphertexts = public_key.check_ciphertexts(ciphertext for ciphertext, _ in pairs)
    openings = [opening for _, opening in pairs]
    if not _all_open(public_key, ciphertexts, openings):
        for index, (ciphertext, opening) in enumerate(zip(ciphertexts, openings, strict=True)):
            if not _opens(public_key, ciphertext, opening):
                raise _wrong_opening(index)


def _opens(public_key: PublicKey, ciphertext: mpz, opening: Opening) -> bool:
    n, n_squared = public_key.n, public_key.n_squared
    if not _is_in_range(public_key, opening):
        return False
    return bool((1 + n * opening.value) * gmpy2.powmod(opening.randomness, n, n_squared) % n_squared == ciphertext)


def _all_open(public_key: PublicKey, ciphertexts: Sequence[mpz], openings: Sequence[Opening]) -> bool:
    n, n_squared = public_key.n, public_key.n_squared
    if not all(_is_in_range(public_key, opening) for opening in openings):
        return False
    exponents = [secrets.randbits(_BATCH_EXPONENT_BITS) for _ in openings]
    (product,) = multi_exponentiation(ciphertexts, [exponents], n_squared)
    (randomness,) = multi_exponentiation([mpz(opening.randomness) for opening in openings], [exponents], n)
    value = sum(exponent * opening.value for exponent, opening in zip(exponents, openings, strict=True))
    return bool((1 + n * value) * gmpy2.powmod(randomness, n, n_squared) % n_squared == product)


def _is_in_range(public_key: PublicKey, opening: Opening) -> bool:
    return abs(opening.value) <= public_key.max_plaintext and _is_unit(mpz(opening.randomness), public_key.n)


def _is_unit(number: mpz, n: mpz) -> bool:
    return bool(0 < number < n and gmpy2.gcd(number, n) == 1)


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


def _wrong_opening(index: int) -> ProtocolViolation:
    return ProtocolViolation(
        f"opening {index} does not fit its ciphertext: the key holder published a wrong decryption",
        field=f"openings[{index}]",
        index=index,
    )
