"""What a ciphertext decrypts to, shown to everybody: value ``m`` and randomness ``r`` with ``c = (1+n)^m · r^n mod n²``.

Under a modulus whose proof was verified (`commons.ciphers.paillier.proofs`) there is one such ``m``.

References:
    M. Bellare, J. A. Garay, T. Rabin, *Fast Batch Verification for Modular Exponentiation and Digital Signatures*,
        EUROCRYPT 1998.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import gmpy2
from gmpy2 import mpz

from commons.ciphers.paillier.multi_exponentiation import multi_exponentiation
from commons.ciphers.paillier.public_key import PublicKey
from commons.errors import ProtocolViolation

_BATCH_EXPONENT_BITS = 128


@dataclass(frozen=True)
class Opening:
    """What a ciphertext decrypts to, with the randomness that proves it.

    Attributes:
        value: The plaintext, signed, in ``[-(n-1)/2, (n-1)/2]``.
        randomness: ``(c mod n)^(1/n mod λ) mod n``, in ``[1, n)``.
    """

    value: int
    randomness: int


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
    small order; nothing depends on it, and a sign that is wrong modulo one prime is found by the Jacobi symbol.

    Raises:
        InvalidCiphertext: A number is no ciphertext under this key (the index is named).
        ProtocolViolation: An opening does not fit; the index of the first one is named.
    """
    ciphertexts = public_key.check_ciphertexts(ciphertext for ciphertext, _ in pairs)
    openings = [opening for _, opening in pairs]
    if not all_open(public_key, ciphertexts, openings):
        for index, (ciphertext, opening) in enumerate(zip(ciphertexts, openings, strict=True)):
            if not _opens(public_key, ciphertext, opening):
                raise _wrong_opening(index)


def all_open(public_key: PublicKey, ciphertexts: Sequence[mpz], openings: Sequence[Opening]) -> bool:
    """Whether every opening fits its ciphertext, as `verify_openings` checks it; the ciphertexts are trusted to be some."""
    n, n_squared = public_key.n, public_key.n_squared
    if len(openings) == 1:
        return _opens(public_key, ciphertexts[0], openings[0])
    if not all(_is_in_range(public_key, opening) for opening in openings):
        return False
    # n is odd, so that r^n, and with it c, has the symbol of r.
    if any(gmpy2.jacobi(c, n) != gmpy2.jacobi(o.randomness, n) for c, o in zip(ciphertexts, openings, strict=True)):
        return False
    exponents = [secrets.randbits(_BATCH_EXPONENT_BITS) for _ in openings]
    (product,) = multi_exponentiation(ciphertexts, [exponents], n_squared)
    (randomness,) = multi_exponentiation([mpz(opening.randomness) for opening in openings], [exponents], n)
    value = sum(exponent * opening.value for exponent, opening in zip(exponents, openings, strict=True))
    return bool((1 + n * value) * gmpy2.powmod(randomness, n, n_squared) % n_squared == product)


def _opens(public_key: PublicKey, ciphertext: mpz, opening: Opening) -> bool:
    n, n_squared = public_key.n, public_key.n_squared
    if not _is_in_range(public_key, opening):
        return False
    return bool((1 + n * opening.value) * gmpy2.powmod(opening.randomness, n, n_squared) % n_squared == ciphertext)


def _is_in_range(public_key: PublicKey, opening: Opening) -> bool:
    n = public_key.n
    within = abs(opening.value) <= public_key.max_plaintext and 0 < opening.randomness < n
    return within and gmpy2.gcd(opening.randomness, n) == 1


def _wrong_opening(index: int) -> ProtocolViolation:
    return ProtocolViolation(
        f"opening {index} does not fit its ciphertext: the key holder published a wrong decryption",
        field=f"openings[{index}]",
        index=index,
    )
