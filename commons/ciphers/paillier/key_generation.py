"""New Paillier keys, with primes as the Damgård-Jurik-Nielsen variant asks for them.

Both primes are 3 mod 4 and ``gcd(p-1, q-1) = 2``. Besides, ``(p-1)/2`` and ``(q-1)/2`` have no prime factor below
`SIEVE_LIMIT`, so that a randomly drawn base has full order (up to such large factors) but for a negligible chance. A
sieve leaves under one candidate in a hundred for the primality test.

References:
    I. Damgård, M. Jurik, J. B. Nielsen, *A Generalization of Paillier's Public-Key System with Applications to
        Electronic Voting*, International Journal of Information Security 9 (2010).
    NIST FIPS 186-5, appendix A.1 (distance of the primes).
"""

from __future__ import annotations

import functools
import math
import secrets

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from commons.ciphers.paillier.key_policy import DEFAULT_KEY_BITS, STANDARD_KEYS, KeyPolicy
from commons.ciphers.paillier.secret_key import SecretKey
from commons.errors import InvalidInput, KeyTooSmall

SIEVE_LIMIT = 1 << 16
_SMALLEST_BITS = 128
_CANDIDATES = 1 << 16
_PRIME_DISTANCE_BITS = 100


def generate_keypair(bits: int = DEFAULT_KEY_BITS, *, policy: KeyPolicy = STANDARD_KEYS) -> SecretKey:
    """Return a new key whose modulus has exactly `bits` bits, drawn from the operating system's randomness.

    Args:
        bits: Even, at least as many as the policy asks for. 3072 bits (the default) are held to give 128 bits of security.
        policy: How many bits the key must have at least.

    Raises:
        KeyTooSmall: Fewer bits than allowed.
        InvalidInput: An odd number of bits.
    """
    minimum = max(policy.minimum_bits, _SMALLEST_BITS)
    if bits < minimum:
        raise KeyTooSmall(
            f"field 'bits': {bits} bits asked for, at least {minimum} are required", field="bits", minimum_bits=minimum
        )
    if bits % 2:
        raise InvalidInput(f"field 'bits': expected an even number of bits, got {bits}", field="bits")
    while True:
        p, q = random_prime(bits // 2), random_prime(bits // 2)
        far_apart = abs(p - q).bit_length() > bits // 2 - _PRIME_DISTANCE_BITS
        if p != q and far_apart and gmpy2.gcd(p - 1, q - 1) == 2:
            return SecretKey(p, q, policy=policy)


def random_prime(bits: int) -> mpz:
    """Return a random prime of `bits` bits that is 3 mod 4, its two top bits set, ``(p-1)/2`` without small factors.

    The first such prime after a random start (incremental search; Brandt and Damgård, CRYPTO 1992). Two
    top bits make the product of two such primes have exactly twice the bits.
    """
    while True:
        start = mpz(secrets.randbits(bits) | 3 << (bits - 2) | 3)
        for offset in np.flatnonzero(_sieve(start)).tolist():
            candidate = start + 4 * offset
            if candidate.bit_length() == bits and gmpy2.is_prime(candidate):
                return candidate


def _sieve(start: mpz) -> NDArray[np.bool_]:
    """Mark the candidates ``start + 4k`` where neither the candidate nor half of it minus 1 has a small odd factor."""
    survivors = np.ones(_CANDIDATES, dtype=np.bool_)
    for prime, quarter in _odd_primes_with_quarter():
        # start + 4k = r (mod prime)  <=>  k = (r - start) / 4
        residue = int(start % prime)
        survivors[-residue * quarter % prime :: prime] = False
        survivors[(1 - residue) * quarter % prime :: prime] = False
    return survivors


@functools.cache
def _odd_primes_with_quarter() -> tuple[tuple[int, int], ...]:
    is_prime = np.ones(SIEVE_LIMIT, dtype=np.bool_)
    is_prime[:2] = False
    for number in range(2, math.isqrt(SIEVE_LIMIT) + 1):
        is_prime[number * number :: number] = False
    return tuple((prime, pow(4, -1, prime)) for prime in np.flatnonzero(is_prime).tolist() if prime > 2)
