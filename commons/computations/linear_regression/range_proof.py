"""Proof that encrypted integers are small as integers, and not only as residues modulo n.

A linear combination with large challenges cannot show that: a·2^-t and a/3 modulo n are of the size of n, and yet a multiple
of each is small. Challenges 0 and 1 can, because two of them differ by ±1 (the random projections of lattice proofs).
The prover, who holds the key, shows for x_1 … x_J with |x_j| < 2^B that no |x_j| reaches 2^(`proven_bits`):

1. it encrypts blinding integers z_k, k < 80, uniform below 2^W with W = B + ⌈log₂ J⌉ + 80;
2. bits b_kj are derived by SHAKE-256 from the context, [x] and [z]; it publishes v_k = Σ_j b_kj·x_j + z_k;
3. numbers e_lk of 16 bits, l < 5, are derived from all that; it publishes the randomness of each [Σ_k e_lk·v_k].

The verifier recomputes those five ciphertexts, checks that they encrypt what the v_k give, and that all |v_k| < 2^(W + 1).

Hiding: each v_k is statistically (2^-80) independent of x. Soundness: if |x_j| ≥ 2^(W + 2), then whatever the other bits
are, at most one value of b_kj brings v_k into the window, so all 80 are in with a chance of 2^-80. A v_k that is false
modulo a prime factor P of n passes with 2^-16 + 1/P for each of the five, and a verified modulus has no P under 2^16: 2^-75
in all. Trying again costs a prover a new hash of everything, so that is no chance within the time that a refresh has.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from commons.ciphers.paillier import (
    EncryptedVector,
    KeyHolderRandomizer,
    Opening,
    SecretKey,
    affine_map,
    verify_opening,
)
from commons.errors import ProtocolViolation

REPETITIONS = 80
HIDING_BITS = 80
_OPENINGS = 5
_EXPONENT_BYTES = 2

ParallelMap = Callable[..., Iterable[Any]]
"""What `map` does, possibly on several cores."""


@dataclass(frozen=True)
class RangeProof:
    """The encrypted blinding integers, the blinded sums v_k, and the randomness of their five combinations."""

    blindings: EncryptedVector
    values: tuple[int, ...]
    randomness: tuple[int, ...]


def proven_bits(bound_bits: int, count: int) -> int:
    """What a proof for values below 2^bound_bits shows: all are below 2^(this)."""
    return _window_bits(bound_bits, count) + 2


def prove_range(
    secret_key: SecretKey,
    randomizer: KeyHolderRandomizer,
    vector: EncryptedVector,
    values: Sequence[int],
    *,
    bound_bits: int,
    context: bytes,
    parallel_map: ParallelMap = map,
) -> RangeProof:
    """The key holder's side.

    Args:
        secret_key: the buyer's key.
        randomizer: for fresh encryptions.
        vector: J ciphertexts.
        values: what they hold, each |x_j| < 2^bound_bits.
        bound_bits: B.
        context: what binds the proof to its place.
        parallel_map: like `map`; may use several cores for the powers with the secret key.

    Raises:
        ComputationFault: a ciphertext or an opening was computed wrongly; the proof would have given the key away.
    """
    window = _window_bits(bound_bits, len(vector))
    blinding_values = [secrets.randbits(window) for _ in range(REPETITIONS)]
    blindings = EncryptedVector.encrypt(randomizer, blinding_values, fractional_bits=vector.fractional_bits)
    transcript = _transcript(vector, blindings, context)
    columns = _bits(transcript, len(vector))
    sums = tuple(
        z + sum(value for value, column in zip(values, columns, strict=True) if column >> k & 1)
        for k, z in enumerate(blinding_values)
    )
    exponents = _exponents(transcript, sums)
    combined = _combinations(vector, blindings, columns, exponents)
    openings = secret_key.open_all(
        combined.ciphertexts, expected=_combined_values(exponents, sums), parallel_map=parallel_map
    )
    return RangeProof(blindings, sums, tuple(opening.randomness for opening in openings))


def verify_range(
    vector: EncryptedVector,
    proof: RangeProof,
    *,
    bound_bits: int,
    context: bytes,
    parallel_map: ParallelMap = map,
) -> None:
    """The verifier's side.

    Raises:
        ProtocolViolation: a sum out of its window, a wrong number of them, or one that the ciphertexts do not hold.
        HeadroomExceeded: the key has no room for the proof.
    """
    key, window = vector.public_key, _window_bits(bound_bits, len(vector))
    # Nothing that a true statement gives may reach half of the modulus.
    key.check_headroom(REPETITIONS << (window + 1 + 8 * _EXPONENT_BYTES), "range proof")
    counts = (len(proof.blindings), len(proof.values), len(proof.randomness))
    if counts != (REPETITIONS, REPETITIONS, _OPENINGS):
        raise ProtocolViolation(f"range proof: expected {REPETITIONS} blinded sums and {_OPENINGS} openings")
    if any(abs(value) >> (window + 1) for value in proof.values):
        raise ProtocolViolation("range proof: a value is larger than what the specification allows")
    transcript = _transcript(vector, proof.blindings, context)
    exponents = _exponents(transcript, proof.values)
    combined = _combinations(vector, proof.blindings, _bits(transcript, len(vector)), exponents)
    sums = _combined_values(exponents, proof.values)
    openings = [Opening(value, randomness) for value, randomness in zip(sums, proof.randomness, strict=True)]
    for _ in parallel_map(verify_opening, [key] * _OPENINGS, combined.ciphertexts, openings):
        pass


def _window_bits(bound_bits: int, count: int) -> int:
    return bound_bits + count.bit_length() + HIDING_BITS


def _transcript(vector: EncryptedVector, blindings: EncryptedVector, context: bytes) -> bytes:
    head = b"DeltaML range proof v1" + len(context).to_bytes(4, "big") + context
    return head + vector.public_key.digest() + vector.digest() + blindings.digest()


def _bits(transcript: bytes, count: int) -> list[int]:
    """For each value one integer, whose k-th bit is b_kj."""
    width = REPETITIONS // 8
    stream = hashlib.shake_256(b"bits" + transcript).digest(width * count)
    return [int.from_bytes(stream[at : at + width], "big") for at in range(0, len(stream), width)]


def _exponents(transcript: bytes, values: Sequence[int]) -> list[list[int]]:
    """Five rows of e_lk."""
    listed = b",".join(b"%x" % value for value in values)
    width = REPETITIONS * _EXPONENT_BYTES
    stream = hashlib.shake_256(b"exponents" + transcript + listed).digest(width * _OPENINGS)
    rows = [stream[at : at + width] for at in range(0, len(stream), width)]
    return [
        [int.from_bytes(row[at : at + _EXPONENT_BYTES], "big") for at in range(0, width, _EXPONENT_BYTES)]
        for row in rows
    ]


def _combined_values(exponents: Sequence[Sequence[int]], values: Sequence[int]) -> list[int]:
    """Σ_k e_lk·v_k for each l."""
    return [sum(e * v for e, v in zip(row, values, strict=True)) for row in exponents]


def _combinations(
    vector: EncryptedVector, blindings: EncryptedVector, columns: Sequence[int], exponents: Sequence[Sequence[int]]
) -> EncryptedVector:
    """[Σ_k e_lk·(Σ_j b_kj·x_j + z_k)] for each l; the bounds are formal, because a false statement may be any size."""
    on_values = [[sum(e for k, e in enumerate(row) if column >> k & 1) for column in columns] for row in exponents]
    joined = vector.concatenate(blindings).unsafe_with_bound(1)
    matrix = [[*first, *row] for first, row in zip(on_values, exponents, strict=True)]
    return affine_map(matrix, joined, None, matrix_fractional_bits=0, unsafe_bound=1)
